"""What to do next: the rules as written, and whom they fit."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from journey_pipeline import next_best_actions, segment_rules
from journey_pipeline.next_best_actions import HEADER, NextBestActionError, load_rules
from journey_pipeline.settings import DBT_PROJECT, PROJECT_ROOT

from .sql.compiled_models import Bench, compile_models

Project = Callable[..., Path]
GOOD = {
    "rule_id": "left_cart", "rank": "10", "rule": "weeks_since_cart = 0", "action": "cart_reminder",
    "kind": "marketing", "reason": "Left a cart", "content": "", "offer": "", "channel": "email", "send_timing": "",
    "required_consent": "email_marketing", "valid_from": "2020-01-01",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with these lines as its rules, beside the segments that ship."""

    def write(*lines: dict[str, str]) -> Path:
        (tmp_path / "seeds").mkdir(exist_ok=True)
        for shipped in (segment_rules.QUESTIONS, segment_rules.RULES):
            (tmp_path / shipped).write_text((DBT_PROJECT / shipped).read_text())
        with (tmp_path / next_best_actions.RULES).open("w", newline="") as stream:
            csv.writer(stream).writerows([HEADER, *([line[name] for name in HEADER] for line in lines)])
        return tmp_path

    return write


def test_a_rule_may_ask_segments_stage_predictions_consents_and_days(project: Project) -> None:
    asked = (
        "lifecycle = 'new' and current_stage = 'purchase' and purchase_30 > 0.1 and value_365 > 100 and churn_90 < 0.5 "
        "and low_satisfaction < 0.2 and next_stage_exit < 0.5 and consent_ads = 'granted' "
        "and days_since_last_order <= 7"
    )
    (rule,) = load_rules(project(GOOD | {"rule": asked}))
    assert len(rule.asks) == 9


def test_the_version_follows_what_is_recommended_and_not_its_words(project: Project) -> None:
    def version(**changes: str) -> str:
        return load_rules(project(GOOD | changes))[0].version

    before = version()
    assert version(reason="In other words") == before and version(valid_from="2021-01-01") == before
    for changed in ({"rule": "weeks_since_cart <= 1"}, {"rank": "20"}, {"offer": "voucher"}, {"send_timing": "monday"}):
        assert version(**changed) != before, changed


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rule": "weeks_since_crt = 0"}, "a known column, found 'weeks_since_crt'; did you mean weeks_since_cart?"),
        ({"rule": "lifecycle = 5"}, "column rule: expected two of one kind to be compared"),
        ({"rule": "random() < 0.1"}, "column rule: expected columns, literals, comparisons"),
        ({"rule": "purchase_30"}, "column rule: expected a condition, true or false"),
        ({"required_consent": ""}, "expected a purpose of consent; only a service may go without"),
        ({"required_consent": "email_marketng"}, "did you mean email_marketing?"),
        ({"kind": "service", "required_consent": "mail"}, "column required_consent"),
        ({"kind": "sales"}, "column kind: expected service or marketing, found 'sales'"),
        ({"rank": "first"}, "column rank: expected a whole number"),
        ({"action": "Send it"}, "column action: expected lower-case letters"),
        ({"reason": " "}, "column reason: expected what a person should read"),
        ({"valid_from": "soon"}, "column valid_from: expected a date"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_with_its_place(project: Project, changes: dict[str, str], told: str) -> None:
    with pytest.raises(NextBestActionError) as refusal:
        load_rules(project(GOOD | changes))
    assert str(refusal.value).startswith("next_best_action_rules.csv, line 2, ") and told in str(refusal.value)


def test_two_lines_of_one_rule_and_day_are_refused_and_of_two_days_follow_each_other(project: Project) -> None:
    with pytest.raises(NextBestActionError, match="one line per rule and valid_from"):
        load_rules(project(GOOD, GOOD))
    first, second = sorted(
        load_rules(project(GOOD | {"valid_from": "2026-01-01"}, GOOD)), key=lambda one: one.valid_from
    )
    assert (first.valid_to, second.valid_to) == (second.valid_from, None)


def test_the_page_names_every_column_a_rule_may_ask() -> None:
    page = (PROJECT_ROOT / "docs" / "next-best-action.md").read_text(encoding="utf-8")
    assert [
        one for one in (*next_best_actions.COLUMNS, *next_best_actions.predictions()) if f"`{one}`" not in page
    ] == []
    rows = {f"| `{name}` | {meaning} |" for name, (_, meaning) in next_best_actions.COLUMNS.items()}
    assert rows <= set(page.splitlines())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "mart_next_best_actions")


