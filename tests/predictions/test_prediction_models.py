"""Features know nothing of what came after their anchor, and labels nothing that was not seen to its end."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from journey_pipeline.predictions.targets import FEATURES
from journey_pipeline.settings import shared_numbers
from tests.predictions import market
from tests.sql.compiled_models import Bench

AS_OF = date(2026, 6, 1)
CASTS = {"valid_from": "timestamp", "valid_to": "timestamp"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return market.compiled(tmp_path_factory.mktemp("dbt"))


def before(days: int, hour: int = 12) -> pd.Timestamp:
    return pd.Timestamp(AS_OF) - timedelta(days) + timedelta(hours=hour)


def touch(customer: str, days: int, kind: str = "view_item", session: int = 1) -> dict[str, object]:
    return {
        "customer_id": customer, "occurred_at": before(days), "session_number": session, "family": "website",
        "interaction_type": kind, "is_machine": False, "is_internal_test": False,
    }  # fmt: skip


def sale(
    customer: str, days: int, amount: float = 50, kind: str = "order", adjusts: str | None = None
) -> dict[str, object]:
    return {
        "conversion_id": f"{customer}-{days}-{kind}", "conversion_type": kind, "adjusts_conversion_id": adjusts,
        "customer_id": customer, "occurred_at": before(days), "net_amount_reporting": amount, "value": amount,
        "is_test": False, "is_counted": kind == "order", "same_deal_as": None,
    }  # fmt: skip


def consent(customer: str, days: int, state: str = "granted", until: int | None = None) -> dict[str, object]:
    return {
        "customer_id": customer, "purpose": "ads_personalization", "state": state, "valid_from": before(days),
        "valid_to": None if until is None else before(until), "is_current": until is None,
    }  # fmt: skip


# The history begins 200 days back; everybody is known then.
FIRST = [touch(name, 200) for name in ("a", "b", "c")]
AGREED = [consent(name, 300) for name in ("a", "b", "c")]


def built(
    models: dict[str, str],
    touches: list[dict[str, object]],
    sales: list[dict[str, object]],
    consents: list[dict[str, object]] | None = None,
) -> Bench:
    told = market.Told(
        pd.DataFrame([*FIRST, *touches]), pd.DataFrame([*sales, sale("z", 400)]), pd.DataFrame(consents or AGREED)
    )
    bench = Bench(models)
    market.put(bench, told, AS_OF)
    for model in market.CHAIN:
        bench.run(model)
    return bench


def features(bench: Bench, days_back: int) -> pd.DataFrame:
    return bench.ask(
        f"select * from warehouse.journeys.prediction_features where days_back = {days_back} order by customer_id"
    )


def label(bench: Bench, customer: str, days_back: int, name: str) -> object:
    found = bench.ask(
        f"select {name} from warehouse.journeys.prediction_labels "
        f"where customer_id = '{customer}' and days_back = {days_back}"
    )
    return found.iloc[0, 0]


def test_every_feature_is_a_column(models: dict[str, str]) -> None:
    assert set(FEATURES) <= set(features(built(models, [], []), 0).columns)


def test_no_protected_attribute_is_a_feature() -> None:
    numbers = shared_numbers()
    assert not set(numbers["prediction_attributes"]) & set(numbers["protected_attributes"])
    assert not set(FEATURES) & set(numbers["protected_attributes"])


def test_a_protected_attribute_must_be_declared_twice(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="declared_protected_attributes"):
        market.compiled(tmp_path / "one", "{prediction_attributes: [country]}")
    given = "{prediction_attributes: [country], declared_protected_attributes: [country]}"
    assert "attribute_country" in market.compiled(tmp_path / "two", given)["prediction_features"]


def test_what_comes_after_an_anchor_changes_its_labels_and_no_feature(models: dict[str, str]) -> None:
    past = [touch("a", 95), touch("a", 120, "add_to_cart")]
    one = built(models, past, [sale("a", 100), sale("b", 150)])
    other = built(
        models,
        # An event of the very midnight of the anchor comes after it.
        [*past, touch("a", 60), touch("b", 89, "add_to_cart"), {**touch("a", 90), "occurred_at": before(90, 0)}],
        [sale("a", 100), sale("b", 150), sale("b", 89, -50, "refund", "b-150-order"), sale("a", 20)],
    )
    pd.testing.assert_frame_equal(features(one, 90), features(other, 90))
    assert not features(one, 0).equals(features(other, 0))
    assert (label(one, "a", 90, "purchase_90"), label(other, "a", 90, "purchase_90")) == (0, 1)


def test_features_count_what_came_before_the_anchor(models: dict[str, str]) -> None:
    touches = [touch("a", 1), touch("a", 7, session=2), touch("a", 8, "add_to_cart", 3), touch("a", 91, session=4)]
    sales = [sale("a", 10, 30), sale("a", 100, 50), sale("a", 9, -20, "refund", "a-100-order"),
             sale("b", 5), sale("b", 4, -50, "void", "b-5-order")]  # fmt: skip
    row = features(built(models, touches, sales), 0).iloc[0]
    names = ["product_views_7", "product_views_90", "carts_28", "visits_90", "seen_days_ago", "known_days"]
    assert row[names].tolist() == [2, 2, 1, 3, 1, 200]
    names = ["order_days", "orders_90", "revenue_180", "order_value", "last_order_days_ago", "first_order_days_ago"]
    assert row[names].tolist() == [2, 1, 60, 30, 10, 100]
    assert row["repeat_spend"] == 10  # of the days after the first: 30 - 20
    assert features(built(models, touches, sales), 0).iloc[1]["orders_90"] == 0  # void by then


def test_a_label_needs_its_window_seen_to_the_end_and_as_much_history(models: dict[str, str]) -> None:
    bench = built(models, [], [sale("a", 25)])
    assert label(bench, "a", 30, "purchase_30") == 1
    assert pd.isna(label(bench, "a", 30, "purchase_60"))
    assert (label(bench, "a", 60, "purchase_60"), label(bench, "a", 60, "purchase_30")) == (1, 0)
    # 50 days of history before an anchor 150 days back.
    assert label(bench, "a", 150, "purchase_30") == 0
    assert pd.isna(label(bench, "a", 150, "purchase_90"))


def test_the_window_of_a_label_begins_at_its_anchor_and_ends_after_its_days(models: dict[str, str]) -> None:
    edges = {"a": before(30, 0), "b": before(0, 0) - timedelta(seconds=1), "c": before(30, 0) - timedelta(seconds=1)}
    bench = built(models, [], [{**sale(name, 30), "occurred_at": at} for name, at in edges.items()])
    assert [label(bench, name, 30, "purchase_30") for name in edges] == [1, 1, 0]
    assert [label(bench, name, 90, "days_to_order_90") for name in edges] == [61, 90, 60]


def test_only_who_agreed_by_then_and_has_not_refused_since_is_scored_or_learnt_from(models: dict[str, str]) -> None:
    consents = [
        consent("a", 300, "granted", until=70), consent("a", 70, "withdrawn"),
        consent("b", 75, "granted"),
    ]  # fmt: skip
    bench = built(models, [], [], consents)
    agreed = bench.ask(
        "select customer_id, days_back from warehouse.journeys.prediction_features where is_consented order by all"
    )
    assert agreed.values.tolist() == [["b", 0], ["b", 30], ["b", 60]]
    assert bench.ask("select distinct customer_id from warehouse.journeys.prediction_labels").values.tolist() == [["b"]]


def test_earlier_anchors_are_read_for_a_sample_and_the_run_for_everybody(tmp_path: Path) -> None:
    sampled = market.compiled(tmp_path, "{prediction_sample_customers: 100}")
    people = [f"p{number:04}" for number in range(400)]
    touches = [touch(name, 200) for name in people]
    bench = built(sampled, touches, [], [consent(name, 300) for name in people])
    at = bench.ask(
        "select days_back, count(*) as n from warehouse.journeys.prediction_features group by all order by all"
    ).set_index("days_back")["n"]
    assert at[0] == 403
    assert at[30] == at[60] == at[150]
    assert at[30] == pytest.approx(100, abs=35)  # four standard deviations


def test_order_of_arrival_changes_nothing(models: dict[str, str]) -> None:
    touches = [touch(name, days, session=days) for name in "abc" for days in range(5, 190, 7)]
    sales = [sale(name, days, days) for name in "abc" for days in (3, 40, 77, 160)]
    one, other = built(models, touches, sales), built(models, touches[::-1], sales[::-1])
    for days_back in (0, 30, 90):
        pd.testing.assert_frame_equal(features(one, days_back), features(other, days_back))
