"""Paths through journeys: the published vector, conservation, and a slow obvious reference on random touches."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from zlib import crc32

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

VECTOR = Path(__file__).parent.parent / "vectors" / "64_paths"
STAGES = ["awareness", "consideration", "purchase", "experience", "advocacy"]
WINDOW = timedelta(days=60)
# Six steps hold the vector's longest path; its links are those of its own first four.
MAX_STEPS, LONG_STEPS, TOP_ACTIVITIES, TOP_PATHS = 6, 9, 5, 6
VARIABLES = (
    f"{{paths_max_steps: {MAX_STEPS}, paths_long_steps: {LONG_STEPS}, paths_top_activities: {TOP_ACTIVITIES}, "
    f"paths_top_paths: {TOP_PATHS}}}"
)
MODELS = ["journey_touches", "journey_steps", "journey_paths", "path_activities", "path_step_cells", "transition_cells"]
AS_OF = datetime(2026, 6, 1)
Touch = tuple[str, datetime, str, str]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "path:models/journeys mart_customer_timeline", VARIABLES)


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    return Bench(models)


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(customer_number=frame["customer_id"].map(lambda text: crc32(text.encode()), na_action="ignore"))


def put_touches(bench: Bench, touches: list[Touch]) -> None:
    frame = pd.DataFrame(touches, columns=["customer_id", "occurred_at", "family", "interaction_type"])
    frame = frame.assign(touchpoint_id=[f"t{n:05}" for n in range(len(frame))], channel="direct")
    frame = frame.assign(is_machine=frame["interaction_type"] == "robot", is_internal_test=frame["family"] == "test")
    bench.put("journeys.customer_touchpoints", numbered(frame), occurred_at="timestamp")
    bench.connection.execute("create or replace table warehouse.journeys.denied_touches (touchpoint_id varchar)")


def put_journeys(bench: Bench, journeys: list[dict[str, Any]]) -> None:
    columns = [
        "journey_id",
        "customer_id",
        "journey_number",
        "entered_at",
        *(f"{stage}_at" for stage in STAGES),
        "status",
    ]
    frame = pd.DataFrame(journeys, columns=columns)
    times = dict.fromkeys([column for column in columns if column.endswith("_at")], "timestamp")
    bench.put("journeys.journeys", numbered(frame), journey_number="bigint", **times)
    members = frame[["journey_id"]].assign(
        funnel="journey",
        customer_type=["new" if number == 1 else "returning" for number in frame["journey_number"]],
        segment_at_entry=[segment(journey) for journey in frame["journey_id"]],
    )
    bench.put("journeys.funnel_journeys", members)
    bench.put("seeds.funnels", pd.DataFrame({"funnel": ["journey"], "window_seconds": [int(WINDOW.total_seconds())]}))


def segment(journey_id: str) -> str:
    return "prospect" if sum(map(ord, journey_id)) % 3 else "current"


def build(bench: Bench) -> None:
    bench.clock(AS_OF.isoformat())
    for model in MODELS:
        bench.run(model)


# --- the published vector -----------------------------------------------------------------------------------------


@pytest.fixture
def known(bench: Bench) -> Bench:
    given = pd.read_csv(VECTOR / "input.csv", parse_dates=["event_ts"])
    put_touches(bench, [(row.case_id, row.event_ts, "web", row.activity) for row in given.itertuples()])
    first = given.groupby("case_id")["event_ts"].min()
    put_journeys(
        bench,
        [
            {"journey_id": f"j{case}", "customer_id": case, "journey_number": 1, "entered_at": at, "awareness_at": at,
             "status": "complete"}
            for case, at in first.items()
        ],
    )  # fmt: skip
    build(bench)
    return bench


def test_edges_of_the_vector_are_found_with_their_counts_and_medians(known: Bench) -> None:
    expected = pd.read_csv(VECTOR / "expected_dfg.csv")
    found = known.ask(
        """
        select replace(from_activity, 'web/', '') as from_activity, replace(to_activity, 'web/', '') as to_activity,
            sum(occurrences)::bigint as n, max(median_seconds)::bigint as median_seconds
        from warehouse.journeys.transition_cells where cohort_set = 'all' group by all order by all
        """
    )
    assert found.values.tolist() == sorted(expected.values.tolist())


def test_paths_of_the_vector_are_found_with_their_shares(known: Bench) -> None:
    expected = pd.read_csv(VECTOR / "expected_paths.csv")
    found = known.ask(
        """
        select replace(replace(path, 'web/', ''), ' > ', '>') as path, count(*) as n,
            count(*) / sum(count(*)) over () as share
        from warehouse.journeys.journey_paths group by all order by all
        """
    )
    assert found.values.tolist() == expected.sort_values("path").values.tolist()


def test_links_of_the_vector_are_the_first_steps_of_its_journeys(known: Bench) -> None:
    expected = pd.read_csv(VECTOR / "expected_sankey.csv")
    last = json.loads((VECTOR / "params.json").read_text())["max_steps"]
    found = known.ask(
        f"""
        select step_number as step, replace(activity, 'web/', '') as source,
            replace(next_activity, 'web/', '') as target, count(*) as n
        from warehouse.journeys.journey_steps
        where step_number < {last} and next_activity is not null group by all order by all
        """
    )
    assert found.values.tolist() == sorted(expected.values.tolist())


# --- random touches against a slow reference ----------------------------------------------------------------------


def random_market(seed: int) -> tuple[list[Touch], list[dict[str, Any]]]:
    """Customers with up to three journeys; touches before the first, in the same instant, of robots and of tests."""
    draw = random.Random(seed)
    touches: list[Touch] = []
    journeys: list[dict[str, Any]] = []
    for number in range(60):
        customer, at = f"c{number:02}", datetime(2026, 1, 5) + timedelta(hours=draw.randrange(24 * 120))
        for _ in range(draw.randrange(3)):
            touches.append((customer, at - timedelta(days=draw.randrange(1, 9)), "email", "sent"))
        for journey in range(1, draw.randrange(1, 4) + 1):
            purchase = at + timedelta(days=draw.randrange(90)) if draw.random() < 0.4 else None
            journeys.append(
                {"journey_id": f"{customer}.{journey}", "customer_id": customer, "journey_number": journey,
                 "entered_at": at, "awareness_at": at, "purchase_at": purchase,
                 "status": draw.choice(["open", "dropped", "complete"])}
            )  # fmt: skip
            clock = at
            for _ in range(draw.randrange(14)):
                family = draw.choice(["web", "web", "email", "test"])
                touches.append((customer, clock, family, draw.choice(["a", "b", "c", "robot"])))
                clock += timedelta(seconds=draw.choice([0, 0, 40, 3600]))
            at = clock + timedelta(days=draw.randrange(31, 40))
    draw.shuffle(touches)
    return touches, journeys


def walked(touches: list[Touch], journeys: list[dict[str, Any]]) -> dict[str, list[tuple[datetime, str]]]:
    """Steps by journey, told as one would on paper: each touch to the last journey begun by then, repeats dropped."""
    steps: dict[str, list[tuple[datetime, str]]] = {journey["journey_id"]: [] for journey in journeys}
    for customer, at, family, kind in sorted(touches, key=lambda t: (t[1], t[2], t[3])):
        if kind == "robot" or family == "test":
            continue
        begun = [j for j in journeys if j["customer_id"] == customer and j["entered_at"] <= at]
        if begun:
            mine = steps[max(begun, key=lambda j: j["entered_at"])["journey_id"]]
            if not mine or mine[-1][1] != f"{family}/{kind}":
                mine.append((at, f"{family}/{kind}"))
    return steps


def cohorts(journey: dict[str, Any]) -> list[tuple[date, str, str]]:
    day = journey["entered_at"].date()
    week = day - timedelta(days=day.weekday())
    mature = datetime.combine(week, datetime.min.time()) + timedelta(days=7) + WINDOW <= AS_OF
    bought = journey["purchase_at"] is not None and journey["purchase_at"] - journey["entered_at"] <= WINDOW
    outcome = ("converting" if bought else "not_converting") if mature else "open"
    kind = "new" if journey["journey_number"] == 1 else "returning"
    sets = {"all": "all", "outcome": outcome, "customer_type": kind, "segment": segment(journey["journey_id"])}
    return [(week, cohort_set, cohort) for cohort_set, cohort in sets.items()]


def shown(steps: dict[str, list[tuple[datetime, str]]], journeys: list[dict[str, Any]]) -> dict[tuple[date, str], str]:
    """By week of entry and activity: the week's most frequent activities under their own name."""
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    for journey in journeys:
        counts[cohorts(journey)[0][0]].update(activity for _, activity in steps[journey["journey_id"]])
    names = {}
    for week, of_week in counts.items():
        ranked = sorted(of_week, key=lambda activity: (-of_week[activity], activity))
        names |= {(week, a): a if place < TOP_ACTIVITIES else "other" for place, a in enumerate(ranked)}
    return names


