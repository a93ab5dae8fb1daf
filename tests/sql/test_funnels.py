"""Stages and funnels against known answers and their laws: evidence, cycles, modes, windows, weekly cells."""

from __future__ import annotations

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models
from .funnel_bench import DAY, MODES, VECTORS, put_events, put_funnel, put_people, run_funnel

STAGES = ["awareness", "consideration", "purchase", "experience", "advocacy"]
# What the vectors call strict allows other events in between: that is `sequential` here.
VECTOR_MODES = {"reached": "reached", "sequential": "strict", "any_order": "any_order"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "path:models/journeys")


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    made = Bench(models)
    put_people(made)
    made.clock("2026-03-02")
    return made


# --- the published vector -----------------------------------------------------------------------------------------


@pytest.fixture
def vector(bench: Bench) -> Bench:
    given = pd.read_csv(VECTORS / "01_stage_conversion" / "input.csv")
    put_funnel(bench, STAGES, 14 * DAY, entry_until=2, terminal_from=3, reentry=30 * DAY)
    put_events(bench, list(given[["customer_id", "stage_no", "event_ts"]].itertuples(index=False, name=None)))
    return run_funnel(bench)


def expected(file: str, mode: str) -> pd.DataFrame:
    return pd.read_csv(VECTORS / "01_stage_conversion" / file).query(f"mode == '{VECTOR_MODES[mode]}'")


@pytest.mark.parametrize("mode", VECTOR_MODES)
def test_journeys_split_and_stages_are_entered_as_in_the_vector(vector: Bench, mode: str) -> None:
    found = vector.ask(
        f"""
        select customer_id, journey_number as journey_no, stage_number as stage_no,
            strftime(entered_at, '%Y-%m-%dT%H:%M:%S') as entry_ts
        from warehouse.journeys.stage_entries where mode = '{mode}' order by all
        """
    )
    columns = ["customer_id", "journey_no", "stage_no", "entry_ts"]
    wanted = expected("expected_stage_entry.csv", mode)[columns].sort_values(columns)
    assert found.values.tolist() == wanted.values.tolist()


def test_back_filled_stages_say_so(vector: Bench) -> None:
    found = vector.ask(
        "select mode, customer_id, stage from warehouse.journeys.stage_entries where is_imputed order by all"
    ).values.tolist()
    assert found == [
        ["reached", "c03", "consideration"],
        ["reached", "c04", "awareness"],
        ["reached", "c07", "awareness"],
    ]


@pytest.mark.parametrize("mode", VECTOR_MODES)
@pytest.mark.parametrize(
    ("view", "file", "columns"),
    [
        ("cohort", "expected_cohort.csv", ["cohort_week", "n", "k"]),
        ("flow", "expected_calendar.csv", ["week", "entries_from", "entries_to"]),
    ],
)
def test_weekly_counts_are_those_of_the_vector(
    vector: Bench, mode: str, view: str, file: str, columns: list[str]
) -> None:
    found = vector.ask(
        f"""
        select f.stage_number, t.stage_number, strftime(week, '%Y-%m-%d'), entered, converted
        from warehouse.journeys.stage_cells
        inner join warehouse.seeds.stages as f on from_stage = f.stage
        inner join warehouse.seeds.stages as t on to_stage = t.stage
        where view = '{view}' and mode = '{mode}' and breakdown = 'all' and t.stage_number = f.stage_number + 1
        order by all
        """
    )
    assert found.values.tolist() == sorted(expected(file, mode)[["from_stage", "to_stage", *columns]].values.tolist())


@pytest.mark.parametrize("mode", VECTOR_MODES)
def test_time_in_a_stage_is_that_of_the_vector(vector: Bench, mode: str) -> None:
    found = vector.ask(
        f"""
        with converters as (
            select from_number, to_number, epoch(moved_at) - epoch(entered_at) as seconds, window_seconds
            from warehouse.journeys.transitions_of_journeys where mode = '{mode}' and not is_overall
        )
        select from_number, to_number, count(*) filter (where seconds <= window_seconds),
            median(seconds) filter (where seconds <= window_seconds) / 86400
        from converters group by all order by all
        """
    )
    wanted = expected("expected_time_in_stage.csv", mode).iloc[:, 1:]
    # A step nobody entered has no row here and a zero in the vector.
    wanted = wanted[wanted["from_stage"].isin(found.iloc[:, 0])]
    pd.testing.assert_frame_equal(
        found.set_axis(wanted.columns, axis=1), wanted.reset_index(drop=True), check_dtype=False, rtol=1e-9
    )


def test_transitions_are_every_step_and_the_first_step_to_each_later_one(vector: Bench) -> None:
    found = vector.ask(
        "select from_number, to_number, window_seconds, is_overall "
        "from warehouse.journeys.funnel_transitions order by all"
    )
    steps = [[k, k + 1, 14 * DAY, False] for k in (1, 2, 3, 4)]
    overall = [[1, k, 60 * DAY, True] for k in (3, 4, 5)]
    assert found.values.tolist() == sorted(steps + overall)


