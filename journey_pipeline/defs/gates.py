"""The gate: blocking checks at raw, events and marts, and the rule that nothing is built on anything less than green.

Holds the Python laws and the two doors of Great Expectations; dbt's own tests become checks in `warehouse`. Add a
law as one function that returns the number of offending rows and names them. Must not be here: rules about one
row of one table (dbt tests, contracts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

from journey_pipeline import door_frames, expectations, ingest, laws, verdicts
from journey_pipeline.defs.resources import WEEKS, WRITER_POOL, Home, contracts
from journey_pipeline.flow import left_of

DOOR = "great_expectations_door"
CONTRACT = "contract_kept"


def require_left(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    connection: duckdb.DuckDBPyConnection,
    word: str,
) -> list[verdicts.Verdict]:
    """Refuse unless every asset and blocking check of the words to the left is green for this candidate."""
    graph = context.repository_def.asset_graph
    words = left_of(word)
    expected = [
        (key.name, key.asset_key.to_user_string())
        for key in graph.asset_check_keys
        if key.asset_key.path[0] in words
    ]
    expected += [
        (verdicts.BUILT, key.to_user_string()) for key in graph.materializable_asset_keys if key.path[0] in words
    ]
    try:
        return verdicts.require_green(connection, expected, words)
    except verdicts.NotGreen as refusal:
        raise dg.Failure(str(refusal), allow_retries=False) from None


def _results(
    connection: duckdb.DuckDBPyConnection, found: Iterable[verdicts.Verdict]
) -> Iterator[dg.AssetCheckResult]:
    for verdict in found:
        verdicts.record(connection, [verdict])
        yield dg.AssetCheckResult(
            asset_key=dg.AssetKey(verdict.asset.split("/")),
            check_name=verdict.gate,
            passed=verdict.passed,
            metadata={"failing_rows": verdict.failing_rows, "rows": verdict.description},
        )


def _spec(gate: str, asset: str, description: str, *needs: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        gate,
        asset=dg.AssetKey(asset.split("/")),
        description=description,
        blocking=True,
        additional_deps=[dg.AssetKey(other.split("/")) for other in needs],
        partitions_def=WEEKS,
    )


@dg.multi_asset_check(
    name="raw_gate",
    specs=[
        _spec(gate, f"raw/{contract}", description, "raw/source_files", "raw/run_parameters", "raw/quarantine")
        for contract in contracts()
        for gate, description in (
            (CONTRACT, "No file of this object in the inbox is held back by its contract."),
            (DOOR, "Every record is accounted for, required values are there, keys are unique."),
        )
    ]
    + [
        _spec(
            "files_known", "raw/source_files", "Every file in the inbox belongs to a contract.", "raw/run_parameters"
        )
    ],
    pool=WRITER_POOL,
)
def raw_gate(
    context: dg.AssetCheckExecutionContext, home: Home, warehouse: DuckDBResource
) -> Iterator[dg.AssetCheckResult]:
    faults = ingest.open_faults(home.lake)
    with warehouse.get_connection() as connection:
        found = [_held(CONTRACT, f"raw/{name}", [f for f in faults if f.contract == name]) for name in contracts()]
        found.append(_held("files_known", "raw/source_files", [f for f in faults if not f.contract]))
        frame = door_frames.raw(connection, contracts())
        found += _door("raw", expectations.judge(expectations.RAW_DOOR, frame))
        yield from _results(connection, found)


def _held(gate: str, asset: str, faults: list[ingest.Fault]) -> verdicts.Verdict:
    return verdicts.Verdict(gate, asset, not faults, len(faults), "\n".join(str(fault) for fault in faults))


def _door(word: str, findings: list[expectations.Finding]) -> list[verdicts.Verdict]:
    by_table: dict[str, list[expectations.Finding]] = {}
    for finding in findings:
        by_table.setdefault(finding.table, []).append(finding)
    return [
        verdicts.Verdict(
            DOOR,
            f"{word}/{table}",
            all(f.passed for f in rules),
            sum(f.failing for f in rules if not f.passed),
            "; ".join(f"{f.failing}: {f.meaning}" for f in rules if not f.passed),
        )
        for table, rules in by_table.items()
    ]


def _laws_gate(
    word: str, registry: dict[tuple[str, str], Callable[[duckdb.DuckDBPyConnection], laws.Outcome]], doors: list[str]
) -> dg.AssetChecksDefinition:
    """A word's Python laws, and the door where it has one, as one blocking step."""

    @dg.multi_asset_check(
        name=f"{word}_gate",
        specs=[
            _spec(gate, asset, (law.__doc__ or "").splitlines()[0], *laws.reads(law))
            for (gate, asset), law in registry.items()
        ]
        + [_spec(DOOR, f"{word}/{table}", "Keys, shares and intervals of the shipped table.") for table in doors],
        pool=WRITER_POOL,
    )
    def _gate(context: dg.AssetCheckExecutionContext, warehouse: DuckDBResource) -> Iterator[dg.AssetCheckResult]:
        with warehouse.get_connection() as connection:
            found = []
            for (gate, asset), law in registry.items():
                outcome = law(connection)
                found.append(
                    verdicts.Verdict(gate, asset, not outcome.failing, outcome.failing, outcome.description)
                )
            if doors:
                frame = door_frames.marts(connection)
                found += _door(word, expectations.judge(expectations.MARTS_DOOR, frame))
            yield from _results(connection, found)

    return _gate


events_gate = _laws_gate("events", laws.EVENTS, [])
marts_gate = _laws_gate("marts", laws.MARTS, list(door_frames.MART_KEYS))

