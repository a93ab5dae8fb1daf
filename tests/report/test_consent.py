"""What denied consent takes out, as the page tells it."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from journey_pipeline.report.consent import consent
from journey_pipeline.report.reading import Released


@pytest.fixture
def released() -> Released:
    connection = duckdb.connect()
    connection.execute(
        """
        create table journey_consents as from (values
            (date '2026-11-09', 2, 'consideration', 40, 10, 20, 23),
            (date '2026-10-19', 2, 'consideration', 10, 0, 5, 5),
            (date '2026-10-12', 2, 'consideration', 999, 999, 0, 99),
            (date '2026-11-09', 1, 'awareness', 8, 0, 8, 8)
        ) as told(week, stage_number, stage, touches, denied_touches, customers, customers_with_denied);
        create table credit_consents as from (values
            (date '2026-11-09', 'order', 'display', 4, 4, 0.0::double, 1.5::double),
            (date '2026-11-09', 'order', 'email', 4, 0, 1.0, 0.5),
            (date '2026-11-09', 'order', 'unattributed', null, null, 2.0, 1.0),
            (date '2026-11-09', 'lead', 'unattributed', null, null, 2.0, 2.0)
        ) as told(week, conversion_type, channel, touches, denied_touches, credit, credit_with_denied)
        """
    )
    return Released(connection, datetime(2026, 11, 16))


def test_four_weeks_by_stage_and_what_the_denied_would_move(released: Released) -> None:
    told = consent(released)
    assert [(row["of"], row["touches"], row["denied"], row["share"]) for row in told["stages"]] == [
        ("Awareness", "8", "0", "0.0%"),
        ("Consideration", "50", "10", "20.0%"),
    ]
    assert told["stages"][1]["moved"] == "25, 28 with them"


def test_credit_that_would_change_its_channel_is_counted_once(released: Released) -> None:
    """1.5 conversions would leave email and unattributed for display, of 3."""
    (row,) = consent(released)["credit"]
    assert (row["of"], row["share"], row["moved"]) == ("Order", "50.0%", "50.0% of the credit")
