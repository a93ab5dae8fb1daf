"""Sentences of dbt tests: their own words first, else what their name and arguments say."""

from __future__ import annotations

from typing import Any

import pytest

from journey_pipeline.dbt_demands import demand


def generic(name: str, **given: Any) -> dict[str, Any]:
    return {"name": "long_name", "description": "", "test_metadata": {"name": name, "kwargs": given}}


def law(sql: str, description: str = "") -> dict[str, Any]:
    return {"name": "assert_law", "description": description, "test_metadata": None, "raw_code": sql}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (generic("never_null", columns=["a", "b"]), "Never empty: a, b."),
        (generic("not_null", column_name="a"), "Never empty: a."),
        (generic("unique", column_name="a || b"), "No two rows have the same a || b."),
        (generic("accepted_values", column_name="a", values=["x", 2]), "Where a is given, it is one of: x, 2."),
        (
            generic("relationships", column_name="a", to="ref('lookup')", field="key"),
            "Where a is given, it is a key of lookup.",
        ),
        (generic("recent", column_name="a"), "No row breaks the dbt test recent on a."),
        (generic("recent"), "No row breaks the dbt test recent on the table."),
        (law("{{ config(x=1) }}\n-- One thing: is\n-- never two.\nselect 1 -- not this"), "One thing: is never two."),
        (law("-- Said in SQL.\nselect 1", "Said in the project."), "Said in the project."),
        (law("select 1"), "assert_law returns no row."),
    ],
)
def test_a_demand_is_one_sentence(test: dict[str, Any], expected: str) -> None:
    assert demand(test) == expected