@pytest.fixture(params=range(4))
def market(request: pytest.FixtureRequest, bench: Bench) -> tuple[Bench, list[Touch], list[dict[str, Any]]]:
    touches, journeys = random_market(request.param)
    put_touches(bench, touches)
    put_journeys(bench, journeys)
    build(bench)
    return bench, touches, journeys


def test_paths_and_steps_are_those_of_the_slow_reference(
    market: tuple[Bench, list[Touch], list[dict[str, Any]]],
) -> None:
    bench, touches, journeys = market
    steps = walked(touches, journeys)
    names = shown(steps, journeys)
    expected: Counter[tuple[Any, ...]] = Counter()
    paths = []
    for journey in journeys:
        mine = [activity for _, activity in steps[journey["journey_id"]]]
        shortened = [" > ".join(mine[:n] + ["..."] * (len(mine) > n)) for n in (MAX_STEPS, LONG_STEPS)]
        paths.append([journey["journey_id"], *shortened, len(mine)])
        for number in range(1, MAX_STEPS + 1):
            gone = "open" if journey["status"] == "open" else "exit"
            for week, *cohort in cohorts(journey):
                activity = names[week, mine[number - 1]] if number <= len(mine) else gone
                expected[week, *cohort, number, activity] += 1
    found = bench.ask("select journey_id, path, long_path, steps from warehouse.journeys.journey_paths order by all")
    assert found.values.tolist() == sorted(paths)
    cells = bench.connection.execute("select * from warehouse.journeys.path_step_cells").fetchall()
    assert len(cells) == len(expected)
    assert {tuple(cell[:-1]): cell[-1] for cell in cells} == expected


