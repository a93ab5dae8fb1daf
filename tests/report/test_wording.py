"""Numbers and dates as text, the same everywhere."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from journey_pipeline.report import wording


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