@pytest.mark.parametrize("breakdown", ["entry_channel", "customer_type", "segment_at_entry", "market", "entry_device"])
def test_members_of_a_breakdown_add_up_to_all(vector: Bench, breakdown: str) -> None:
    cells = vector.ask("select * from warehouse.journeys.stage_cells where mode = 'reached' and view = 'cohort'")
    keys, counts = ["week", "from_stage", "to_stage"], ["entered", "converted", "imputed", "open"]
    whole = cells[cells.breakdown == "all"].groupby(keys)[counts].sum()
    parts = cells[cells.breakdown == breakdown].groupby(keys)[counts].sum()
    assert not whole.empty
    pd.testing.assert_frame_equal(whole, parts)


# --- the worked cases ---------------------------------------------------------------------------------------------


def furthest(bench: Bench, mode: str = "sequential", *, within: bool = True) -> int:
    """The furthest step of any cycle, by transitions from the first step within their window."""
    condition = "epoch(moved_at) - epoch(entered_at) <= window_seconds" if within else "moved_at is not null"
    return int(
        bench.ask(
            f"""
            select coalesce(max(to_number) filter (where {condition}), 1)
            from warehouse.journeys.transitions_of_journeys where mode = '{mode}' and from_number = 1
            """
        ).iloc[0, 0]
    )


@pytest.mark.parametrize("mode", ["sequential", "strict"])
@pytest.mark.parametrize(
    ("events", "step"),
    [
        # Person X: the purchase of January is another cycle's.
        ([(3, "2026-01-01"), (1, "2026-02-01"), (2, "2026-02-02"), (3, "2026-02-05")], 3),
        # Person Y: purchased before activating, and never again.
        ([(1, "2026-02-01"), (3, "2026-02-02"), (2, "2026-02-03")], 2),
    ],
)
def test_persons_x_and_y(bench: Bench, mode: str, events: list[tuple[int, str]], step: int) -> None:
    put_funnel(bench, ["signed_up", "activated", "purchased"], 14 * DAY, whole=14 * DAY)
    put_events(bench, [("p", *event) for event in events])
    run_funnel(bench)
    if mode == "strict" and step == 2:
        step = 1  # the purchase came in between
    assert furthest(bench, mode) == step


def letters(bench: Bench, text: str, steps: str = "ABCDE") -> None:
    put_funnel(bench, list(steps), 14 * DAY)
    put_events(
        bench,
        [("p", steps.index(letter) + 1, f"2026-02-01 10:{minute:02}") for minute, letter in enumerate(text)],
    )
    run_funnel(bench)


@pytest.mark.parametrize(("text", "step"), [("ABDCDE", 5), ("ABCE", 3)])
def test_other_events_may_come_in_between_but_no_step_is_skipped(bench: Bench, text: str, step: int) -> None:
    letters(bench, text)
    assert furthest(bench) == step


def test_the_whole_window_runs_from_the_first_entry(bench: Bench) -> None:
    put_funnel(bench, list("ABC"), 3600, whole=3600)
    times = [(1, "13:00"), (1, "13:30"), (2, "13:45"), (3, "14:15")]
    put_events(bench, [("p", step, f"2026-02-01 {time}") for step, time in times])
    assert furthest(run_funnel(bench)) == 2
    assert furthest(bench, within=False) == 3


@pytest.mark.parametrize(
    ("text", "step"),
    [("ABC", 3), ("AABBC", 3), ("ABDC", 2), ("ABAC", 2), ("ACB", 1), ("BABC", 3), ("AB", 2)],
)
def test_strict_allows_nothing_in_between_but_the_step_itself(bench: Bench, text: str, step: int) -> None:
    letters(bench, text)
    assert furthest(bench, "strict") == step


# --- hazard -------------------------------------------------------------------------------------------------------


def test_the_weekly_hazard_divides_the_moves_of_a_week_by_those_in_the_stage(bench: Bench) -> None:
    put_funnel(bench, list("AB"), 14 * DAY, idle=14 * DAY)
    put_events(
        bench,
        [
            ("moves in the week it enters", 1, "2026-01-05 10:00"),
            ("moves in the week it enters", 2, "2026-01-06 10:00"),
            ("moves two weeks later", 1, "2026-01-06 10:00"),
            ("moves two weeks later", 1, "2026-01-16 10:00"),
            ("moves two weeks later", 2, "2026-01-19 00:00"),
            # In the stage until its silence has lasted two weeks: the second of them ends on Wednesday 21 January.
            ("falls silent", 1, "2026-01-07 10:00"),
            ("comes later", 1, "2026-02-24 10:00"),
        ],
    )
    run_funnel(bench)
    for mode in MODES:
        found = bench.ask(
            f"""
            select strftime(week, '%m-%d'), entered, converted from warehouse.journeys.stage_cells
            where view = 'hazard' and mode = '{mode}' order by all
            """
        )
        assert found.values.tolist() == [
            ["01-05", 3, 1],
            ["01-12", 2, 0],
            ["01-19", 2, 1],
            ["02-23", 1, 0],
        ], mode