def test_transitions_are_those_of_the_slow_reference(market: tuple[Bench, list[Touch], list[dict[str, Any]]]) -> None:
    bench, touches, journeys = market
    steps = walked(touches, journeys)
    names = shown(steps, journeys)
    seconds: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    met: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for journey in journeys:
        mine = steps[journey["journey_id"]]
        week = cohorts(journey)[0][0]
        taken = [names[week, activity] for _, activity in mine]
        nodes = ["START", *taken, "OPEN" if journey["status"] == "open" else "END"]
        gaps = [(after - before).total_seconds() for (before, _), (after, _) in pairwise(mine)]
        lasting = [0.0, *gaps, 0.0] if mine else [0.0]
        for (start, end), gap in zip(pairwise(nodes), lasting, strict=True):
            for cohort in cohorts(journey):
                seconds[(*cohort, start, end)].append(gap)
                met[(*cohort, start, end)].add(journey["journey_id"])
    found = bench.connection.execute("select * from warehouse.journeys.transition_cells").fetchall()
    assert {row[:5]: row[5:] for row in found} == {
        edge: (len(met[edge]), len(gaps), median(gaps)) for edge, gaps in seconds.items()
    }


def test_what_flows_into_an_activity_flows_out_of_it(market: tuple[Bench, list[Touch], list[dict[str, Any]]]) -> None:
    bench, _, journeys = market
    unequal = bench.ask(
        """
        with ends as (
            select week, cohort_set, cohort, from_activity as activity, occurrences as flow
            from warehouse.journeys.transition_cells
            union all
            select week, cohort_set, cohort, to_activity, -occurrences from warehouse.journeys.transition_cells
        )
        select week, cohort_set, cohort, activity from ends
        group by all having sum(flow) <> 0 and activity not in ('START', 'END', 'OPEN')
        """
    )
    assert unequal.empty
    begun = bench.ask(
        "select sum(occurrences)::bigint from warehouse.journeys.transition_cells "
        "where from_activity = 'START' and cohort_set = 'outcome'"
    )
    assert begun.values.tolist() == [[len(journeys)]]


def test_journeys_of_a_later_week_change_no_row_of_an_earlier_one(bench: Bench) -> None:
    """What is rare in the first week is all that is done in the second."""
    early = {who: [(n, f"web/{kind}") for n, kind in enumerate(walk)] for who, walk in
             {"one": "abcdefg", "two": "abcde", "three": "gab"}.items()}  # fmt: skip
    late = {f"late {n}": [(14, "web/f"), (15, "web/g"), (16, "web/z")] for n in range(9)}
    tables = ("path_step_cells", "transition_cells")

    def rows() -> list[list[tuple[Any, ...]]]:
        return [
            bench.connection.execute(f"select * from warehouse.journeys.{table} where week = ? order by all", [day(0)])
            .fetchall()
            for table in tables
        ]  # fmt: skip

    put_walks(bench, early)
    before = rows()
    assert all(any("other" in row for row in table) for table in before)
    put_walks(bench, early | late, **{who: {"entered_at": day(14), "awareness_at": day(14)} for who in late})
    assert rows() == before


