"""Conditions people write into a seed, held against the columns they may ask before any SQL is made of them.

Holds: what a condition may be made of, and how a fault is told. Add here: a kind of expression that every engine reads
alike. Must not be here: which columns there are (`segment_rules`, `next_best_actions`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

Refuse = Callable[..., Exception]

_ALLOWED = {"COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "OPERATOR", "BETWEEN"}
_OPERATORS = {"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN"}
_SAYS = "columns, literals, comparisons, and, or, not, between, in and is null"


def told(file: str, line: int, column: str, expected: str, found: str, known: list[str] | None = None) -> str:
    """What is wrong in one cell of a seed, with the nearest of what is known."""
    near = difflib.get_close_matches(found, known or [], n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}" if known else ""
    return f"{file}, line {line}, column {column}: expected {expected}, found {found!r}{hint}"


def check(connection: duckdb.DuckDBPyConnection, predicate: str, known: dict[str, str], refuse: Refuse) -> set[str]:
    """The names a condition asks, after DuckDB's own parser and binder have taken it.

    `known` is SQL type by column; `refuse(expected, found, known)` makes the error that is raised.
    """
    named: set[str] = set()
    tree = _parsed(connection, predicate, refuse)
    for node in _nodes(tree):
        kind = node["class"]
        if kind not in _ALLOWED or (kind == "OPERATOR" and node["type"] not in _OPERATORS):
            raise refuse(_SAYS, f"{kind.lower()} in {predicate}")
        if kind == "COLUMN_REF":
            name = ".".join(node["column_names"])
            if name not in known:
                raise refuse("a known column", name, sorted(known))
            named.add(name)
    for node in _nodes(tree):
        kinds = {_kind(part, known) for part in _compared(node)} - {None}
        if len(kinds) > 1:
            both = " and ".join(sorted(map(str, kinds)))
            raise refuse("two of one kind to be compared", f"{both} in {predicate}")
    typed = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in known.items())
    try:
        found = connection.execute(f"describe select ({predicate}) from (select {typed})").fetchall()[0][1]
    except duckdb.Error as error:
        raise refuse("SQL that binds", str(error).splitlines()[0]) from None
    if found != "BOOLEAN":
        raise refuse("a condition, true or false", f"{found.lower()} of {predicate}")
    return named


def _parsed(connection: duckdb.DuckDBPyConnection, predicate: str, refuse: Refuse) -> Any:
    """The one expression of a rule as a tree; whatever is more than that is refused."""
    if "--" in predicate or "/*" in predicate:
        raise refuse(f"no comment, only {_SAYS}", predicate)
    told = connection.execute("select json_serialize_sql(?)", [f"select ({predicate})"]).fetchall()[0][0]
    tree = json.loads(told)
    if tree["error"]:
        raise refuse("a condition in SQL", f"{predicate} ({tree['error_message']})")
    node = tree["statements"][0]["node"]
    plain = (
        len(tree["statements"]) == 1
        and node["type"] == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not any(node[part] for part in ("where_clause", "group_expressions", "having", "qualify", "modifiers"))
    )
    if not plain:
        raise refuse(f"one condition of {_SAYS}", predicate)
    return node["select_list"][0]


def _compared(node: dict[str, Any]) -> list[dict[str, Any]]:
    """What one node holds against each other."""
    if node["type"] in ("COMPARE_IN", "COMPARE_NOT_IN"):
        return list(node["children"])
    return [node[side] for side in ("left", "right", "input", "lower", "upper") if side in node]


def _kind(node: dict[str, Any], known: dict[str, str]) -> str | None:
    """A number, a text or a truth: SQL would turn one into the other, or fail where a row is read."""
    if node["class"] == "COLUMN_REF":
        kind = known[".".join(node["column_names"])]
        return {"varchar": "text", "boolean": "truth"}.get(kind, "number")
    literals = {"STRING": "text", "BOOLEAN": "truth", "INTEGER": "number", "NUMERIC": "number"}
    return literals.get(node.get("literal", {}).get("kind", ""), None if node["class"] == "CONSTANT" else "truth")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every expression of a tree; what a constant holds is no expression."""
    if isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)
    elif isinstance(tree, dict):
        if "class" in tree:
            yield tree
        if tree.get("class") != "CONSTANT":
            for part in tree.values():
                yield from _nodes(part)
