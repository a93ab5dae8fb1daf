"""A warehouse that holds one scenario market, and the project's own SQL run on it.

Holds the tables a market puts in the place of what events and identity would have built, and the compiled models from
there on. Add a table here when a model of attribution reads something new. Must not be here: a score, SQL of its own.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from journey_pipeline.dbt_sources import write_generated_files
from journey_pipeline.settings import DBT_PROJECT
from journey_pipeline.world.scenarios import START, Market

SCHEMAS = ("raw", "seeds", "events", "identity", "journeys", "marts", "measures")
THREADS = 2
# A path counts as lost after its silent days: the clock stands that long after the market has closed.
SILENT_DAYS = 31
# What a market knows is no personal data, so that any key will do.
_ENVIRONMENT = {"JOURNEY_PSEUDONYM_KEY": "scenario markets name nobody"}


@dataclass(frozen=True)
class Step:
    """One relation to build: a model's compiled SQL, or a seed's file."""

    relation: str
    sql: str
    is_view: bool


def compiled(targets: Sequence[str], given: Mapping[str, Any]) -> list[Step]:
    """What must be built for `targets` (names of models), in order, when the relations `given` are there.

    Raises RuntimeError when dbt refuses, and when a target needs a source that is not given.
    """
    write_generated_files()
    with tempfile.TemporaryDirectory(prefix="journey-truth-") as folder:
        parsed = _dbt(folder, ["parse"])
        nodes = json.loads(Path(folder, "target", "manifest.json").read_text())["nodes"]
        order = needed(nodes, targets, given)
        chosen = [nodes[key]["name"] for key in order if key.startswith("model.")]
        result = _dbt(folder, ["compile", "--select", *chosen], parsed)
        code = {one.node.unique_id: one.node.compiled_code for one in result}
    return [_seed(nodes[key]) if key.startswith("seed.") else _model(nodes[key], code[key]) for key in order]


def needed(nodes: Mapping[str, Any], targets: Sequence[str], given: Mapping[str, Any]) -> list[str]:
    """Ids of the nodes above the targets and below what is given, each after those it reads."""
    found: dict[str, None] = {}

    def visit(key: str) -> None:
        *_, schema, name = key.split(".")
        relation = f"{schema}.{name}" if key.startswith("source.") else _relation(nodes[key])
        if relation in given or key in found:
            return
        if key.startswith("source."):
            raise RuntimeError(
                f"the models of attribution read {relation}, which a market does not hold: give it there"
            )
        for parent in nodes[key]["depends_on"].get("nodes", ()):  # a seed reads nothing
            visit(parent)
        found[key] = None

    for key in sorted(key for key in nodes if key.startswith("model.") and nodes[key]["name"] in targets):
        visit(key)
    return list(found)


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node['alias']}"


def _model(node: Mapping[str, Any], code: str) -> Step:
    return Step(_relation(node), code, node["config"]["materialized"] == "view")


def _seed(node: Mapping[str, Any]) -> Step:
    """A seed as a query of its file, with the types it declares."""
    path = DBT_PROJECT / node["original_file_path"]
    types = {name: str(kind) for name, kind in node["config"]["column_types"].items()}
    columns = pd.read_csv(path, nrows=0).columns
    casts = ", ".join(f'cast("{c}" as {types[c]}) as "{c}"' if c in types else f'"{c}"' for c in columns)
    # All text first: a seed without a row would otherwise guess its types from nothing.
    return Step(_relation(node), f"select {casts} from read_csv('{path}', header = true, all_varchar = true)", False)


def _dbt(folder: str, arguments: list[str], manifest: Any = None) -> Any:
    """Run dbt on the project without a warehouse behind it; returns the manifest of a parse, the results else."""
    from dbt.cli.main import dbtRunner

    given = {**_ENVIRONMENT, "JOURNEY_WAREHOUSE": str(Path(folder, "warehouse.duckdb"))}
    before = {name: os.environ.get(name) for name in given}
    os.environ |= given
    try:
        paths = [f"--project-dir={DBT_PROJECT}", f"--profiles-dir={DBT_PROJECT}", f"--target-path={folder}/target"]
        result = dbtRunner(manifest=manifest).invoke([*arguments, *paths, "--log-level=none", "--log-level-file=none"])
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    if not result.success:
        raise RuntimeError(f"dbt {arguments[0]} failed: {result.exception or 'see dbt compile in dbt_project'}")
    return result.result if arguments[0] == "parse" else result.result.results


def tables_of(market: Market) -> dict[str, pd.DataFrame]:
    """The relations a market puts in the place of the models that read the lake, by `schema.name`.

    All conversions lie in one week: what is judged is a model on a whole market.
    """
    touches = market.touches.assign(
        session_number=market.touches["touchpoint_id"], touch_number=1, exclusion=pd.Series(dtype="str")
    )
    conversions = market.conversions.assign(
        conversion_type="order", based_on="order", week=START.date(), is_counted=True
    ).sort_values(["customer_id", "occurred_at", "conversion_id"])
    conversions["earlier_conversions"] = conversions.groupby("customer_id").cumcount()
    ends_at = START + pd.Timedelta(days=market.days + SILENT_DAYS)
    clock = {"as_of": ends_at, "known_at": ends_at, "time_zone": "UTC", "reporting_currency": "EUR"}
    return {
        "raw.run_parameters": pd.DataFrame([clock | {"candidate_id": "scenario"}]),
        "journeys.touch_candidates": touches,
        "journeys.marketing_touches": touches.drop(columns="exclusion"),
        "journeys.attributed_conversions": conversions.drop(columns="is_counted"),
        "journeys.customer_conversions": conversions.drop(columns=["based_on", "earlier_conversions"]),
        # Nobody's stages are known here: rules that read them fall back as they do for a customer without any.
        "journeys.journeys": pd.DataFrame(
            {"journey_id": pd.Series(dtype="str"), "customer_id": pd.Series(dtype="str")}
        ).assign(consideration_at=pd.Series(dtype="datetime64[us]")),
    }


_TYPES = {
    "value": "decimal(18, 6)",
    "week": "date",
    "campaign": "varchar",
    "exclusion": "varchar",
    "journey_id": "varchar",
    "customer_id": "varchar",
    "earlier_conversions": "bigint",
}


class MarketWarehouse:
    """One market in a DuckDB of its own; `build` runs steps, `ask` reads. Use it as a context."""

    def __init__(self, market: Market) -> None:
        # A file, since compiled models name the warehouse they are in, and one in memory cannot have that name.
        self.folder = tempfile.TemporaryDirectory(prefix="journey-truth-")
        self.connection = duckdb.connect(Path(self.folder.name, "warehouse.duckdb"), config={"threads": THREADS})
        self.connection.execute("set TimeZone = 'UTC'")
        for schema in SCHEMAS:
            self.connection.execute(f"create schema warehouse.{schema}")
        for relation, frame in tables_of(market).items():
            self.put(relation, frame)

    def __enter__(self) -> MarketWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.folder.cleanup()

    def put(self, relation: str, frame: pd.DataFrame) -> None:
        """Create a table from a frame; a column has the type its name has everywhere here."""
        columns = ", ".join(f'cast("{c}" as {_TYPES[c]}) as "{c}"' if c in _TYPES else f'"{c}"' for c in frame.columns)
        self.connection.register("given", frame)
        self.connection.execute(f"create or replace table warehouse.{relation} as select {columns} from given")
        self.connection.unregister("given")

    def build(self, steps: Sequence[Step]) -> None:
        """Create every step's relation, in order."""
        for step in steps:
            kind = "view" if step.is_view else "table"
            self.connection.execute(f"create or replace {kind} warehouse.{step.relation} as {step.sql}")

    def ask(self, sql: str) -> pd.DataFrame:
        """The answer to a query."""
        return self.connection.execute(sql).df()