def test_a_touch_before_the_first_journey_belongs_to_none(
    market: tuple[Bench, list[Touch], list[dict[str, Any]]],
) -> None:
    bench, touches, journeys = market
    first = {j["customer_id"]: j["entered_at"] for j in journeys if j["journey_number"] == 1}
    early = [t for t in touches if t[1] < first[t[0]]]
    assert early
    found = bench.ask(
        "select count(*) from warehouse.journeys.journey_touches where journey_id is null and stage is null"
    )
    assert found.values.tolist() == [[len(early)]]


# --- what is made of paths ----------------------------------------------------------------------------------------


def test_top_paths_and_the_rest_add_up_to_every_cohort(
    market: tuple[Bench, list[Touch], list[dict[str, Any]]],
) -> None:
    bench, touches, journeys = market
    steps = walked(touches, journeys)
    expected: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for journey in journeys:
        mine = [activity for _, activity in steps[journey["journey_id"]]]
        path = " > ".join(mine[:MAX_STEPS]) + (" > ..." if len(mine) > MAX_STEPS else "")
        for week, *cohort in cohorts(journey):
            if week >= AS_OF.date() - timedelta(weeks=12):
                expected[cohort[0], cohort[1]][path] += 1
    bench.run("top_path_cells")
    rows = bench.connection.execute(
        "select cohort_set, cohort, path_rank, path, paths, journeys from warehouse.journeys.top_path_cells"
    ).fetchall()
    assert {(row[0], row[1]) for row in rows} == set(expected)
    for cohort, counts in expected.items():
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        mine = [(rank, path, 1, count) for rank, (path, count) in enumerate(ranked[:TOP_PATHS], 1)]
        rest = [count for _, count in ranked[TOP_PATHS:]]
        mine += [(None, "other", len(rest), sum(rest))] if rest else []
        assert sorted((row[2:] for row in rows if row[:2] == cohort), key=str) == sorted(mine, key=str)


def day(number: float) -> datetime:
    return datetime(2026, 1, 5) + timedelta(days=number)


def put_walks(bench: Bench, walks: dict[str, list[tuple[float, str]]], **given: dict[str, Any]) -> None:
    """One journey a customer: activities by day, and times of its stages (`given`, by customer)."""
    put_touches(bench, [(who, day(at), *what.split("/")) for who, walk in walks.items() for at, what in walk])
    journeys = [
        {"journey_id": who, "customer_id": who, "journey_number": 1, "status": "dropped"}
        | {"entered_at": day(0), "awareness_at": day(0)}
        | given.get(who, {})
        for who in walks
    ]
    put_journeys(bench, journeys)
    build(bench)


def test_conformance_names_what_was_skipped_and_what_came_too_early(bench: Bench) -> None:
    put_walks(
        bench,
        {
            "whole": [(0, "web/a"), (1, "shop/cart"), (2, "shop/buy")],
            "so far": [(0, "web/a")],
            "optional left out": [(0, "web/b"), (1, "shop/buy")],
            "at once": [(0, "web/a"), (0, "shop/buy")],
            "skipped": [(0, "shop/buy")],
            "too early": [(0, "shop/buy"), (1, "web/a"), (2, "shop/buy")],
        },
    )
    design = [("d", 1, "look", "web/*", True), ("d", 2, "cart", "shop/cart", False), ("d", 3, "buy", "*/buy", True)]
    columns = ["design", "step_number", "step", "activity_pattern", "is_required"]
    bench.put("seeds.designed_journeys", pd.DataFrame(design, columns=columns))
    bench.run("conformance_cells")
    found = bench.connection.execute(
        "select finding, journeys, found from warehouse.journeys.conformance_cells order by all"
    ).fetchall()
    assert found == [
        ("conforming", 6, 4),
        ("out_of_order:buy", 6, 1),
        ("out_of_order:cart", 6, 0),
        ("out_of_order:look", 6, 0),
        ("skipped:buy", 6, 0),
        ("skipped:look", 6, 1),
    ]


