"""The audit before a release: what the gates said of the candidate, read from the candidate itself.

Nobody hands verdicts in: a caller says which gates there are, and the warehouse says what they found. Add a reason
to refuse here. Must not be here: a gate (`defs.gates`, `laws`), how verdicts are stored (`verdicts`).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from journey_pipeline import verdicts
from journey_pipeline.flow import left_of
from journey_pipeline.release.facts import GateResult, ReleaseFacts, ReleaseRefused

Gate = tuple[str, str]  # its name and the asset it guards
# What these find depends on the release before. They stand in the manifest and not in the table `gate_results`, which
# is the same whatever was published before.
OF_THE_RELEASE_BEFORE = ("closed_weeks_stand",)


def audited(warehouse: Path, facts: ReleaseFacts, gates: Collection[Gate]) -> list[GateResult]:
    """The verdicts on the candidate of `facts` in this warehouse, all of them green.

    Args:
        warehouse: the warehouse file; read, never written.
        facts: the candidate the verdicts must speak of, and the tables that are to be released.
        gates: every (gate, asset) of the graph, with `verdicts.BUILT` for each asset that must have been made.

    Raises:
        ReleaseRefused: the list cannot be whole, or a gate failed, never ran, or spoke of another candidate.
    """
    if reasons := _holes(gates, facts):
        raise ReleaseRefused(reasons)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        if _held(connection) != facts.candidate_id:
            raise ReleaseRefused(["the warehouse was built for another candidate than the release is asked for"])
        found = verdicts.of_candidate(connection, facts.candidate_id)
    if reasons := shortfalls(found, gates):
        raise ReleaseRefused(reasons)
    return [
        GateResult(v.gate, v.word, v.asset, v.passed, v.failing_rows, v.description)
        for v in found
        if v.gate != verdicts.BUILT
    ]


def shortfalls(found: Collection[verdicts.Verdict], gates: Collection[Gate]) -> list[str]:
    """One sentence per verdict that is not green, expected or not, and per gate that gave none."""
    absent = {*gates} - {(v.gate, v.asset) for v in found}
    return [
        f"gate {v.gate} on {v.asset} ({v.word}) failed, {v.failing_rows} failing rows: {v.description}"
        for v in found
        if not v.passed
    ] + [
        f"gate {gate} on {asset} is missing: it was expected and never ran on this candidate"
        for gate, asset in sorted(absent)
    ]


def _held(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The candidate in the warehouse, if there is one."""
    try:
        return verdicts.candidate(connection)
    except verdicts.NotGreen:
        return None


def _holes(gates: Collection[Gate], facts: ReleaseFacts) -> list[str]:
    """Why this cannot be the list of all gates, whoever wrote it: a word or a released table that none guards."""
    guarded = {asset for gate, asset in gates if gate != verdicts.BUILT}
    words = {asset.split("/", 1)[0] for _, asset in gates}
    unguarded = [f"the word {word}" for word in left_of("published") if word not in words]
    unguarded += [f"table marts.{table}" for table in sorted(facts.tables) if f"marts/{table}" not in guarded]
    return [f"the list of expected gates holds none for {one}" for one in unguarded]
