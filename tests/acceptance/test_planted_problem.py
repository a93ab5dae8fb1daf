"""An onboarding step that breaks in one channel in week 12 and is mended in week 16, through the real command line.

The market's own truth says what both did. The weeks are those of the market, the first is 0; the programme begins with
week 12, so that the twelve weeks before are every baseline.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from tests.pipeline_runs import KEY, ask

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
START = date(2026, 5, 18)
CHANNEL = "paid_search_generic"
SOURCES = "ga4,google_ads,hubspot,shopify,typeform,zendesk"
ACTION = {
    "action_id": "mend-onboarding",
    "opportunity": "The way into the app works again for who came by generic paid search",
    "metric": "onboarding",
    "breakdown": "entry_channel",
    "member": CHANNEL,
    "owner": "Experience Management",
    "started_on": "2026-09-07",
    "status": "running",
    "compare_from": "2026-08-10",
}


def monday(week: int) -> date:
    return START + timedelta(weeks=week)


class Told(NamedTuple):
    """The releases made at the end of week 13 and of week 22, and the truth."""

    early: Path
    late: Path
    truth: Path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    clone = tmp_path_factory.mktemp("planted")
    for folder in ("journey_pipeline", "dbt_project"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns("target", "__pycache__", "logs"))
    register = clone / "dbt_project" / "seeds" / "actions.csv"
    header = register.read_text(encoding="utf-8").splitlines()[0]
    line = ",".join(ACTION.get(name, "") for name in header.split(","))
    register.write_text(f"{header}\n{line}\n", encoding="utf-8")
    home = clone / "home"
    asked = ["--customers", "6300", "--weeks", "23", "--end", str(monday(23)), "--plant", "broken_onboarding"]
    journey(clone, "generate", *asked, "--sources", SOURCES)
    releases = []
    for week in (13, 22):
        journey(clone, "run", "--as-of", str(monday(week + 1)))
        releases.append(clone / f"week_{week}.duckdb")
        shutil.copyfile(home / "published" / "journey.duckdb", releases[-1])
    return Told(*releases, home / "truth" / "changes.parquet")


def journey(clone: Path, *arguments: str) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    environment |= {"PYTHONPATH": str(clone), "JOURNEY_PSEUDONYM_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-m", "journey_pipeline.cli", *arguments, "--home", str(clone / "home")],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def true(told: Told, query: str) -> tuple[Any, ...]:
    with duckdb.connect() as connection:
        return connection.execute(f"select {query.format(changes=repr(str(told.truth)))}").fetchall()[0]


def test_the_broken_step_is_the_first_pain_point_of_the_week_in_which_it_can_be_known(told: Told) -> None:
    top = ask(
        told.early,
        f"select step, breakdown, member from pain_points where week = '{monday(13)}' and rank <= 3 order by rank",
    )
    assert top[0] == ("onboarding", "entry_channel", CHANNEL)
    ((is_signal, drop, reference, explained),) = ask(
        told.early,
        f"select is_signal, drop, drop_reference, explained_by from pain_points where week = '{monday(13)}' "
        f"and step = 'onboarding' and member = '{CHANNEL}'",
    )
    assert is_signal and explained is None
    assert drop > reference
    # No week before had anything that was more than chance.
    assert ask(told.early, f"select count(*) from pain_points where is_signal and week < '{monday(13)}'") == [(0,)]


def test_its_evidence_is_released(told: Told) -> None:
    ((point, query, entered, dropped),) = ask(
        told.early,
        f"select pain_point_id, query, entered, dropped from pain_points where week = '{monday(13)}' "
        f"and step = 'onboarding' and member = '{CHANNEL}'",
    )
    assert ask(told.early, query) == [(entered, dropped)]
    evidence = ask(told.early, f"select kind, ref from pain_point_evidence where pain_point_id = '{point}'")
    assert len(evidence) >= dropped
    refs = {ref for kind, ref in evidence if kind == "journey"}
    channels = ask(
        told.early,
        f"select entry_channel, count(*) from journeys where journey_id in ({', '.join(map(repr, refs))}) group by all",
    )
    assert channels == [(CHANNEL, len(refs))]


def test_the_scorecard_turns_as_soon_as_its_window_allows_and_back(told: Told) -> None:
    """A purchaser has 14 days, so week 12 is known when week 14 ends, and weeks 12 and 13 together when week 15 does.

    One channel of six cannot push a single week of all purchasers out of its limits: `is_alarm` stays, the verdict over
    the weeks since the programme began turns.
    """
    asked = (
        "select actual, status, verdict, adjusted_high, current_until from kpi_scorecard "
        "where kpi = 'journey_completion' and target_set = 'mvp' and week = '{}'"
    )
    ((nothing_yet, _, verdict, *_),) = ask(told.early, asked.format(monday(13)))
    assert nothing_yet is None
    assert verdict == "not_yet_knowable"
    ((before, *_),) = ask(told.late, asked.format(monday(11)))
    for week in (13, 15):
        ((actual, status, verdict, high, until),) = ask(told.late, asked.format(monday(week)))
        assert until == monday(week)
        assert actual < before
        assert (status, verdict) == ("declining", "off_track")
        assert high < 0
    ((mended, status, _, high, until),) = ask(told.late, asked.format(monday(20)))
    assert until == monday(20)
    assert mended > actual
    assert status != "declining"
    assert high > 0


def test_the_action_shows_an_effect_whose_interval_holds_the_truth(told: Told) -> None:
    ((method, effect, low, high, is_incremental, since, until),) = ask(
        told.late,
        "select method, effect, effect_low, effect_high, is_incremental, after_from, after_until from actions "
        f"where action_id = '{ACTION['action_id']}'",
    )
    assert method == "difference_in_differences"
    assert not is_incremental
    assert 0 < low < effect < high
    first, last = ((day - START).days // 7 for day in (since, until))
    assert (first, last) == (16, 21)
    mended, broken = true(
        told,
        "sum(activated_7) / sum(purchases), sum(activated_7_unmended) / sum(purchases) from {changes} "
        f"where channel = '{CHANNEL}' and week between {first} and {last}",
    )
    assert low < mended - broken < high
