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
