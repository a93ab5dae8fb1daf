"""Which answers count, what they weigh and what is made of them, on small hand-made surveys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.response_bias import response_weights
from journey_pipeline.settings import DBT_PROJECT

from .compiled_models import Bench, compile_models

WEEKS = [date(2026, 3, 2) + timedelta(weeks=n) for n in range(8)]
CHAIN = [
    "experience_answers",
    "response_customers",
    "response_cells",
    "response_groups",
    "response_strata",
    "response_left",
    "weighted_answers",
    "invited_customers",
    "experience_cells",
    "rated_touchpoints",
    "consistency_cells",
    "consistency_touchpoint_cells",
    "kpi_experience_cells",
]
EMPTY = {
    "journeys.journeys": "customer_number integer, journey_number integer, entered_at timestamp, entry_channel varchar",
    "journeys.segment_assignments": "week_number integer, customer_number integer, is_latest boolean, "
    "lifecycle smallint, persona smallint",
    "journeys.customer_conversions": "conversion_type varchar, order_ref varchar, occurred_at timestamp",
    "events.survey_invitations": "invitation_id varchar, source varchar, instrument varchar, definition_id varchar, "
    "family varchar, identifier_type varchar, identifier_value varchar, asked_at timestamp, is_answered boolean",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join(CHAIN))


def answer(customer: str | None, day: str, score: float, question: str = "CSAT:1-5:delivery", **more: object) -> dict:  # type: ignore[type-arg]
    instrument, scale, _ = question.split(":")
    low, high = (float(end) for end in scale.split("-"))
    given = {
        "score_id": f"{customer} {day} {question} {score} {sorted(more.items())}", "source": "typeform",
        "instrument": instrument, "definition_id": question, "wording": "w", "scale_min": low, "scale_max": high,
        "score": score, "score_share": (score - low) / (high - low), "family": "commerce",
        "identifier_type": "email", "identifier_value": customer, "answered_at": day, "asked_at": None,
        "about_type": "relationship", "about_ref": None, "comment": None, "is_complete": True,
    }  # fmt: skip
    return {**given, **more}


def bench_of(
    models: dict[str, str],
    answers: list[dict],
    orders: dict[str, list[tuple[str, float]]] | None = None,  # type: ignore[type-arg]
) -> Bench:
    """A warehouse with these answers, and customers with these orders (day, value)."""
    bench = Bench(models)
    bench.clock("2026-04-27")
    people = sorted({a["identifier_value"] for a in answers if a["identifier_value"]} | set(orders or {}))
    numbers = {person: n + 1 for n, person in enumerate(people)}
    scores = pd.DataFrame(answers).astype({"score_share": float})
    kinds = {"answered_at": "timestamp", "asked_at": "timestamp", "about_ref": "varchar", "comment": "varchar"}
    kinds |= dict.fromkeys(("scale_min", "scale_max", "score", "score_share"), "decimal(18, 6)")
    bench.put("events.experience_scores", scores, identifier_value="varchar", **kinds)
    known = pd.DataFrame({"identifier_type": "email", "identifier_value": people, "customer_id": people})
    bench.put("identity.identifiers", known, identifier_value="varchar", customer_id="varchar")
    bench.put("journeys.customer_numbers", pd.DataFrame({"customer_number": numbers.values(), "customer_id": people}),
              customer_number="integer", customer_id="varchar")  # fmt: skip
    bench.put("journeys.weeks", pd.DataFrame({"week": WEEKS, "ends_at": [w + timedelta(days=7) for w in WEEKS]}),
              week="date", ends_at="timestamp")  # fmt: skip
    bench.connection.execute(
        f"create table warehouse.seeds.positive_boxes as from '{DBT_PROJECT / 'seeds' / 'positive_boxes.csv'}'"
    )
    for relation, columns in EMPTY.items():
        bench.connection.execute(f"create table warehouse.{relation} ({columns})")
    bench.connection.execute("""
        create table warehouse.journeys.segment_weeks as select week, ends_at, false as is_latest,
            cast(date_diff('day', date '2000-01-03', week) // 7 as integer) as week_number from warehouse.journeys.weeks
    """)
    told = [
        (numbers[who], f"{who} {n}", *order) for who, made in (orders or {}).items() for n, order in enumerate(made)
    ]
    names = ["customer_number", "conversion_id", "occurred_at", "value"]
    bench.put("journeys.segment_orders_told", pd.DataFrame(told, columns=names), customer_number="integer",
              occurred_at="timestamp", value="decimal(18, 6)", conversion_id="varchar")  # fmt: skip
    return bench


def run(bench: Bench, last: str) -> pd.DataFrame:
    for model in CHAIN[: CHAIN.index(last)]:
        bench.run(model)
    return bench.run(last)


@pytest.fixture
def survey(models: dict[str, str]) -> Callable[..., Bench]:
    return lambda *given: bench_of(models, *given)


def test_a_voice_counts_until_the_same_customer_says_it_again_within_30_days(survey: Callable[..., Bench]) -> None:
    given = [
        answer("a", "2026-03-02", 1),
        answer("a", "2026-03-31 23:59:59", 4),  # a second short of 30 days after the first
        answer("b", "2026-03-02", 1),
        answer("b", "2026-04-01", 4),  # to the second 30 days after
        answer("c", "2026-03-02", 1, about_ref="7"),
        answer("c", "2026-03-03", 2, about_ref="8"),  # another thing
        answer("d", "2026-03-02", 1),
        answer("d", "2026-03-03", 1, "CSAT:1-7:delivery"),  # another scale is another question
        answer(None, "2026-03-02", 3),
        answer(None, "2026-03-03", 3),  # nobody knows whether these are one
    ]
    found = survey(given).run("experience_answers")
    counted = found.groupby(found["customer_id"].fillna("?"))["score"].apply(lambda s: sorted(map(float, s)))
    assert counted.to_dict() == {"?": [3, 3], "a": [4], "b": [1, 4], "c": [1, 2], "d": [1, 1]}


def test_windows_hang_on_the_answers_and_not_on_when_the_run_ends(survey: Callable[..., Bench]) -> None:
    given = [answer("a", f"2026-03-{day:02d}", 1 + day % 5) for day in (2, 10, 20)] + [answer("b", "2026-03-05", 2)]
    bench = survey(given)
    told = []
    for as_of in ("2026-04-06", "2026-04-13", "2026-04-20", "2026-04-27"):
        bench.clock(as_of)
        told.append(bench.run("experience_answers")["score_id"].tolist())
    assert told == [told[0]] * 4


@pytest.mark.parametrize(
    ("question", "positive"),
    [
        ("CSAT:0-1:t", {1}), ("CSAT:1-3:t", {3}), ("CSAT:1-4:t", {3, 4}), ("CSAT:1-5:t", {4, 5}),
        ("CSAT:1-6:t", {4, 5, 6}), ("CSAT:1-7:t", {5, 6, 7}), ("CSAT:1-8:t", {6, 7, 8}), ("CSAT:1-10:t", {8, 9, 10}),
        ("CES:1-5:t", {4, 5}), ("CES:1-7:t", {5, 6, 7}), ("STARS:1-5:t", {4, 5}), ("NPS:0-10:t", set()),
    ],
)  # fmt: skip
def test_positive_answers_by_scale(survey: Callable[..., Bench], question: str, positive: set[int]) -> None:
    low, high = map(int, question.split(":")[1].split("-"))
    found = survey([answer(None, "2026-03-02", n, question) for n in range(low, high + 1)]).run("experience_answers")
    assert set(found.loc[found["is_positive"], "score"].astype(int)) == positive
    assert found["is_scored"].all()


def test_recommendation_is_scored_from_0_to_10_alone(survey: Callable[..., Bench]) -> None:
    found = survey([answer(None, "2026-03-02", n, "NPS:0-10:r") for n in range(11)]).run("experience_answers")
    assert set(found.loc[found["is_detractor"], "score"].astype(int)) == set(range(7))
    assert set(found.loc[found["is_promoter"], "score"].astype(int)) == {9, 10}
    other = survey([answer(None, "2026-03-02", n, "NPS:1-10:r") for n in (1, 10)]).run("experience_answers")
    assert not other[["is_promoter", "is_detractor", "is_scored"]].to_numpy().any()


def market() -> tuple[list[dict], dict[str, list[tuple[str, float]]]]:  # type: ignore[type-arg]
    """Two hundred customers; new buyers answer four times as often as those who stay away, and like it better."""
    orders = {f"c{n:03d}": [("2026-03-04" if n % 2 else "2025-12-01", 10.0 + n)] for n in range(200)}
    answers = []
    for n, who in enumerate(orders):
        if n % 2 or n % 8 == 0:
            day = WEEKS[1 + n % 3] + timedelta(days=1)
            answers.append(answer(who, str(day), 5 if n % 2 and n % 3 else 2))
    answers += [answer(f"p{n}", "2026-03-12", 3) for n in range(4)]  # who never ordered
    return answers, orders


def test_weights_sum_to_the_answers_and_are_those_of_the_method(survey: Callable[..., Bench]) -> None:
    bench = survey(*market())
    strata = run(bench, "response_strata")
    last = strata[strata["week"] == strata["week"].max()]
    assert last["population"].sum() == 200 and last["answers"].sum() == 125
    assert last["stratum"].nunique() > 1 and (last["answers"] >= 20).all()
    np.testing.assert_allclose(
        last["weight"].astype(float), response_weights(last["population"], last["answers"]), rtol=1e-7
    )
    weighed = run(bench, "weighted_answers")
    sums = weighed.assign(weight=weighed["weight"].astype(float)).groupby(["week", "definition_id"])["weight"]
    np.testing.assert_allclose(sums.sum(), sums.size(), atol=1e-6)
    assert (weighed.loc[weighed["stratum"].isna(), "weight"].astype(float) == 1).all()
    assert weighed["stratum"].isna().sum() == 4


def test_answers_of_the_future_change_nothing_of_earlier_weeks(survey: Callable[..., Bench]) -> None:
    answers, orders = market()
    cut = WEEKS[3]
    later = [answer(f"c{n:03d}", f"{cut + timedelta(days=30)}", 1, about_ref="x") for n in range(0, 200, 3)]
    for model in ("experience_cells", "response_strata", "consistency_cells", "kpi_experience_cells"):
        before, after = (run(survey(given, orders), model) for given in (answers, answers + later))
        early = [frame[frame["week"] <= pd.Timestamp(cut)].reset_index(drop=True) for frame in (before, after)]
        assert len(early[0])
        pd.testing.assert_frame_equal(*early)


def test_order_of_rows_changes_nothing(survey: Callable[..., Bench]) -> None:
    answers, orders = market()
    one = run(survey(answers, orders), "experience_cells")
    pd.testing.assert_frame_equal(run(survey(answers[::-1], dict(reversed(orders.items()))), "experience_cells"), one)


def test_segments_sum_to_all_and_two_scales_have_rows_of_their_own(survey: Callable[..., Bench]) -> None:
    answers, orders = market()
    answers += [answer(f"c{n:03d}", "2026-03-11", 7, "CSAT:1-7:delivery") for n in range(30)]
    bench = survey(answers, orders)
    bench.connection.execute("""
        insert into warehouse.journeys.segment_assignments
        select week_number, customer_number, false, 1 + customer_number % 3, 1 + customer_number % 2
        from warehouse.journeys.segment_weeks cross join warehouse.journeys.customer_numbers
    """)
    cells = run(bench, "experience_cells")
    counted = ["answers", "scored", "positives", "weights", "weighted_positives", "score_sum"]
    sums = cells.groupby(["segment_set", "week", "definition_id"])[counted].sum().astype(float)
    for name in ("lifecycle", "persona"):
        np.testing.assert_allclose(sums.loc[name], sums.loc["all"], atol=1e-9)
        assert cells.loc[cells["segment_set"] == name, "segment"].nunique() > 1
    everybody = cells[cells["segment_set"] == "all"]
    assert set(everybody["definition_id"]) == {"CSAT:1-5:delivery", "CSAT:1-7:delivery"}
    assert not everybody.duplicated(["week", "family", "definition_id"]).any()
    assert (everybody["segment_as_of"] == "week").all()


def test_invitations_are_those_a_source_tells_of(survey: Callable[..., Bench]) -> None:
    ticket = {"family": "support", "source": "zendesk", "asked_at": "2026-03-03 10:00"}
    bench = survey([
        answer("a", "2026-03-03 12:00", 1, "CSAT:0-1:zendesk_ticket", **ticket),
        answer("b", "2026-03-03", 5),
    ])  # fmt: skip
    bench.connection.execute("""
        insert into warehouse.events.survey_invitations
        select 'i' || n, 'zendesk', 'CSAT', 'CSAT:0-1:zendesk_ticket', 'support', 'email', 'a', '2026-03-03 10:00',
            n = 1
        from range(1, 5) as t(n)
    """)
    cells = run(bench, "experience_cells")
    found = cells[cells["segment_set"] == "all"].set_index("definition_id")
    support = found.loc["CSAT:0-1:zendesk_ticket"]
    assert (support["answers"], support["invitations"], support["invitations_answered"]) == (1, 4, 1)
    assert support["median_lag_seconds"] == 7200 and support["tells_who_was_asked"]
    delivery = found.loc["CSAT:1-5:delivery"]
    assert pd.isna(delivery["invitations"]) and not delivery["tells_who_was_asked"]


def test_the_kpis_count_what_the_tables_weigh(survey: Callable[..., Bench]) -> None:
    answers, orders = market()
    answers += [answer(f"c{n:03d}", "2026-03-12", n % 5 + 1, family="support") for n in range(60)]
    bench = survey(answers, orders)
    kpis = run(bench, "kpi_experience_cells").set_index(["kpi", "week"]).astype(float)
    weighed = bench.ask("""
        select week, sum(weight) filter (where is_positive) as good, sum(weight) as weights, sum(weight ** 2) as squares
        from warehouse.journeys.weighted_answers group by week order by week
    """)
    ours = kpis.loc["customer_satisfaction"].iloc[:, :3]
    np.testing.assert_allclose(ours, weighed[["good", "weights", "squares"]].fillna(0).astype(float), atol=1e-3)
    agree = bench.ask("select * from warehouse.journeys.consistency_cells order by week")
    same = kpis.loc["experience_consistency"]
    eligible = agree[agree["eligible"] > 0]
    np.testing.assert_allclose(same["numerator"], eligible["weighted_consistent"].astype(float))
    assert (eligible["eligible"] <= eligible["rated"]).all() and eligible["consistent"].max() > 0


def test_the_seed_gives_every_scale_one_box() -> None:
    boxes = pd.read_csv(Path(DBT_PROJECT) / "seeds" / "positive_boxes.csv")
    assert not boxes.duplicated(["instrument", "points"]).any()
    assert (boxes["positive_from"] <= boxes["points"]).all()
