"""Stages and funnels against known answers and their laws: evidence, cycles, modes, windows, weekly cells."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.settings import DBT_PROJECT
from tests import reference_funnel

from .compiled_models import Bench, compile_models
from .funnel_bench import DAY, MODES, VECTORS, put_events, put_funnel, put_people, run_funnel

STAGES = ["awareness", "consideration", "purchase", "experience", "advocacy"]
CONSENTS = ("consent_analytics", "consent_ads")
# What the vectors call strict allows other events in between: that is `sequential` here.
VECTOR_MODES = {"reached": "reached", "sequential": "strict", "any_order": "any_order"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "path:models/journeys mart_journey_consents")


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    made = Bench(models)
    put_people(made)
    put_consents(made)
    made.clock("2026-03-02")
    return made


# --- evidence -----------------------------------------------------------------------------------------------------


def put_seeds(bench: Bench, *more: tuple[str, str]) -> None:
    """The seeds as they ship; of `more`, each a seed and one line of it in its own columns."""
    for seed in ("funnels", "stages", "stage_map"):
        text = (DBT_PROJECT / "seeds" / f"{seed}.csv").read_text() + "".join(f"{n}\n" for s, n in more if s == seed)
        bench.put(
            f"seeds.{seed}",
            pd.read_csv(StringIO(text), dtype=object),
            **dict.fromkeys(("window_seconds", "idle_seconds", "reentry_seconds"), "bigint")
            | dict.fromkeys(("stage_number", "entry_until", "terminal_from"), "integer")
            | dict.fromkeys(("is_optional", "is_exclusion", "requires_purchase"), "boolean")
            | dict.fromkeys(("alias", "owner", "page_pattern", "sub_stage"), "varchar"),
        )


def put_touchpoints(bench: Bench, rows: list[dict[str, object]]) -> None:
    nothing = dict.fromkeys(
        (
            "session_number",
            "stage_evidence",
            "page_path",
            "device_category",
            "is_machine",
            "is_internal_test",
            *CONSENTS,
        )
    )
    frame = pd.DataFrame([{**nothing, "customer_id": "c", "family": "website", **row} for row in rows])
    frame["touchpoint_id"] = [f"t{n:03}" for n in range(len(frame))]
    frame["customer_number"] = pd.factorize(frame["customer_id"])[0]
    kinds = dict.fromkeys(nothing, "varchar") | dict.fromkeys(("is_machine", "is_internal_test", *CONSENTS), "boolean")
    bench.put("journeys.customer_touchpoints", frame, occurred_at="timestamp", **kinds)


def put_consents(bench: Bench, *spans: tuple[str, str, str, str, str | None]) -> None:
    """What customers answered: customer, purpose, state, from and until."""
    frame = pd.DataFrame(spans, columns=["customer_id", "purpose", "state", "valid_from", "valid_to"], dtype=object)
    kinds = dict.fromkeys(("customer_id", "purpose", "state"), "varchar")
    bench.put("journeys.customer_consents", frame, valid_from="timestamp", valid_to="timestamp", **kinds)


def proven(bench: Bench, funnel: str = "journey") -> list[list[object]]:
    bench.run("denied_touches")
    bench.run("stage_events")
    return bench.ask(
        "select event_id, stage, coalesce(sub_stage, '') from warehouse.journeys.stage_events "
        f"where funnel = '{funnel}' order by all"
    ).values.tolist()


def test_a_ticket_before_any_purchase_is_no_purchase(bench: Bench) -> None:
    put_seeds(bench)
    ticket = {"family": "support", "interaction_type": "ticket_created"}
    order = {"family": "commerce", "interaction_type": "order_placed"}
    put_touchpoints(
        bench,
        [
            {**ticket, "customer_id": "prospect", "occurred_at": "2026-01-01"},
            {**ticket, "customer_id": "buyer", "occurred_at": "2026-01-01"},
            {**order, "customer_id": "buyer", "occurred_at": "2026-01-02"},
            {**ticket, "customer_id": "buyer", "occurred_at": "2026-01-03"},
        ],
    )
    assert proven(bench) == [["t002", "purchase", ""], ["t003", "experience", "support"]]


def test_what_a_source_calls_a_stage_stands_under_its_alias_too(bench: Bench) -> None:
    put_seeds(bench)
    call = {"family": "sales", "interaction_type": "call_made", "occurred_at": "2026-01-03"}
    put_touchpoints(bench, [{**call, "stage_evidence": word} for word in ("purchase", "decision", "elsewhere")])
    assert proven(bench) == [["t000", "purchase", ""], ["t001", "purchase", ""]]


def test_machines_and_tests_prove_nothing(bench: Bench) -> None:
    put_seeds(bench)
    view = {"interaction_type": "page_view", "occurred_at": "2026-01-03"}
    put_touchpoints(bench, [{**view, "is_machine": True}, {**view, "is_internal_test": True}, view])
    assert [row[0] for row in proven(bench)] == ["t002"]


def test_what_was_denied_is_followed_by_no_journey_and_told(bench: Bench) -> None:
    put_seeds(bench)
    view = {"interaction_type": "page_view", "page_path": "/pricing", "occurred_at": "2026-01-07"}
    order = {"family": "commerce", "interaction_type": "order_placed", "occurred_at": "2026-01-08"}
    touches: list[dict[str, object]] = [
        {**view, "consent_analytics": False},  # denied where it happened
        {**view, "consent_ads": False},  # governs advertising, and this is none
        {**view, "family": "advertising", "interaction_type": "first_visit", "consent_ads": False},
        {**view, "customer_id": "refuser"},  # denied elsewhere, for the time
        {**view, "customer_id": "refuser", "occurred_at": "2026-01-09"},  # allowed again by then
        {**order, "customer_id": "refuser", "occurred_at": "2026-01-07"},  # no measurement, a purchase
        {**view, "customer_id": "other"},
    ]
    put_touchpoints(bench, touches)
    put_consents(
        bench,
        ("refuser", "analytics", "denied", "2026-01-01", "2026-01-09"),
        ("refuser", "analytics", "granted", "2026-01-09", None),
        ("other", "email_marketing", "withdrawn", "2026-01-01", None),
    )
    bench.run("denied_touches")
    denied = bench.ask("select touchpoint_id from warehouse.journeys.denied_touches order by all")
    assert denied["touchpoint_id"].tolist() == ["t000", "t002", "t003"]
    bench.run("stage_events")
    bench.run("funnel_events")
    followed = bench.ask("select event_id from warehouse.journeys.funnel_events order by all")["event_id"]
    assert not {*followed} & {*denied["touchpoint_id"]}
    assert {*followed} == {"t001", "t004", "t005", "t006"}
    told = bench.run("mart_journey_consents").set_index("stage")
    columns = ["touches", "denied_touches", "customers", "customers_with_denied"]
    assert told[columns].T.to_dict("list") == {
        "awareness": [1, 1, 0, 1],
        "consideration": [5, 2, 3, 3],
        "purchase": [1, 0, 1, 1],
    }


def test_the_most_specific_line_says_what_a_page_proves(bench: Bench) -> None:
    put_seeds(bench)
    pages = ["/", "/compare/lamps", "/comparehouse", "/de/pricing", "/blog/light", "/docs/setup", None]
    put_touchpoints(
        bench,
        [{"interaction_type": "page_view", "page_path": page, "occurred_at": "2026-01-03"} for page in pages]
        + [
            {"interaction_type": "order_placed", "family": "commerce", "occurred_at": "2026-01-04"},
            {"interaction_type": "page_view", "page_path": "/docs/setup", "occurred_at": "2026-01-05"},
            {"interaction_type": "page_view", "page_path": "/docs", "occurred_at": "2026-01-05"},
        ],
    )
    assert proven(bench) == [
        ["t000", "awareness", ""],
        ["t001", "consideration", "comparison"],
        ["t002", "awareness", ""],
        ["t003", "consideration", "objections"],
        ["t004", "awareness", "education"],
        ["t005", "awareness", ""],  # nobody uses what they have not bought
        ["t006", "awareness", ""],
        ["t007", "purchase", ""],
        ["t008", "experience", "onboarding"],
        ["t009", "experience", "use"],
    ]


def test_a_touchpoint_may_prove_a_step_of_several_funnels(bench: Bench) -> None:
    put_seeds(bench)
    order = {"interaction_type": "order_placed", "family": "commerce", "occurred_at": "2026-01-04"}
    put_touchpoints(bench, [{"interaction_type": "view_item", "occurred_at": "2026-01-03"}, order])
    assert proven(bench) == [["t000", "consideration", "demonstration"], ["t001", "purchase", ""]]
    assert proven(bench, "checkout") == [["t000", "view_item", ""], ["t001", "order_placed", ""]]


def test_a_new_funnel_is_lines_in_the_seeds_and_no_code(bench: Bench) -> None:
    put_seeds(
        bench,
        ("funnels", "trial,From trial to use,sequential,2592000,2592000,1,3,0"),
        ("stages", "trial,1,started,,,false,false,"),
        ("stages", "trial,2,used,,604800,false,false,"),
        ("stages", "trial,3,bought,,1209600,false,false,"),
        ("stages", "trial,4,cancelled,,,false,true,"),
        ("stage_map", "trial,any,trial_started,,started,,false"),
        ("stage_map", "trial,product,feature_used,,used,,false"),
        ("stage_map", "trial,commerce,order_placed,,bought,,false"),
        ("stage_map", "trial,any,trial_ended,,cancelled,,false"),
    )
    told = {"start": "website trial_started", "use": "product feature_used", "order": "commerce order_placed"} | {
        "end": "website trial_ended"
    }
    people = {"buys": ["start", "use", "order"], "gives up": ["start", "use", "end", "order"], "never": ["start"]}
    put_touchpoints(
        bench,
        [
            {
                "customer_id": person,
                **dict(zip(("family", "interaction_type"), told[word].split(), strict=True)),
                "occurred_at": f"2026-01-{5 + day:02}",
            }
            for person, words in people.items()
            for day, word in enumerate(words)
        ],
    )
    bench.run("denied_touches")
    bench.run("stage_events")
    run_funnel(bench)
    found = bench.ask(
        """
        select from_stage, to_stage, entered, converted, is_default_mode from warehouse.journeys.stage_cells
        where funnel = 'trial' and mode = 'sequential' and view = 'cohort' and breakdown = 'all' order by all
        """
    )
    assert found.values.tolist() == [
        ["started", "bought", 3, 1, True],
        ["started", "used", 3, 2, True],
        ["used", "bought", 2, 1, True],
    ]
    assert set(bench.ask("select distinct funnel from warehouse.journeys.stage_cells").iloc[:, 0]) == {
        "journey",
        "checkout",
        "trial",
    }


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


BREAKDOWNS = pd.read_csv(DBT_PROJECT / "seeds" / "breakdowns.csv")["breakdown"].tolist()


def test_every_breakdown_has_its_rule_and_no_other(vector: Bench) -> None:
    found = vector.ask("select distinct breakdown from warehouse.journeys.stage_cells")
    assert sorted(found["breakdown"]) == sorted(BREAKDOWNS)


@pytest.mark.parametrize("breakdown", BREAKDOWNS[1:])
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


# --- against the plain implementation -----------------------------------------------------------------------------


def random_events(generator: np.random.Generator, customers: int, numbers: int) -> list[tuple[str, int, object]]:
    """Journeys with repeats, returns, near-simultaneous events, ties, long silences and instants on a boundary."""
    events: list[tuple[str, int, object]] = []
    gaps = np.array(
        [0, 1, 2, 3, 60, 3600, DAY, 3 * DAY, 10 * DAY, 14 * DAY, 14 * DAY + 1, 29 * DAY, 30 * DAY, 31 * DAY]
    )
    for customer in range(customers):
        at = pd.Timestamp("2025-06-02") + pd.Timedelta(seconds=int(generator.integers(0, 150 * DAY)))
        number = 1
        for _ in range(int(generator.integers(1, 16))):
            events.append((f"c{customer}", number, at))
            at += pd.Timedelta(seconds=int(generator.choice(gaps)))
            # Mostly a step further or the same again, now and then anything.
            number = int(
                min(number + generator.integers(0, 2), numbers)
                if generator.random() < 0.6
                else generator.integers(1, numbers + 1)
            )
    return [event for event in events if event[2] < pd.Timestamp("2026-03-02")]  # type: ignore[operator]


FUNNELS: dict[str, dict[str, Any]] = {
    "journey": {"entry_until": 2, "terminal_from": 3, "reentry": 30 * DAY, "idle": 20 * DAY},
    "checkout": {"entry_until": 1, "terminal_from": 5, "idle": 14 * DAY},
    "optional": {"optional": ["s2", "s4"], "idle": 60 * DAY},
    "two optional in a row": {"optional": ["s2", "s3"], "entry_until": 2, "idle": 60 * DAY},
    "exclusion": {"exclusions": ["x"], "idle": 30 * DAY, "reentry": 3 * DAY},
    "everything": {"optional": ["s3"], "exclusions": ["x", "y"], "terminal_from": 4, "idle": 30 * DAY},
}


@pytest.mark.parametrize("name", FUNNELS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_cell_is_that_of_the_plain_implementation(bench: Bench, name: str, seed: int) -> None:
    options = {"entry_until": 1, "terminal_from": 5, "reentry": 0, "idle": 90 * DAY, **FUNNELS[name]}
    steps = [f"s{n}" for n in range(1, 6)]
    exclusions = options.get("exclusions", [])
    put_funnel(bench, steps, 14 * DAY, whole=30 * DAY, **options)
    events = random_events(np.random.default_rng(seed), 150, 5 + len(exclusions))
    put_events(bench, events)
    run_funnel(bench)
    found = bench.ask(
        """
        select week::timestamp as week, view, mode, f.stage_number as from_number, t.stage_number as to_number,
            entered, converted, imputed, open, median_seconds as median
        from warehouse.journeys.stage_cells
        inner join warehouse.seeds.stages as f on from_stage = f.stage
        inner join warehouse.seeds.stages as t on to_stage = t.stage
        where breakdown = 'all' order by all
        """
    )
    funnel = reference_funnel.Funnel(
        steps=[
            reference_funnel.Step(n, step, timedelta(days=14), step in options.get("optional", []))
            for n, step in enumerate(steps, 1)
        ],
        exclusions=frozenset(range(6, 6 + len(exclusions))),
        whole=timedelta(days=30),
        idle=timedelta(seconds=options["idle"]),
        entry_until=options["entry_until"],
        terminal_from=options["terminal_from"],
        reentry=timedelta(seconds=options["reentry"]),
    )
    frame = pd.DataFrame(events, columns=["customer_id", "stage_number", "occurred_at"])
    plain = reference_funnel.cells(
        funnel, frame.assign(event_id=[f"e{n:06}" for n in range(len(frame))]), datetime(2026, 3, 2)
    )
    keys = ["week", "view", "mode", "from_number", "to_number"]
    kinds = {"week": "datetime64[us]"} | dict.fromkeys(found.columns[5:], "float64")
    assert len(found) > 500
    pd.testing.assert_frame_equal(
        *(cells.sort_values(keys, ignore_index=True).astype(kinds) for cells in (found, plain)), rtol=1e-12
    )


# --- laws ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(bench: Bench) -> Bench:
    put_funnel(bench, STAGES, 14 * DAY, entry_until=2, terminal_from=3, reentry=30 * DAY)
    put_events(bench, random_events(np.random.default_rng(7), 400, 5))
    return run_funnel(bench)


def test_in_the_cohort_view_no_later_step_is_reached_more_often(crowd: Bench) -> None:
    found = crowd.ask(
        """
        select mode, week, list(entered order by t.stage_number), list(converted order by t.stage_number)
        from warehouse.journeys.stage_cells as c
        inner join warehouse.seeds.stages as t on to_stage = t.stage
        where view = 'cohort' and breakdown = 'all' and from_stage = 'awareness' and to_stage <> 'consideration'
            and mode <> 'any_order' group by all
        """
    )
    assert len(found) > 60 and found.iloc[:, 3].map(max).max() > 5
    for entered, converted in found.iloc[:, 2:].itertuples(index=False):
        assert len(set(entered)) == 1
        assert list(converted) == sorted(converted, reverse=True)


def test_no_cell_of_a_cohort_or_hazard_counts_more_moves_than_journeys(crowd: Bench) -> None:
    found = crowd.ask(
        "select count(*), count(*) filter (where converted + coalesce(open, 0) > entered or imputed > entered) "
        "from warehouse.journeys.stage_cells where view <> 'flow'"
    )
    assert found.iloc[0, 0] > 1000 and found.iloc[0, 1] == 0


def test_the_reporting_time_zone_moves_events_between_weeks_and_changes_no_total(crowd: Bench) -> None:
    totals = """
        select view, mode, from_stage, to_stage, breakdown, sum(entered), sum(converted), sum(imputed), sum(open)
        from warehouse.journeys.stage_cells where view <> 'hazard' group by all order by all
    """
    weekly = "select * from warehouse.journeys.stage_cells where view <> 'hazard' order by all"
    there, weeks_there = crowd.ask(totals), crowd.ask(weekly)
    crowd.clock("2026-03-02", "Pacific/Auckland")
    run_funnel(crowd)
    pd.testing.assert_frame_equal(crowd.ask(totals), there)
    assert not crowd.ask(weekly).equals(weeks_there)


def test_a_journey_with_a_hundred_thousand_touches_is_no_square(bench: Bench) -> None:
    put_funnel(bench, STAGES, 14 * DAY, entry_until=2, terminal_from=3, reentry=30 * DAY)
    start = pd.Timestamp("2026-01-05")
    put_events(bench, [("loud", 1 + n % 2, start + pd.Timedelta(seconds=3 * n)) for n in range(100_000)])
    # A join of every touch with every other would be 10,000,000,000 rows.
    bench.connection.execute("set memory_limit = '500MB'")
    run_funnel(bench)
    assert furthest(bench) == 2


# --- journeys of customers ----------------------------------------------------------------------------------------


def test_a_journey_tells_its_return_its_steps_back_and_its_time_in_each_stage(bench: Bench) -> None:
    put_funnel(bench, STAGES, 14 * DAY, entry_until=2, terminal_from=3, reentry=30 * DAY)
    days = [(1, "01-05"), (2, "01-07"), (1, "01-08"), (2, "01-09"), (3, "01-10"), (3, "01-12"), (1, "02-20")]
    put_events(bench, [("c", stage, f"2026-{day} 00:00") for stage, day in days])
    run_funnel(bench, cells=False)
    first, second = bench.run("journeys").sort_values("journey_number").to_dict("records")
    assert (first["is_reentry"], first["regressions"], first["has_regression"]) == (False, 1, True)
    assert [first[f"{stage}_seconds"] / DAY for stage in STAGES[:3]] == [2, 3, 2]
    assert pd.isna(first["experience_seconds"]) and pd.isna(first["days_since_previous_journey"])
    assert first["completion"] == pytest.approx(0.6)
    assert (second["is_reentry"], second["regressions"], second["days_since_previous_journey"]) == (True, 0, 39)
    assert second["awareness_seconds"] == 0


def test_members_come_from_the_first_touch_and_from_what_was_known_a_week_before(bench: Bench) -> None:
    put_funnel(bench, STAGES, 14 * DAY)
    put_events(bench, [("c", 1, "2026-01-07"), ("c", 2, "2026-01-08")], session_number=["s1", "s2"])
    bench.connection.execute(
        """
        insert into warehouse.journeys.session_touches values
            ('s1', 'Email', 'winter', 1), ('s1', 'Display', 'later', 2), ('s2', 'Direct', null, 1);
        insert into warehouse.journeys.customer_attributes values ('c', 'country', 'DE'), ('c', 'city', 'Berlin');
        insert into warehouse.journeys.customer_weeks values
            ('c', '2025-12-29', 'at_risk'), ('c', '2026-01-05', 'current')
        """
    )
    run_funnel(bench, cells=False)
    found = bench.ask(
        """
        select distinct entry_channel, entry_campaign, entry_device, market, customer_type, segment_at_entry, entry_mix
        from warehouse.journeys.transitions_of_journeys
        """
    )
    assert found.values.tolist() == [["Email", "winter", "unknown", "DE", "new", "at_risk", "Email / unknown / new"]]


def test_a_journey_counts_once_a_week_in_each_sub_stage(bench: Bench) -> None:
    put_funnel(bench, STAGES, 14 * DAY)
    put_events(
        bench,
        [("a", 2, "2026-01-05"), ("a", 2, "2026-01-06"), ("a", 2, "2026-01-07"), ("b", 2, "2026-01-07")],
        sub_stage=["comparison", "comparison", "objections", None],
    )
    run_funnel(bench, cells=False)
    bench.connection.execute(
        """
        create table warehouse.journeys.journeys (journey_id varchar, customer_number integer, journey_number bigint);
        create table warehouse.journeys.sub_stage_touches (
            journey_id varchar, occurred_at timestamp, stage varchar, sub_stage varchar)
        """
    )
    found = bench.run("sub_stage_cells").drop(columns="week").values.tolist()
    assert found == [["consideration", "comparison", 1, 2], ["consideration", "objections", 1, 2]]