def test_only_what_came_before_the_purchase_and_in_its_window_is_contrasted(bench: Bench) -> None:
    put_walks(
        bench,
        {
            "buyer": [(0, "web/a"), (1, "web/b"), (2, "shop/buy"), (3, "web/c")],
            "other buyer": [(0, "web/a"), (2, "shop/buy")],
            "late buyer": [(0, "web/a"), (61, "web/c")],
            "nobody": [(0, "web/b"), (1, "web/a"), (2, "web/b")],
        },
        **{
            "buyer": {"purchase_at": day(2)},
            "other buyer": {"purchase_at": day(2)},
            "late buyer": {"purchase_at": day(61)},
        },
    )
    bench.run("path_contrast_cells")
    found = bench.connection.execute("select * from warehouse.journeys.path_contrast_cells order by all").fetchall()
    assert found == [("web/a", 2, 2, 2, 2), ("web/b", 1, 2, 1, 2)]


def test_the_map_counts_touches_by_the_stage_in_force_and_what_followed(bench: Bench) -> None:
    walk = [(-1.0, "email/sent"), (0.0, "web/a"), (0.5, "web/a"), (7.0, "web/a"), (40.0, "shop/buy")]
    put_walks(bench, {"c": walk}, c={"consideration_at": day(3), "purchase_at": day(40)})
    answers = [
        (day(0).date(), "awareness", "web", 0.25),
        (day(0).date(), "awareness", "web", 1.0),
        (day(0).date(), "experience", "shop", 0.75),
    ]
    bench.put("journeys.experience_answers", pd.DataFrame(answers, columns=["week", "stage", "family", "score_share"]))
    stages = {"stage_number": range(1, 6), "stage": STAGES, "owner": [f"owner of {stage}" for stage in STAGES]}
    windows = [None, 28 * 86400, 28 * 86400, 14 * 86400, 90 * 86400]
    bench.put(
        "seeds.stages",
        pd.DataFrame(stages).assign(funnel="journey", is_exclusion=False, window_seconds=windows),
        window_seconds="bigint",
    )
    bench.run("journey_map_cells")
    found = bench.connection.execute(
        """
        select strftime(week, '%m-%d'), stage, family, interaction_type, touches, customers, journeys, converted,
            answers, score_share_sum, pained_answers, owner
        from warehouse.journeys.journey_map_cells order by all
        """
    ).fetchall()
    assert found == [
        ("01-05", "awareness", "web", "a", 2, 1, 1, 1, 2, 1.25, 1, "owner of awareness"),
        ("01-05", "experience", "shop", "none", 0, 0, 0, 0, 1, 0.75, 0, "owner of experience"),
        # The purchase came 33 days after it: the window is 28.
        ("01-12", "consideration", "web", "a", 1, 1, 1, 0, 0, None, 0, "owner of consideration"),
        ("02-09", "purchase", "shop", "buy", 1, 1, 1, 0, 0, None, 0, "owner of purchase"),
        ("12-29", "none", "email", "sent", 1, 1, 0, 0, 0, None, 0, None),
    ]


def test_a_timeline_holds_every_kind_of_event_in_the_journey_in_force(bench: Bench) -> None:
    put_walks(bench, {"c": [(-1, "email/sent"), (0, "web/a")]}, c={"consideration_at": day(3), "purchase_at": day(3)})
    conversions = [("c", day(3), "o1", "order", 10.5, False), ("c", day(4), "o2", "order", 9.0, True)]
    columns = ["customer_id", "occurred_at", "conversion_id", "conversion_type", "net_amount_reporting", "is_test"]
    bench.put("journeys.customer_conversions", pd.DataFrame(conversions, columns=columns), occurred_at="timestamp")
    answers = [("c", day(5), "s1", "CSAT", "commerce", 4), (None, day(5), "s2", "CSAT", "commerce", 1)]
    columns = ["customer_id", "answered_at", "score_id", "instrument", "family", "score"]
    bench.put("journeys.experience_answers", pd.DataFrame(answers, columns=columns), answered_at="timestamp")
    consents = [("c", "email_marketing", "granted", day(-2))]
    columns = ["customer_id", "purpose", "state", "valid_from"]
    bench.put("journeys.customer_consents", pd.DataFrame(consents, columns=columns), valid_from="timestamp")
    found = bench.connection.execute(
        f"""
        select kind, event_id, journey_id, stage, what, channel, amount::double, score
        from ({bench.models["mart_customer_timeline"]}) order by occurred_at
        """
    ).fetchall()
    assert found == [
        ("consent", "email_marketing", None, None, "email_marketing granted", None, None, None),
        ("touchpoint", "t00000", None, None, "email/sent", "direct", None, None),
        ("touchpoint", "t00001", "c", "awareness", "web/a", "direct", None, None),
        ("conversion", "o1", "c", "purchase", "order", None, 10.5, None),
        ("answer", "s1", "c", "purchase", "CSAT commerce", None, None, 4.0),
    ]
