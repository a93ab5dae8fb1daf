"""The gate: blocking checks of raw, events, measures and marts; nothing is built on anything less than green.

Holds the Python laws and the two doors of Great Expectations; dbt's own tests become checks in `warehouse`. Add a
law as one function that returns the number of offending rows and names them. Must not be here: rules about one
row of one table (dbt tests, contracts).
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import dagster as dg
import duckdb

from journey_pipeline import door_frames, expectations, ingest, laws, laws_of_volume, release, verdicts
from journey_pipeline.defs.resources import WRITER_POOL, Home, Warehouse, as_of, contracts
from journey_pipeline.fault_points import point
from journey_pipeline.flow import left_of

DOOR = "great_expectations_door"
LEDGER = "raw/source_files"
CONTRACT = "contract_kept"
DOUBT = "files_without_warnings"


@cache
def _all_gates() -> list[tuple[str, str]]:
    """Every (gate, asset) of the whole graph: its blocking checks, and that each asset was built."""
    from journey_pipeline.definitions import defs  # the graph knows its gates once it stands

    graph = defs.resolve_asset_graph()
    blocking = [key for key in graph.asset_check_keys if graph.get_check_spec(key).blocking]
    checks = [(key.name, key.asset_key.to_user_string()) for key in blocking]
    return checks + [(verdicts.BUILT, key.to_user_string()) for key in graph.materializable_asset_keys]


def expected_gates(word: str) -> list[tuple[str, str]]:
    """Every (gate, asset) that must have passed before `word` may be built."""
    words = left_of(word)
    return [gate for gate in _all_gates() if gate[1].split("/", 1)[0] in words]


def require_left(
    context: dg.AssetExecutionContext, connection: duckdb.DuckDBPyConnection, word: str
) -> list[verdicts.Verdict]:
    """Refuse unless every asset and blocking check of the words to the left is green for this candidate.

    Refuses as well when the warehouse holds another week than the partition asked for: it holds one at a time.
    """
    try:
        held = verdicts.as_of(connection)
        if held != as_of(context.partition_key):
            raise verdicts.NotGreen(
                f"refused: the warehouse holds the candidate as of {held} UTC, not the week of {context.partition_key}"
                "\nmaterialise raw for this partition first"
            )
        if not context.resources.warehouse.is_gated:
            return []
        return verdicts.require_green(connection, expected_gates(word), left_of(word))
    except verdicts.NotGreen as refusal:
        raise dg.Failure(str(refusal), allow_retries=False) from None


def _results(connection: duckdb.DuckDBPyConnection, found: Iterable[verdicts.Verdict]) -> Iterator[dg.AssetCheckResult]:
    all_of_them = list(found)
    point("gate_judged")
    verdicts.record(connection, all_of_them)
    point("gate_recorded")
    yield from map(check_result, all_of_them)


def check_result(verdict: verdicts.Verdict) -> dg.AssetCheckResult:
    """A verdict as Dagster shows it: how many rows fail, and which where there are any."""
    metadata: dict[str, int | str] = {"failing_rows": verdict.failing_rows}
    if verdict.description:
        metadata["rows"] = verdict.description
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(verdict.asset.split("/")),
        check_name=verdict.gate,
        passed=verdict.passed and not verdict.is_warning,
        severity=dg.AssetCheckSeverity.WARN if verdict.is_warning else dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
    )


def _spec(gate: str, asset: str, description: str, *needs: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        gate,
        asset=dg.AssetKey(asset.split("/")),
        description=description,
        blocking=True,
        additional_deps=[dg.AssetKey(other.split("/")) for other in needs],
    )


@dg.multi_asset_check(
    name="raw_gate",
    # All on the ledger, which every staging model builds on: one file held back stops every word to the right.
    specs=[
        _spec(f"{gate}__{contract}", LEDGER, description, "raw/run_parameters", "raw/quarantine")
        for contract in contracts()
        for gate, description in (
            (CONTRACT, f"No file of {contract} in the inbox is held back by its contract."),
            (
                DOOR,
                f"Every record of {contract} is accounted for, required values are there, keys are unique.",
            ),
        )
    ]
    + [
        _spec("files_known", LEDGER, "Every file in the inbox belongs to a contract."),
        _spec(
            DOUBT, LEDGER, "No file that counts has another total than its rows, or looks as if a column was renamed."
        ),
    ],
    pool=WRITER_POOL,
)
def raw_gate(home: Home, warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """What the inbox holds back, and the door of what is accepted."""
    # What the inbox holds back today says nothing of an earlier candidate.
    faults = ingest.open_faults(home.lake) if home.lands else []
    with warehouse.get_connection() as connection:
        found = [_held(f"{CONTRACT}__{name}", [f for f in faults if f.contract == name]) for name in contracts()]
        found.append(_held("files_known", [f for f in faults if not f.contract]))
        found.append(_doubted(ingest.doubtful_files(connection)))
        frame = door_frames.raw(connection, contracts())
        for verdict in _door("raw", expectations.judge(expectations.RAW_DOOR, frame)):
            contract = verdict.asset.split("/")[1]
            found.append(dataclasses.replace(verdict, gate=f"{DOOR}__{contract}", asset=LEDGER))
        yield from _results(connection, found)


def _held(gate: str, faults: list[ingest.Fault]) -> verdicts.Verdict:
    return verdicts.Verdict(gate, LEDGER, not faults, len(faults), "\n".join(str(fault) for fault in faults))


def _doubted(files: list[tuple[str, list[str]]]) -> verdicts.Verdict:
    """Only a warning: the file keeps to its contract."""
    told = [f"{ingest.safe_path(path)}: {'; '.join(doubts)}" for path, doubts in files]
    return verdicts.Verdict(DOUBT, LEDGER, True, len(files), "\n".join(told))


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


def _remember_release(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Lay what the release before said of its weeks beside the candidate, unless it is of a later week."""
    served = home.release_before
    if served is None or served.as_of.replace(tzinfo=None) > verdicts.as_of(connection):
        laws_of_volume.remember_release(connection, None, (), None)
        return
    tables = release.read_manifest(home.settings.home, served.release_id)["tables"]
    weekly = [table for table, told in tables.items() if "week" in {column["name"] for column in told["columns"]}]
    laws_of_volume.remember_release(connection, served.folder / "tables", weekly, served.as_of.replace(tzinfo=None))


