"""Publish: refuse or build, seal, rename, switch; in the one order that survives kill -9 anywhere.

The building folder becomes a release by a single rename, and readers see it by a single replace of the pointer.
Whatever dies before leaves only `.building-*`, which the next publish removes. Must not be here: how files are
written (`candidate`), described (`manifest`) or checked (`verification`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb

from journey_pipeline.fault_points import point
from journey_pipeline.release import manifest as manifests
from journey_pipeline.release.audit import Gate, audited
from journey_pipeline.release.candidate import (
    DATABASE,
    build_database,
    candidate_connection,
    check_warehouse,
    describe_tables,
    export_tables,
)
from journey_pipeline.release.erasures import clear_new
from journey_pipeline.release.facts import (
    GateResult,
    Release,
    ReleaseError,
    ReleaseFacts,
    ReleaseRefused,
)
from journey_pipeline.release.history import current
from journey_pipeline.release.pointer import (
    BUILDING,
    FILE_MODE,
    FOLDER_MODE,
    current_id,
    exclusive,
    make_link,
    release_ids,
    switch_link,
    sync,
)
from journey_pipeline.release.restated_tables import Scope
from journey_pipeline.release.restatements import NOT_SPLIT, restate
from journey_pipeline.release.states import State
from journey_pipeline.release.verification import verify

Report = Callable[[duckdb.DuckDBPyConnection, Path], None]


def publish(
    warehouse: Path,
    home: Path,
    *,
    manifest: ReleaseFacts,
    gates: Collection[Gate],
    report: Report | None,
    published_at: datetime,
    threads: int = 2,
    states: Sequence[State] = (),
) -> Release:
    """Turn a gated warehouse into `<home>/releases/<id>` and let `<home>/published` point at it.

    The same candidate again verifies the existing release and leaves its bytes alone. The pointer moves forward
    only: a release with an older `as_of` than the current one is stored and not served.

    Args:
        warehouse: the warehouse file; nothing may hold it open for writing.
        home: the folder that holds all state.
        manifest: the facts of the candidate, with every released table and its primary key.
        gates: every (gate, asset) that must have passed; what each said is read from the warehouse.
        report: writes `report/` from the new read-only file; called with a connection and the folder.
        published_at: the time of publishing, with a time zone.
        threads: DuckDB threads.
        states: what leads from the release that is served to this candidate, cause by cause; without them the
            restatements name no causes.

    Raises:
        ReleaseRefused: a gate failed or is missing, the warehouse is not what the facts say, or the states do not
            lead from the served release to it.
        ReleaseDamaged: the candidate was published before and its files changed since, or those of the served
            release did, from which the restatements are told.
        ReleaseError: another publish is running, or the release id belongs to another candidate.
    """
    warehouse = warehouse.resolve()
    with exclusive(home) as root:
        green = audited(warehouse, manifest, gates)
        for leftover in root.glob(f"{BUILDING}*"):
            _remove(leftover)
        point("release_cleaned")
        release_id = manifest.release_id
        if release_id not in release_ids(home):
            building = root.resolve() / f"{BUILDING}{release_id}"
            try:
                _build(
                    building,
                    warehouse,
                    home,
                    manifest,
                    green,
                    report,
                    published_at,
                    threads,
                    states,
                )
                # First, so that a release is never there without it: whoever dies between the two publishes again.
                clear_new(home, release_id)
                building.rename(root / release_id)
            finally:
                _remove(building)
            sync(root)
        elif verify(home, release_id).candidate_id != manifest.candidate_id:
            raise ReleaseError(
                f"release id {release_id} already belongs to another candidate that starts with the same eight "
                "characters. Next: move that release away or change the configuration."
            )
        point("release_renamed")
        _serve(home, manifest)
        return manifests.as_release(
            root / release_id,
            manifests.read(root / release_id),
            is_current=current_id(home) == release_id,
        )


def _build(
    building: Path,
    warehouse: Path,
    home: Path,
    facts: ReleaseFacts,
    gates: Sequence[GateResult],
    report: Report | None,
    published_at: datetime,
    threads: int,
    states: Sequence[State],
) -> None:
    """Everything that happens before the rename, inside the building folder only."""
    building.mkdir()
    served = current(home)
    previous = None if served is None or _is_newer(served, facts) else served
    chain = _chain(previous, warehouse, states)
    with candidate_connection(warehouse, building, threads, [state.database.parent for state in chain]) as connection:
        if reasons := check_warehouse(connection, facts):
            raise ReleaseRefused(reasons)
        scope = None if previous is None else Scope(previous.release_id, previous.as_of, facts.time_zone)
        try:
            told = partial(restate, states=chain, tables=facts.tables, scope=scope)
            build_database(connection, building, facts, gates, told)
        except duckdb.Error:
            if previous is not None:
                verify(home, previous.release_id)  # says so if it is the release before that cannot be read
            raise
        point("release_database")
        export_tables(connection, building, facts)
        tables = describe_tables(connection, facts)
        point("release_tables")
    if report is not None:
        (building / "report").mkdir()
        with duckdb.connect(str(building / DATABASE), read_only=True) as reader:
            report(reader, building / "report")
    point("release_report")
    content = manifests.compose(
        facts,
        gates,
        tables=tables,
        files=manifests.describe_files(building),
        published_at=published_at,
        previous_release_id=None if served is None else served.release_id,
    )
    manifests.write(building, content)
    point("release_manifest")
    _seal(building)
    point("release_sealed")


def _chain(previous: Release | None, warehouse: Path, states: Sequence[State]) -> list[State]:
    """The states from the previous release to the candidate; where none are given, a single step between the two.

    Raises:
        ReleaseRefused: the given states begin or end elsewhere.
    """
    if previous is None:
        return []
    ends = [previous.folder.resolve() / DATABASE, warehouse]
    if not states:
        return [State("", ends[0], "main"), State(NOT_SPLIT, ends[1], "marts")]
    if [states[place].database.resolve() for place in (0, -1)] != ends:
        raise ReleaseRefused([f"restatements: the states do not lead from {previous.release_id} to the candidate"])
    return [*states]


def _is_newer(served: Release, facts: ReleaseFacts) -> bool:
    return (served.as_of, served.known_at) > (facts.as_of, facts.known_at)


def _serve(home: Path, facts: ReleaseFacts) -> None:
    """Move the pointer forward to this release, unless newer data is served already."""
    served = current(home)
    if served is not None and (served.release_id == facts.release_id or _is_newer(served, facts)):
        return
    make_link(home, facts.release_id)
    point("release_linked")
    switch_link(home)
    point("release_switched")


def _seal(building: Path) -> None:
    """Give files and folders their final modes and force them to the disk, leaves first."""
    for path in sorted(building.rglob("*"), reverse=True):
        path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)
        sync(path)
    building.chmod(FOLDER_MODE)
    sync(building)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
