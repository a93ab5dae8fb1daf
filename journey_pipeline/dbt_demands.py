"""What each dbt test demands, in one sentence for whoever sees its check in the Dagster UI.

Add the sentence of a generic test here when the project uses another one. Must not be here: the tests themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def demand(test: Mapping[str, Any]) -> str:
    """The demand of a test node of dbt's manifest.

    Its own description where it has one; for a law in SQL the comment at its head; else a sentence from the generic
    test's name and arguments.
    """
    described = str(test.get("description") or "").strip()
    generic = test.get("test_metadata")
    if described:
        return described
    if generic is None:
        return _head_comment(test["raw_code"]) or f"{test['name']} returns no row."
    given: Mapping[str, Any] = generic["kwargs"]
    columns = ", ".join(given.get("columns") or [given.get("column_name") or "the table"])
    match generic["name"]:
        case "never_null" | "not_null":
            return f"Never empty: {columns}."
        case "unique":
            return f"No two rows have the same {columns}."
        case "accepted_values":
            return f"Where {columns} is given, it is one of: {', '.join(str(value) for value in given['values'])}."
        case "relationships":
            table = re.sub(r"^.*'(\w+)'\)$", r"\1", given["to"])
            return f"Where {columns} is given, it is a {given['field']} of {table}."
        case other:
            return f"No row breaks the dbt test {other} on {columns}."


def _head_comment(sql: str) -> str:
    """The first block of comment lines, which says the law in words; a config line may stand before it."""
    block = re.search(r"^--.*(?:\n--.*)*", sql, re.MULTILINE)
    return " ".join(line.lstrip("- ").rstrip() for line in block[0].splitlines()) if block else ""
