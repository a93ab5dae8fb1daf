"""Whether a contract's way to the events is laid, read off the text of the dbt project for `journey check` to tell.

Holds the walk from a source object over `source()` and `ref()` to the canonical tables. The graph test asks dbt's own
manifest the same; this answers in milliseconds and says what to write. Must not be here: running dbt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from journey_pipeline.ingest import Contract
from journey_pipeline.settings import DBT_PROJECT

_READS = re.compile(r"(?:ref|rows_from|edges_from|attributes_from)\(\s*'([a-z0-9_]+)'")
# Calls of edges_from with their pairs, and in those what is told as `kind:column`.
_EDGES = re.compile(r"edges_from\(\s*'(\w+)'(.*?)\]\s*\)\s*\}\}", re.DOTALL)
_AS_KIND = re.compile(r"'(\w+):(\w+)'")
_NAMED = re.compile(r"'(stg_[a-z0-9_]+)'")


def missing_steps(contract: Contract, project: Path = DBT_PROJECT) -> list[str]:
    """What is still to be written before the rows of a contract reach every table it says it feeds; empty when laid."""
    models = {path.stem: path for path in (project / "models").rglob("*.sql")}
    texts = {name: path.read_text(encoding="utf-8") for name, path in models.items()}
    source = contract.id.split("__")[0]
    staged = {name for name, text in texts.items() if f"'{contract.id}'" in text and name.startswith("stg_")}
    if not staged:
        path = f"dbt_project/models/staging/{source}/stg_{contract.id}.sql"
        return [
            f"no staging model reads {contract.id}: write {path}, "
            f"beginning with select * from {{{{ source('raw', '{contract.id}') }}}} where _is_current"
        ]
    # A column may be told in several places; it is renamed once.
    readable = dict.fromkeys(
        f"{model} tells {column} as {kind}, and by its name it would stay readable: call it <what it is>_{kind}"
        for text in texts.values()
        for model, pairs in _EDGES.findall(text)
        if model in staged
        for kind, column in _AS_KIND.findall(pairs)
        if not column.endswith(f"_{kind}")
    )
    reached = _downstream(staged, texts)
    return (
        list(readable)
        + _unreadable_spend(contract)
        + [
            f"{contract.id} does not reach events.{table}: add a line to dbt_project/models/events/{table}.sql, "
            f"such as {_line(table, sorted(staged)[0])}"
            for table in contract.canonical
            if table not in reached
        ]
    )


def _downstream(start: set[str], texts: Mapping[str, str]) -> set[str]:
    """Models that read one of `start`, directly or by way of others."""
    readers = {name: set(_READS.findall(text)) | set(_NAMED.findall(text)) for name, text in texts.items()}
    found = set(start)
    while grown := {name for name, read in readers.items() if name not in found and read & found}:
        found |= grown
    return found


def _unreadable_spend(contract: Contract) -> list[str]:
    """What the spend block of a contract says that is no SQL over its columns."""
    if contract.spend is None:
        return []
    columns = ", ".join(f'null::varchar as "{name}"' for name in contract.column_names)
    steps = []
    with duckdb.connect() as connection:
        for word, expression in contract.spend.model_dump(exclude_none=True).items():
            try:
                connection.sql(f"select {expression} from (select {columns})")
            except duckdb.Error as error:
                told = str(error).splitlines()[0]
                steps.append(f"{contract.id}: {word} of its spend block cannot be read, {told}: name a column of it")
    return steps


def _line(table: str, model: str) -> str:
    if table == "identifier_edges":
        return f"{{{{ edges_from('{model}', 'occurred_at', [('email', 'user_id', 'same_record', 'strong')]) }}}}"
    if table == "profile_attributes":
        return f"{{{{ attributes_from('{model}', 'email', 'observed_at', ['country']) }}}}"
    return f"{{{{ rows_from('{model}') }}}}"
