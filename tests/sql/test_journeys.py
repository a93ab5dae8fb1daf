"""The journeys word against known answers: credit, segments, paths."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

VECTORS = Path(__file__).parent.parent / "vectors"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "path:models/journeys")


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    return Bench(models)


def close(found: object, expected: object) -> bool:
    return pytest.approx(expected, rel=1e-9, abs=1e-9) == found


# --- deals --------------------------------------------------------------------------------------------------------


def deals_counted(bench: Bench, deals: list[tuple[str, str, str, float]]) -> list[str]:
    """Ids of the deals that count, of (id, source, day won, amount); all are of one customer."""
    bench.clock("2026-12-07")
    given = pd.DataFrame(deals, columns=["conversion_id", "source", "day", "gross_amount"])
    bench.put(
        "events.conversions",
        given.assign(
            occurred_at=pd.to_datetime(given.pop("day")),
            conversion_type="opportunity_won",
            adjusts_conversion_id=None,
            # Each CRM knows the customer by its own id.
            identifier_type=given["source"],
            identifier_value="1",
            net_amount=given["gross_amount"],
            currency="EUR",
            order_ref="",
            is_test=False,
        ),
        gross_amount="decimal(18, 6)",
        net_amount="decimal(18, 6)",
        adjusts_conversion_id="varchar",
    )
    known = sorted(set(given["source"]))
    bench.put(
        "identity.identifiers",
        pd.DataFrame({"identifier_type": known, "identifier_value": "1", "identifier_hash": "1", "customer_id": "c"}),
    )
    bench.put(
        "journeys.reporting_rates",
        pd.DataFrame(
            {"currency": ["EUR"], "valid_from": ["2020-01-01"], "valid_until": ["2100-01-01"],
             "currency_rate": [1.0], "reporting_rate": [1.0]}
        ),
        valid_from="date", valid_until="date", currency_rate="decimal(18, 6)", reporting_rate="decimal(18, 6)",
    )  # fmt: skip
    told = bench.run("customer_conversions")
    not_counted = told[~told["is_counted"]]
    # Whoever does not count names the one that does.
    assert set(not_counted["same_deal_as"]) <= set(told[told["is_counted"]]["conversion_id"])
    assert told[told["is_counted"]]["same_deal_as"].isna().all()
    return sorted(told[told["is_counted"]]["conversion_id"])


@pytest.mark.parametrize(
    ("deals", "counted"),
    [
        pytest.param(
            [("h", "hubspot", "2026-11-05", 4860), ("s", "salesforce", "2026-11-08", 4860)], ["s"], id="one in both"
        ),
        pytest.param(
            [("h1", "hubspot", "2026-11-05", 10), ("h2", "hubspot", "2026-11-06", 10),
             ("s", "salesforce", "2026-11-05", 10)],
            ["h2", "s"],
            id="two in one and one in the other",
        ),
        pytest.param(
            [("h1", "hubspot", "2026-11-05", 10), ("h2", "hubspot", "2026-11-05", 10)], ["h1", "h2"], id="two in one"
        ),
        pytest.param(
            [("h", "hubspot", "2026-11-05", 10), ("s", "salesforce", "2026-11-05", 10.01)], ["h", "s"], id="amounts"
        ),
        pytest.param(
            [("h", "hubspot", "2026-11-05", 10), ("s", "salesforce", "2026-11-12", 10)], ["s"], id="seven days apart"
        ),
        pytest.param(
            [("h", "hubspot", "2026-11-05", 10), ("s", "salesforce", "2026-11-13", 10)], ["h", "s"], id="eight days"
        ),
        pytest.param(
            [("s1", "salesforce", "2026-01-05", 10), ("s2", "salesforce", "2026-11-05", 10),
             ("h", "hubspot", "2026-11-06", 10)],
            ["s1", "s2"],
            id="an earlier deal is not in the way",
        ),
        pytest.param(
            [("p", "pipedrive", "2026-11-04", 10), ("h", "hubspot", "2026-11-05", 10),
             ("s", "salesforce", "2026-11-06", 10)],
            ["s"],
            id="one in three",
        ),
    ],
)  # fmt: skip
def test_a_deal_that_two_crms_hold_counts_once(
    bench: Bench, deals: list[tuple[str, str, str, float]], counted: list[str]
) -> None:
    assert deals_counted(bench, deals) == counted


# --- segments -----------------------------------------------------------------------------------------------------


def purchasers(bench: Bench, orders: list[tuple[str, float, float]], ends_at: str) -> pd.DataFrame:
    """Orders as (customer, days before `ends_at`, value); the one week that ends there."""
    end = pd.Timestamp(ends_at)
    frame = pd.DataFrame(
        [(c, end - pd.Timedelta(days=d), v) for c, d, v in orders], columns=["customer_id", "occurred_at", "value"]
    )
    frame = frame.assign(conversion_id=[f"o{n}" for n in range(len(frame))], conversion_type="order", is_counted=True)
    frame = frame.assign(week=frame["occurred_at"].dt.to_period("W").dt.start_time)
    bench.put("journeys.customer_conversions", frame, value="decimal(18, 6)", week="date")
    bench.put("journeys.weeks", pd.DataFrame({"week": [end], "ends_at": [end]}), week="date")
    scores = [(r, f, m, "s") for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
    bench.put(
        "seeds.rfm_segments",
        pd.DataFrame(scores, columns=["recency_score", "frequency_score", "monetary_score", "segment"]),
    )
    return bench.run("customer_weeks").set_index("customer_id")


def test_rfm_scores_are_those_of_the_vector(bench: Bench) -> None:
    given = pd.read_csv(VECTORS / "40_rfm" / "input.csv")
    orders = [
        (row.customer_id, row.recency_days, row.monetary / row.frequency)
        for row in given.itertuples()
        for _ in range(row.frequency)
    ]
    found = purchasers(bench, orders, "2026-03-02")
    expected = pd.read_csv(VECTORS / "40_rfm" / "expected.csv").set_index("customer_id")
    for ours, theirs in (("recency_score", "r"), ("frequency_score", "f"), ("monetary_score", "m")):
        assert found[ours].to_dict() == expected[theirs].to_dict()


def test_lifecycle_is_that_of_the_vector(bench: Bench) -> None:
    given = pd.read_csv(VECTORS / "41_lifecycle" / "input.csv").dropna()
    end = pd.Timestamp("2026-03-01")
    orders = [(r.customer_id, float((end - pd.Timestamp(r.purchase_date)).days), 10.0) for r in given.itertuples()]
    found = purchasers(bench, orders, "2026-03-01")
    expected = pd.read_csv(VECTORS / "41_lifecycle" / "expected.csv").set_index("customer_id")["lifecycle"]
    assert found["lifecycle"].to_dict() == expected.drop("p1").to_dict()


def known(bench: Bench, customers: list[tuple[str, str]]) -> None:
    """Customers with the day they were first seen in any table."""
    bench.put(
        "identity.identifiers",
        pd.DataFrame(
            {
                "identifier_type": "email",
                "identifier_value": [c for c, _ in customers],
                "customer_id": [None if c == "blocked" else c for c, _ in customers],
                "first_seen_at": pd.to_datetime([day for _, day in customers]),
            }
        ),
    )


def two_weeks(bench: Bench, orders: list[tuple[str, float, float]]) -> None:
    """Orders as in `purchasers`, told at the ends of two weeks."""
    purchasers(bench, orders, "2026-03-09")
    ends = pd.to_datetime(["2026-03-02", "2026-03-09"])
    bench.put("journeys.weeks", pd.DataFrame({"week": ends - pd.Timedelta(days=7), "ends_at": ends}), week="date")
    bench.run("customer_weeks")


def test_every_known_customer_is_in_one_segment_of_every_set(bench: Bench) -> None:
    two_weeks(bench, [("rated", 20, 10.0), ("long_ago", 400, 10.0)])
    people = [("rated", "2026-02-01"), ("long_ago", "2025-01-01"), ("mail_only", "2026-02-20"), ("later", "2026-03-05")]
    known(bench, [*people, ("blocked", "2026-02-01"), ("rated", "2026-03-06")])
    bench.run("prospect_weeks")
    found = bench.run("segment_cells").astype({"customers": int})
    assert not found.duplicated(["week", "segment_set", "segment"]).any()
    sizes = found.set_index(["week", "segment_set", "segment"])["customers"].to_dict()
    early, late = pd.Timestamp("2026-02-23"), pd.Timestamp("2026-03-02")
    assert sizes == {
        (early, "rfm", "s"): 1,
        (early, "rfm", "not_rated"): 2,
        (early, "lifecycle", "new"): 1,
        (early, "lifecycle", "dormant"): 1,
        (early, "lifecycle", "prospect"): 1,
        (late, "rfm", "s"): 1,
        (late, "rfm", "not_rated"): 3,
        (late, "lifecycle", "new"): 1,
        (late, "lifecycle", "dormant"): 1,
        (late, "lifecycle", "prospect"): 2,
    }


def test_moves_lead_from_the_sizes_of_one_week_to_those_of_the_next(bench: Bench) -> None:
    two_weeks(bench, [("rated", 20, 10.0), ("gone", 380, 10.0), ("buys", 3, 5.0), ("arrives", 2, 5.0)])
    people = [("rated", "2026-02-01"), ("gone", "2025-01-01"), ("buys", "2026-01-01"), ("arrives", "2026-03-05")]
    known(bench, [*people, ("looks", "2026-02-20"), ("later", "2026-03-05")])
    bench.run("prospect_weeks")
    found = bench.run("migration_cells")
    moves = found.set_index(["segment_set", "from_segment", "to_segment"])["customers"].to_dict()
    assert set(found["week"]) == {pd.Timestamp("2026-03-02")}
    assert moves == {
        ("rfm", "s", "s"): 1,
        ("rfm", "not_rated", "s"): 2,
        ("rfm", "not_rated", "not_rated"): 3,
        ("lifecycle", "new", "new"): 1,
        ("lifecycle", "dormant", "dormant"): 1,
        ("lifecycle", "prospect", "new"): 2,
        ("lifecycle", "prospect", "prospect"): 2,
    }


# --- money --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "expected"), [("2025-12-31", 12.0), ("2026-01-01", 12.5), ("2026-07-01", 10.0)])
def test_spend_is_converted_at_the_rate_of_its_day_between_any_two_currencies(
    bench: Bench, day: str, expected: float
) -> None:
    rates = [
        ("GBP", "2015-01-01", 1.20),
        ("GBP", "2026-01-01", 1.25),
        ("CHF", "2015-01-01", 1.00),
        ("CHF", "2026-07-01", 1.25),
    ]
    bench.put(
        "seeds.fx_rates",
        pd.DataFrame(rates, columns=["currency", "valid_from", "rate_to_eur"]),
        valid_from="date",
        rate_to_eur="decimal(18, 8)",
    )
    bench.clock("2026-12-01")
    bench.ask("update warehouse.raw.run_parameters set reporting_currency = 'CHF'")
    bench.run("reporting_rates")
    spend = pd.DataFrame([{"spend_date": day, "cost_amount": 10.0, "cost_currency": "GBP"}])
    bench.put("events.spend", spend, spend_date="date", cost_amount="decimal(18, 6)")
    found = bench.run("reported_spend")
    assert found["cost_amount_reporting"].astype(float).tolist() == [expected]


def test_a_currency_without_a_rate_is_not_turned_into_anything(bench: Bench) -> None:
    bench.put(
        "seeds.fx_rates",
        pd.DataFrame([("EUR", "2015-01-01", 1.0)], columns=["currency", "valid_from", "rate_to_eur"]),
        valid_from="date",
        rate_to_eur="decimal(18, 8)",
    )
    bench.clock("2026-12-01")
    bench.run("reporting_rates")
    spend = pd.DataFrame([{"spend_date": "2026-01-01", "cost_amount": 10.0, "cost_currency": "XAU"}])
    bench.put("events.spend", spend, spend_date="date", cost_amount="decimal(18, 6)")
    assert bench.run("reported_spend")["cost_amount_reporting"].isna().all()
