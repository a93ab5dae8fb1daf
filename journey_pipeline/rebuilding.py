"""Past states built again: the candidate of any (as of, known at), in a scratch folder, from the lake as it is.

Holds the scratch folder, the rebuild of some words of the graph in it, `reproduce`, and the chain of states between two
releases. The graph is the one that runs use; what it is given here is a lake that nothing is landed in and a warehouse
of its own. The home's lake, warehouse, releases and run history stay as they are. Add here when a question needs
another state than was released. Must not be here: what a step does, what a cause is (`restated_events`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from journey_pipeline import release
from journey_pipeline.door_frames import MART_KEYS
from journey_pipeline.flow import SEEDS
from journey_pipeline.hardening import harden
from journey_pipeline.release.candidate import DATABASE, literal
from journey_pipeline.release.digest import quoted
from journey_pipeline.release.states import State
from journey_pipeline.restated_events import Restated
from journey_pipeline.run_lock import run_lock
from journey_pipeline.settings import Settings, code_version

_SCRATCH = "rebuild-"
# The cause of everything where the states between are not built.
NOT_SPLIT = "not_split"
ERASURE = "erasure"
# Tells what changed since another release: not of the lake and its cuts alone.
_OF_ITS_HISTORY = {"restatements"}
_EVENTS = ("raw", SEEDS, "staging", "events")
_RIGHT_OF_EVENTS = ("identity", "journeys", "measures", "marts")


class NotRebuilt(Exception):
    """A past state cannot be had again; the text says why and what to do."""


@dataclass(frozen=True)
class Cut:
    """What a state knew (`known_at`) of what had happened (`as_of`); both naive UTC."""

    as_of: datetime
    known_at: datetime


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """A private folder below `<home>/work`, removed afterwards; call it with the run lock in hand."""
    folder = home.resolve() / "work" / f"{_SCRATCH}{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rebuild(
    settings: Settings, folder: Path, cut: Cut, words: Sequence[str], *, gated: bool, followed: str | None = None
) -> Path:
    """Build words of the graph, as of a cut, into `<folder>/warehouse.duckdb`, and return it.

    Args:
        settings: the home whose lake is read.
        folder: below the home; a warehouse that is there already holds the words to the left.
        cut: the state.
        words: of FLOW without `published`, in any order.
        gated: whether the checks of these words are run, and the next word asks for their verdicts.
        followed: the release that was served before this one; gates that compare with it look there.

    Raises:
        NotRebuilt: a step broke, or a gate refused.
    """
    import dagster as dg

    from journey_pipeline.definitions import defs
    from journey_pipeline.defs.resources import KNOWN_AT_TAG, LakeReader, ScratchWarehouse
    from journey_pipeline.running import gates_that_spoke, step_faults

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / settings.warehouse.name
    graph = defs.resolve_asset_graph()
    assets = {key for key in graph.materializable_asset_keys if key.path[0] in words}
    checks = {
        key
        for key in graph.asset_check_keys
        if gated and key.asset_key in assets and graph.get_check_spec(key).blocking
    }
    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=assets, asset_check_selection=checks)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            partition_key=partition_of(settings, cut.as_of),
            tags={KNOWN_AT_TAG: cut.known_at.isoformat()},
            resources={
                "home": LakeReader(path=str(settings.home), followed=followed),
                "warehouse": ScratchWarehouse(
                    database=str(file), connection_config=settings.duckdb_config(), has_gates=gated
                ),
            },
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        if not result.success:
            refusals, _ = gates_that_spoke(result.get_asset_check_evaluations())
            reasons = refusals + step_faults(result, settings)
            raise NotRebuilt("the state could not be built again:\n  " + "\n  ".join(reasons))
    return file


def partition_of(settings: Settings, as_of: datetime) -> str:
    """The week that ends at an instant. Raises NotRebuilt where none does in the zone of the home."""
    local = as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(settings.time_zone))
    if (local.weekday(), local.time()) != (0, time.min):
        raise NotRebuilt(
            f"no Monday begins in {settings.time_zone} at {as_of:%Y-%m-%d %H:%M} UTC, where the release ends. "
            "Next: set time_zone to the one it was made with."
        )
    return (local.date() - timedelta(days=7)).isoformat()


@dataclass(frozen=True)
class Reproduction:
    """What came of building a release again: the tables whose rows differ, and what is not as it was then."""

    release_id: str
    differing: tuple[str, ...]
    changed: tuple[str, ...]


def reproduce(settings: Settings, release_id: str | None = None, *, anyway: bool = False) -> Reproduction:
    """Build a release (the current one when no id is given) again from the lake and compare every table.

    Args:
        settings: the home.
        release_id: which one.
        anyway: try also where code or configuration are not those it was made with.

    Raises:
        ReleaseNotFound: no such release.
        ReleaseDamaged: its manifest cannot be read.
        NotRebuilt: code or configuration differ, or the lake does not give the candidate any more.
    """
    told = release.read_manifest(settings.home, release_id)
    changed = tuple(
        f"{name} was {told[key]} and is {now}"
        for name, key, now in (
            ("the code", "code_version", code_version()),
            ("the configuration", "configuration_hash", settings.configuration_hash()),
        )
        if told[key] != now
    )
    if changed and not anyway:
        raise NotRebuilt(
            f"release {told['release_id']} cannot be had again: {'; '.join(changed)}. "
            "Next: run the code and the settings it was made with, or ask with --anyway what today's say otherwise."
        )
    cut = Cut(*(_naive(told[name]) for name in ("as_of", "known_at")))
    with run_lock(settings.home), scratch_folder(settings.home) as folder:
        tables = _published_again(settings, folder, cut, told["previous_release_id"])
    then = told["tables"]
    # By other code `release` differs by saying so.
    compared = (then.keys() | tables.keys()) - _OF_ITS_HISTORY - ({"release"} if changed else set())
    differing = [name for name in sorted(compared) if then.get(name, {}).get("digest") != tables.get(name)]
    return Reproduction(told["release_id"], tuple(differing), changed)


def _published_again(settings: Settings, folder: Path, cut: Cut, followed: str | None) -> dict[str, str]:
    """Build and publish a candidate inside a scratch folder; returns the digest of every table."""
    from journey_pipeline.candidate_facts import facts_of
    from journey_pipeline.defs.gates import expected_gates

    warehouse = rebuild(settings, folder, cut, [*_EVENTS, *_RIGHT_OF_EVENTS], gated=True, followed=followed)
    with duckdb.connect(str(warehouse), config=settings.duckdb_config()) as connection:
        facts = facts_of(connection, settings)
    try:
        release.publish(
            warehouse,
            folder,
            manifest=facts,
            gates=expected_gates("published"),
            report=None,
            published_at=datetime.now(UTC),
            threads=settings.threads,
        )
    except release.ReleaseRefused as refusal:
        raise NotRebuilt(str(refusal)) from None
    return {name: table["digest"] for name, table in release.read_manifest(folder)["tables"].items()}


@contextmanager
def states_since(
    settings: Settings, previous: release.Release | None, candidate: release.ReleaseFacts
) -> Iterator[list[State]]:
    """The states to tell a candidate's changes by: split by cause where the home wants it, and none where none changed.

    A build of an earlier week than the served one, or of what was known earlier, does not follow it and is not split.
    Nor is one after an erasure: what it changed would say what the erased person did, so all of it counts as that.
    """
    if previous is None or previous.release_id == candidate.release_id:
        yield []
    elif not release.is_clear(settings.home, previous.release_id):
        yield [State("", previous.folder / DATABASE, "main"), State(ERASURE, settings.warehouse, "marts")]
    elif settings.split_restatements and _precedes(previous, candidate):
        with restatement_states(settings, previous, settings.warehouse) as states:
            yield states
    else:
        yield [State("", previous.folder / DATABASE, "main"), State(NOT_SPLIT, settings.warehouse, "marts")]


@contextmanager
def restatement_states(settings: Settings, previous: release.Release, warehouse: Path) -> Iterator[list[State]]:
    """The states between a release and the candidate in a warehouse, one for each cause that there is.

    In the order of CAUSES: the previous release; its cut under today's code and configuration, where those differ;
    its `as_of` with what is known now, one cause after another; the candidate. Each state holds the causes before it,
    so what a cell differs by from the first to the last is the sum of what it differs by from state to state, in every
    cell. What is read right of events from further left (the ledger of files, tickets of support, person records that
    are matched) is as it is known now from the first cause of knowing on, which there is whenever anything new is
    known: a delivery that changes no event is late data.

    The databases go with the block. Call it with the warehouse closed and the run lock in hand.

    Raises:
        NotRebuilt: a state cannot be built.
    """
    told = release.read_manifest(settings.home, previous.release_id)
    with duckdb.connect(str(warehouse), config=settings.duckdb_config()) as connection:
        now = Cut(*connection.execute("select as_of, known_at from raw.run_parameters").fetchall()[0])
    then = Cut(*(_naive(told[name]) for name in ("as_of", "known_at")))
    rules = (code_version(), settings.configuration_hash())
    is_other_rule = (told["code_version"], told["configuration_hash"]) != rules
    with scratch_folder(settings.home) as folder:
        chain = _Chain(settings, folder, warehouse, now, [State("", previous.folder / DATABASE, "main")])
        before = chain.under_other_rules(then) if is_other_rule else None
        if then.known_at != now.known_at:
            chain.as_known_now(then, before)
        if then.as_of != now.as_of:
            chain.states.append(State("new_week", warehouse, "marts"))
        yield chain.states


@dataclass(frozen=True)
class _Chain:
    """States as they are built, each kept as a file of its marts alone; the one that is the candidate is not built."""

    settings: Settings
    folder: Path
    candidate: Path
    now: Cut
    states: list[State]

    def under_other_rules(self, then: Cut) -> Path | None:
        """The cut of the previous release by the rules of today; returns its warehouse."""
        if then == self.now:
            self._add("rule_or_configuration_change", self.candidate)
            return None
        before = rebuild(self.settings, self.folder / "before", then, [*_EVENTS, *_RIGHT_OF_EVENTS], gated=False)
        self._add("rule_or_configuration_change", before)
        return before

    def as_known_now(self, then: Cut, before: Path | None) -> None:
        """The same week by what is known now, one cause after another."""
        cut = Cut(then.as_of, self.now.known_at)
        before = before or rebuild(self.settings, self.folder / "before", then, _EVENTS, gated=False)
        after = (
            self.candidate
            if cut == self.now
            else rebuild(self.settings, self.folder / "after", cut, _EVENTS, gated=False)
        )
        restated = Restated(self.settings, self.folder, before, after)
        *first, last = restated.causes or ["late_data"]
        for number, cause in enumerate(first, start=1):
            mixed = self.folder / "mixed" / after.name
            mixed.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(after, mixed)
            restated.write_mixed(mixed, first[:number])
            rebuild(self.settings, mixed.parent, cut, _RIGHT_OF_EVENTS, gated=False)
            self._add(cause, mixed)
        if cut != self.now:
            rebuild(self.settings, after.parent, cut, _RIGHT_OF_EVENTS, gated=False)
        self._add(last, after)

    def _add(self, cause: str, warehouse: Path) -> None:
        if warehouse == self.candidate:
            self.states.append(State(cause, warehouse, "marts"))
            return
        kept = self.folder / f"{cause}.duckdb"
        with duckdb.connect(config=self.settings.duckdb_config()) as connection:
            harden(connection, self.folder)
            connection.execute(f"attach {literal(warehouse)} as built (read_only)")
            connection.execute(f"attach {literal(kept)} as kept")
            for table in MART_KEYS:
                connection.execute(f"create table kept.main.{quoted(table)} as from built.marts.{quoted(table)}")
        self.states.append(State(cause, kept, "main"))


def _precedes(previous: release.Release, candidate: release.ReleaseFacts) -> bool:
    return previous.as_of <= candidate.as_of and previous.known_at <= candidate.known_at


def _naive(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(UTC).replace(tzinfo=None)
