"""What the steps are given: the home with its settings, the warehouse, the weeks, and who owns what.

Add a resource here when two words need it. Must not be here: anything a step does with it.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

from journey_pipeline import release
from journey_pipeline import settings as settings_module
from journey_pipeline.hardening import harden
from journey_pipeline.ingest import Lake, load_contracts
from journey_pipeline.release import Release
from journey_pipeline.run_lock import run_lock
from journey_pipeline.settings import Settings
from journey_pipeline.weeks import local_midnight_utc

DATA_ENGINEERING, MARKETING, CUSTOMER_EXPERIENCE = (
    "team:data-engineering",
    "team:marketing",
    "team:customer-experience",
)

# One DuckDB file has one writer; steps that open it share this pool (limit 1 in the instance's dagster.yaml).
WRITER_POOL = "warehouse_writer"
KNOWN_AT_TAG = "journey/known_at"

settings: Settings = settings_module.load()

# A partition means "as of the end of this week", so a backfill in the UI rebuilds history release by release.
WEEKS = dg.WeeklyPartitionsDefinition(start_date="2024-01-01", day_offset=1, timezone=settings.time_zone)
ONE_BY_ONE = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


class Home(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The folder that holds all state of one deployment."""

    path: str

    @property
    def settings(self) -> Settings:
        """What the home may be told, read once per process."""
        return settings

    @property
    def lake(self) -> Lake:
        """The only state."""
        return Lake(self.settings.lake)

    @property
    def lands(self) -> bool:
        """Whether this run may add to the lake: new files, and what it found of customers."""
        return True

    @property
    def release_before(self) -> Release | None:
        """The release that this run's would follow."""
        return release.current(self.settings.home)


class LakeReader(Home):
    """A home whose lake is read as it is, for a candidate that followed a certain release or none."""

    followed: str | None = None

    @property
    def release_before(self) -> Release | None:
        """The release that was served then, while the home still has it."""
        home = self.settings.home
        return release.show(home, self.followed) if self.followed in release.release_ids(home) else None

    @property
    def lands(self) -> bool:
        """Never."""
        return False


class Warehouse(DuckDBResource):
    """The warehouse file, confined to its home; the home is held for the whole run."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Warehouse"]:
        """Hold the home from the first step to the last, whoever started the run: two would write into one file."""
        with run_lock(settings.home), super().yield_for_execution(context):
            yield self

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that closes with the block, also when the block fails."""
        # Dagster's own closes only after success, and dbt could not open the file beside one that is still open.
        with super().get_connection() as connection, closing(connection):
            harden(connection, settings.home)
            yield connection

    @property
    def is_gated(self) -> bool:
        """Whether a word is built on green words alone."""
        return True


class ScratchWarehouse(Warehouse):
    """A warehouse beside that of the home, thrown away when it has been read."""

    has_gates: bool

    @property
    def is_gated(self) -> bool:
        """As whoever asked for it said: states between two releases are not published, so nothing judges them."""
        return self.has_gates


def resources() -> dict[str, object]:
    """Resources of the code location, by the name steps ask for."""
    return {
        "home": Home(path=str(settings.home)),
        "warehouse": Warehouse(database=str(settings.warehouse), connection_config=settings.duckdb_config()),
    }


def week_end(partition_key: str) -> datetime:
    """The local midnight (naive, reporting zone) that ends the week of a partition."""
    return datetime.fromisoformat(partition_key) + timedelta(days=7)


def as_of(partition_key: str) -> datetime:
    """The instant (naive UTC, exclusive) that a partition cuts event time at: the end of its week."""
    return local_midnight_utc(week_end(partition_key).date(), settings.time_zone)


def known_at(tags: Mapping[str, str]) -> datetime | None:
    """The cut of load time a run was asked for by tag; None means everything loaded so far."""
    return datetime.fromisoformat(tags[KNOWN_AT_TAG]) if KNOWN_AT_TAG in tags else None


contracts = cache(load_contracts)