def recommended(models: dict[str, str], *customers: dict[str, Any]) -> dict[str, list[tuple[int, str, str, Any]]]:
    """What is recommended to customers given by columns of their row; what is not given is empty."""
    bench = Bench(models)
    bench.clock("2026-11-15 23:00", "Europe/Berlin")
    names = [f"cus_{number}" for number in range(len(customers))]
    bench.put("journeys.customer_numbers", pd.DataFrame({"customer_id": names, "customer_number": range(len(names))}))
    features = segment_rules.known_columns()
    typed = ", ".join(f"{name} {kind}" for name, kind in features.items())
    bench.connection.execute(f"""
        create table warehouse.journeys.segment_features (customer_number bigint, is_latest boolean, {typed});
        create table warehouse.journeys.customer_segments
            (customer_number bigint, segment_set varchar, segment varchar);
        create schema warehouse.measures;
        create table warehouse.measures.value_segments (customer_number integer, segment_set varchar, segment varchar);
        create table warehouse.measures.prediction_scores
            (customer_id varchar, target varchar, outcome varchar, value double);
        create table warehouse.journeys.customer_consents
            (customer_id varchar, purpose varchar, state varchar, is_current boolean);
        create table warehouse.journeys.journeys
            (customer_id varchar, journey_number bigint, furthest_stage_number integer);
        create table warehouse.seeds.stages as select 'journey' as funnel, 2 as stage_number, 'consideration' as stage;
        create table warehouse.journeys.experience_answers
            (customer_id varchar, answered_at timestamp, score_id varchar, score_share double);
        create table warehouse.journeys.customer_touchpoints
            (customer_id varchar, occurred_at timestamp, interaction_type varchar);
    """)
    put = bench.connection.execute
    for number, given in enumerate(customers):
        for name, value in given.items():
            if name.startswith("consent_"):
                put("insert into warehouse.journeys.customer_consents values (?, ?, ?, true)",
                    [names[number], name.removeprefix("consent_"), value])  # fmt: skip
            elif name in next_best_actions.predictions():
                put("insert into warehouse.measures.prediction_scores values (?, ?, ?, ?)",
                    [names[number], *next_best_actions.predictions()[name], value])  # fmt: skip
            elif name == "answered":
                put("insert into warehouse.journeys.experience_answers values (?, ?, 's', ?)", [names[number], *value])
            elif name not in features:
                put("insert into warehouse.journeys.customer_segments values (?, ?, ?)", [number, name, value])
        known = {name: value for name, value in given.items() if name in features}
        columns = "".join(f", {value!r} as {name}" for name, value in known.items())
        put(f"insert into warehouse.journeys.segment_features by name "
            f"select {number} as customer_number, true as is_latest{columns}")  # fmt: skip
    found = put(models["mart_next_best_actions"]).df()
    assert found[["decision", "owner", "decided_at"]].isna().all(axis=None), "left for people"
    told: dict[str, list[tuple[int, str, str, Any]]] = {name: [] for name in names}
    for row in found.sort_values(["customer_id", "recommendation"]).to_dict("records"):
        told[row["customer_id"]].append(
            (row["recommendation"], row["rule_id"], row["decided_by"], row["consent_state"])
        )
    return told


CART = {"weeks_since_cart": 0, "order_count": 0}


@pytest.mark.parametrize("state", [None, "denied", "withdrawn"])
def test_without_the_consent_there_is_no_row_of_marketing(models: dict[str, str], state: str | None) -> None:
    given = CART if state is None else CART | {"consent_email_marketing": state}
    assert recommended(models, given, given | {"consent_ads": "granted"}) == {"cus_0": [], "cus_1": []}


def test_the_reason_names_the_values_that_decided_and_the_consent(models: dict[str, str]) -> None:
    found = recommended(
        models, CART | {"consent_email_marketing": "granted"}, CART | {"consent_email_marketing": "implied"}
    )
    said = "days_since_last_order none, order_count 0, weeks_since_cart 0"
    assert found == {"cus_0": [(1, "left_cart", said, "granted")], "cus_1": [(1, "left_cart", said, "implied")]}


def test_a_service_needs_no_consent(models: dict[str, str]) -> None:
    found = recommended(models, {"answered": ("2026-11-10 12:00", 0.0)}, {"answered": ("2026-10-10 12:00", 0.0)})
    assert found == {"cus_0": [(1, "unhappy_answer", "days_since_last_answer 5.458, last_answer_share 0.000", None)],
                     "cus_1": []}  # fmt: skip


def test_the_first_three_by_rank_and_no_more(models: dict[str, str]) -> None:
    everything = CART | {
        "answered": ("2026-11-10 12:00", 0.0), "lifecycle": "new", "product": "browser", "purchase_30": 0.4,
        "consent_email_marketing": "granted",
    }  # fmt: skip
    (rows,) = recommended(models, everything).values()
    assert [(place, rule) for place, rule, *_ in rows] == [(1, "unhappy_answer"), (2, "first_steps"), (3, "left_cart")]


def test_a_customer_without_a_prediction_fits_no_rule_that_asks_one(models: dict[str, str]) -> None:
    asked = {"order_count": 0, "consent_email_marketing": "granted"}
    found = recommended(models, asked, asked | {"purchase_30": 0.2})
    assert [len(rows) for rows in found.values()] == [0, 1]
