"""A market in which nothing moves from week to week raises no more alarms in a year than each of them states."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from scipy.stats import binom

from tests.pipeline_runs import AS_OF, ask, journey

pytestmark = pytest.mark.long

YEAR_FROM = date.fromisoformat(AS_OF) - timedelta(weeks=52)
SOURCES = "ga4,hubspot,shopify,typeform,zendesk"
# Of one seed: more than that comes once in a thousand where the rate stated is the true one.
RARE = 0.999


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release after 72 weeks: every table holds all of them, and the last 52 have their twelve weeks before."""
    home = tmp_path_factory.mktemp("quiet")
    asked = ["--customers", "1500", "--weeks", "72", "--plant", "quiet", "--sources", SOURCES]
    made = journey("generate", *asked, home=home)
    assert made.returncode == 0, made.stderr
    run = journey("run", "--as-of", AS_OF, home=home)
    assert run.returncode == 0, run.stderr
    return home / "published" / "journey.duckdb"


def at_most(places: int, stated: float) -> int:
    return int(binom.ppf(RARE, places, stated))


def test_weeks_of_a_rate_leave_their_limits_as_seldom_as_three_sigma_promise(quiet: Path) -> None:
    ((judged, alarms),) = ask(
        quiet,
        "select count(*), count(*) filter (signal in ('high', 'low')) from weekly_signals "
        f"where signal <> 'not_enough_weeks' and not is_small_sample and week >= '{YEAR_FROM}'",
    )
    assert judged > 150
    assert alarms <= at_most(judged, 0.0027)


def test_one_week_in_twenty_at_most_has_a_pain_point_that_is_none(quiet: Path) -> None:
    ((weeks, judged, alarmed),) = ask(
        quiet,
        "select count(distinct week), count(distinct week) filter (q_value is not null), "
        f"count(distinct week) filter (is_signal) from pain_points where week >= '{YEAR_FROM}'",
    )
    assert weeks == judged == 52
    assert alarmed <= at_most(52, 0.05)


def test_one_week_in_a_hundred_of_a_kpi_is_an_alarm_at_most(quiet: Path) -> None:
    # A week that is not mature yet repeats the last one that is.
    ((judged, alarms),) = ask(
        quiet,
        "select count(*), count(*) filter (is_alarm) from (select distinct kpi, week_value, lower_limit, is_alarm "
        f"from kpi_scorecard where is_alarm is not null and week >= '{YEAR_FROM}')",
    )
    assert judged > 150
    assert alarms <= at_most(judged, 0.01)
