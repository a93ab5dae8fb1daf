"""Mature conversion against what is really so in a generated market, and what may still change it a week later."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.pipeline_runs import AS_OF, journey

WEEK_BEFORE = "2026-11-09"
MIN_N = 30


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market large enough for cells of 30, built week after week; the first week's warehouse is kept."""
    folder = tmp_path_factory.mktemp("two_weeks")
    made = journey("generate", "--customers", "2500", "--weeks", "20", "--defects", home=folder)
    assert made.returncode == 0, made.stderr
    for as_of in (WEEK_BEFORE, AS_OF):
        run = journey("run", "--as-of", as_of, home=folder)
        assert run.returncode == 0, run.stdout + run.stderr
        shutil.copyfile(folder / "warehouse.duckdb", folder / f"{as_of}.duckdb")
    return folder


@pytest.fixture(scope="module")
def weeks(market: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both warehouses: `before` and `after`."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, as_of in (("before", WEEK_BEFORE), ("after", AS_OF)):
            connection.execute(f"attach '{market / as_of}.duckdb' as {name} (read_only)")
        yield connection


# --- against the truth --------------------------------------------------------------------------------------------


def test_mature_rates_lie_within_their_interval_of_the_true_rate(
    market: Path, weeks: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    """The true rate is that of all people who entered in the week; observed are those who can be told apart."""
    cells = weeks.execute(
        f"""
        with stages as (
            select * from read_parquet('{market}/truth/stages.parquet')
        ),
        truth as (
            select
                cast(date_trunc('week', timezone('Europe/Berlin', timezone('UTC', a.entered_at))) as date) as week,
                a.stage as from_stage, t.to_stage, t.window_seconds, count(*) as people,
                count(*) filter (where epoch(b.entered_at) - epoch(a.entered_at) <= t.window_seconds) as moved
            from stages as a
            inner join (
                select distinct from_stage, to_stage, window_seconds from after.journeys.funnel_transitions
                where funnel = 'journey'
            ) as t on a.stage = t.from_stage
            left join stages as b on a.person_id = b.person_id and a.journey_number = b.journey_number
                and b.stage = t.to_stage
            group by all
        )
        select from_stage, to_stage, week, entered, converted, people, moved, rate, moved / people as true_rate,
            moved / people between ci_low and ci_high as is_inside
        from after.marts.stage_conversion
        inner join truth using (week, from_stage, to_stage, window_seconds)
        where funnel = 'journey' and is_default_mode and view = 'cohort' and breakdown = 'all' and is_mature
            and entered >= {MIN_N}
        order by all
        """
    ).df()
    table = cells.groupby(["from_stage", "to_stage"], sort=False).agg(
        cells=("is_inside", "size"),
        inside=("is_inside", "sum"),
        entered=("entered", "sum"),
        converted=("converted", "sum"),
        people=("people", "sum"),
        moved=("moved", "sum"),
    )
    table["rate"], table["true_rate"] = table["converted"] / table["entered"], table["moved"] / table["people"]
    with capsys.disabled():
        print(f"\n{table.to_string(float_format='{:.4f}'.format)}")
        print(f"{cells['is_inside'].sum()} of {len(cells)} mature cells hold the true rate in their interval")
    assert len(cells) >= 30
    assert cells["is_inside"].mean() >= 0.93


def test_open_cohorts_are_read_at_the_ages_of_all_their_journeys(weeks: duckdb.DuckDBPyConnection) -> None:
    cell = "week, funnel, mode, from_stage, to_stage, window_seconds, breakdown, member"
    found = weeks.execute(
        f"""
        select count(*), count(*) filter (where journeys is distinct from entered)
        from (select {cell}, sum(journeys) as journeys from after.journeys.entry_age_cells group by all)
        full join (
            select * from after.marts.stage_conversion where view = 'cohort' and is_default_mode and not is_mature
        ) using ({cell})
        """
    ).fetchall()[0]
    assert found[0] > 500
    assert found[1] == 0


# --- a week later -------------------------------------------------------------------------------------------------

TRANSITION = "week, funnel, mode, from_stage, to_stage, window_seconds"
BREAKDOWNS = (
    "all", "entry_channel", "entry_campaign", "entry_device", "market", "customer_type", "segment_at_entry",
    "entry_mix",
)  # fmt: skip

# What may change the past: who somebody is, what is known to have happened, what a sale was worth, what a record says.
CAUSES = {
    "identity change": """
        select unnest([from_customer_id, to_customer_id]) from after.identity.changes
        where as_of = (select as_of from after.raw.run_parameters)
    """,
    "late or restated record": """
        select unnest([b.customer_id, a.customer_id])
        from before.journeys.customer_touchpoints as b
        full join after.journeys.customer_touchpoints as a using (touchpoint_id)
        where coalesce(b.occurred_at, a.occurred_at) < (select as_of from before.raw.run_parameters)
            and (b.occurred_at, b.family, b.interaction_type, b.channel, b.campaign, b.is_machine)
                is distinct from (a.occurred_at, a.family, a.interaction_type, a.channel, a.campaign, a.is_machine)
    """,
    "refund": """
        select customer_id from after.journeys.customer_conversions
        where adjusts_conversion_id is not null and occurred_at >= (select as_of from before.raw.run_parameters)
    """,
    "golden record": """
        select customer_id
        from (select * from before.journeys.customer_attributes where attribute = 'country') as b
        full join (select * from after.journeys.customer_attributes where attribute = 'country') as a
            using (customer_id)
        where a.value is distinct from b.value
    """,
}


# What a cell says; the converters' quantiles follow from the same journeys.
NUMBERS = (
    "is_mature, entered, converted, open, dropped, rate, ci_low, ci_high, km_median_seconds, km_p75_seconds, "
    "km_p90_seconds, completeness, rate_nowcast, nowcast_low, nowcast_high, is_reportable, lag_shift_warning"
)
CELL = f"{TRANSITION}, breakdown, member"


def numbers_of(side: str) -> str:
    return ", ".join(f"{side}.{number}" for number in NUMBERS.split(", "))


def moves(market: Path, as_of: str) -> pa.Table:
    """Every journey and transition of one week's warehouse, whose views know it by its own name only."""
    with duckdb.connect() as built:
        built.execute(f"attach '{market / as_of}.duckdb' as warehouse (read_only); set TimeZone = 'UTC'")
        return built.sql(
            """
            select cast(date_trunc('week', timezone('Europe/Berlin', timezone('UTC', entered_at))) as date) as week,
                *, 'all' as "all", coalesce(epoch(moved_at) - epoch(entered_at) <= window_seconds, false) as is_moved
            from warehouse.journeys.transitions_of_journeys
            """
        ).to_arrow_table()


@pytest.fixture(scope="module")
def restated(market: Path, weeks: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Temporary tables: `changed`, mature cells that say something else a week later; `restated`, journeys in mature
    cells that do, before and after; `causes` by customer; `touched`, the cells of the restated journeys by cause."""
    before, after = moves(market, WEEK_BEFORE), moves(market, AS_OF)
    members = ", ".join('"' + breakdown + '"' for breakdown in BREAKDOWNS)
    told = f"{TRANSITION}, customer_id, journey_number, is_moved, {members}"
    weeks.register("moves_before", before)
    weeks.register("moves_after", after)
    weeks.execute(
        f"""
        create temp table mature as
        select distinct {TRANSITION} from before.marts.stage_conversion where view = 'cohort' and is_mature
        """
    )
    weeks.execute(
        f"""
        create temp table changed as
        select {CELL}
        from (select * from before.marts.stage_conversion where view = 'cohort') as b
        full join (select * from after.marts.stage_conversion where view = 'cohort') as a using ({CELL})
        semi join mature using ({TRANSITION})
        where ({numbers_of("b")}) is distinct from ({numbers_of("a")})
        """
    )
    held = [f"select {told} from moves_{name} semi join mature using ({TRANSITION})" for name in ("before", "after")]
    weeks.execute(
        f"""
        create temp table restated as
        (({held[0]}) except all ({held[1]})) union all (({held[1]}) except all ({held[0]}))
        """
    )
    named = " union all ".join(
        f"select '{cause}', customer from ({sql}) as t (customer)" for cause, sql in CAUSES.items()
    )
    weeks.execute(f"create temp table causes as select distinct * from ({named}) as t (cause, customer_id)")
    touched = " union ".join(
        f"""select {TRANSITION}, '{breakdown}' as breakdown, "{breakdown}" as member, cause
        from restated inner join causes using (customer_id)
        where cause <> 'golden record' or '{breakdown}' = 'market'"""
        for breakdown in BREAKDOWNS
    )
    weeks.execute(f"create temp table touched as {touched}")
    return weeks


def test_a_mature_cell_changes_only_with_a_cause_that_is_named(
    restated: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    (cells,) = restated.execute(
        "select count(*) from before.marts.stage_conversion where view = 'cohort' and is_mature"
    ).fetchall()[0]
    (changed,) = restated.execute("select count(*) from changed").fetchall()[0]
    by_cause = restated.execute(
        f"select cause, count(*) from changed inner join touched using ({CELL}) group by cause order by 2 desc"
    ).fetchall()
    with capsys.disabled():
        print(f"\n{changed} of {cells} mature cells changed within a week, touched by customers of a")
        for cause, count in by_cause:
            print(f"  {cause:25}{count:>6}")
    assert restated.execute(f"from changed anti join touched using ({CELL}) order by all limit 5").fetchall() == []
    assert 0 < changed < cells / 4


def test_a_journey_of_a_mature_cell_is_told_otherwise_only_with_a_cause(restated: duckdb.DuckDBPyConnection) -> None:
    nameless = restated.execute("from restated anti join causes using (customer_id) order by all limit 5").fetchall()
    assert nameless == []
