"""Numbers and dates as text, the same everywhere."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from journey_pipeline.attribution import MODELS
from journey_pipeline.ingest import load_contracts
from journey_pipeline.report import wording
from journey_pipeline.settings import DBT_PROJECT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.count(1234567), "1,234,567"),
        (wording.count(2.25), "2.2"),
        (wording.count(0), "0"),
        (wording.count(None), "no value"),
        (wording.share(0.0342), "3.4%"),
        (wording.share(-0.0342), "−3.4%"),
        (wording.lift(0.2), "+20.0%"),
        (wording.points(-12.4), "−12"),
        (wording.signed(11), "+11"),
        (wording.signed(0), "0"),
        (wording.points(0.4), "0"),
        (wording.points(-0.4), "0"),
        (wording.points(33.5), "+34"),
        (wording.lift(-0.0004), "0.0%"),
        (wording.share(-0.0004), "0.0%"),
        (wording.name("linkedin_ads"), "LinkedIn Ads"),
        (wording.name("microsoft_ads"), "Microsoft Advertising"),
        (wording.contract_name("tiktok_ads__report"), "TikTok Ads: report"),
        (wording.contract_name("hubspot__deal_stage_history"), "HubSpot: deal stage history"),
        (wording.contract_name(None), "(none)"),
        (wording.answers(1), "1 answer"),
        (wording.answers(1200), "1,200 answers"),
        (wording.money(1234.5, "EUR"), "EUR 1,234"),
        (wording.money(12.345, "EUR"), "EUR 12.35"),
        (wording.money(-5, ""), "−5.00"),
        (wording.ratio(3.456), "3.46"),
        (wording.span("3", "3"), "3"),
        (wording.span("3", "4"), "3 to 4"),
        (wording.day(date(2026, 11, 9)), "9 November 2026"),
        (wording.moment(datetime(2026, 11, 15, 23, 0)), "15 November 2026, 23:00 UTC"),
        (wording.age(timedelta(seconds=30)), "0 minutes"),
        (wording.age(timedelta(minutes=119)), "119 minutes"),
        (wording.age(timedelta(hours=25)), "25 hours"),
        (wording.age(timedelta(days=8)), "8 days"),
        (wording.name("last_touch"), "Last touch"),
        (wording.name("Paid Search"), "Paid Search"),
        (wording.name(None), "(none)"),
    ],
)
def test_wording(text: str, expected: str) -> None:
    assert text == expected


def test_every_model_has_a_name_and_every_name_is_of_a_model() -> None:
    macro = (DBT_PROJECT / "macros" / "credit_rules.sql").read_text(encoding="utf-8")
    rules = set(re.findall(r"^        '(\w+)':", macro, re.MULTILINE))
    assert "linear" in rules
    assert set(wording.MODELS) == rules | set(MODELS) | {"hazard", "hazard_calibrated"}


def test_names_are_of_sources_there_are() -> None:
    assert set(wording.PLATFORMS) <= {contract.id.split("__")[0] for contract in load_contracts().values()}