def _laws_gate(
    word: str,
    registry: dict[tuple[str, str], Callable[[duckdb.DuckDBPyConnection], laws.Outcome]],
    doors: list[str],
) -> dg.AssetChecksDefinition:
    """A word's Python laws, and the door where it has one, as one blocking step."""

    @dg.multi_asset_check(
        name=f"{word}_gate",
        specs=[_spec(gate, asset, (law.__doc__ or "").splitlines()[0]) for (gate, asset), law in registry.items()]
        + [_spec(DOOR, f"{word}/{table}", "Keys, shares and intervals of the shipped table.") for table in doors],
        pool=WRITER_POOL,
    )
    def _gate(home: Home, warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
        with warehouse.get_connection() as connection:
            if word == "marts":
                _remember_release(connection, home)
            found = []
            for (gate, asset), law in registry.items():
                outcome = law(connection)
                passed = not (outcome.failing and outcome.refuses)
                found.append(verdicts.Verdict(gate, asset, passed, outcome.failing, outcome.description))
            if doors:
                frame = door_frames.marts(connection)
                found += _door(word, expectations.judge(expectations.MARTS_DOOR, frame))
            yield from _results(connection, found)

    return _gate


events_gate = _laws_gate("events", laws.EVENTS, [])
measures_gate = _laws_gate("measures", laws.MEASURES, [])
marts_gate = _laws_gate("marts", laws.MARTS, list(door_frames.MART_KEYS))
