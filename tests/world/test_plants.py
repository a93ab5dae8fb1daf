"""Planted problems: what changes, that nothing else does, and that the truth says how much."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from journey_pipeline.world import generate, plants
from journey_pipeline.world.behaviour import APP, BROWSE, BUY, Decisions
from journey_pipeline.world.parameters import CHANNEL_CODE, PARAMETERS
from journey_pipeline.world.plants import BUSY, CONTACT, FIRST_USE, QUALITY, Change, Plant, plant_of
from journey_pipeline.world.sessions import Sessions
from tests.pipeline_runs import journey
from tests.world.test_generate import digests

SEARCH, EMAIL, DIRECT = (CHANNEL_CODE[name] for name in ("paid_search_generic", "email", "direct"))
PROBLEM = tuple(
    Change("broken", 4, 6, "paid_search_generic", what, factor)
    for what, factor in ((FIRST_USE, 0.3), (CONTACT, 4.0), (QUALITY, 0.6))
)
SOURCES = ["ga4", "google_ads", "shopify", "typeform", "zendesk"]
DAY = 86_400


def sessions_of(*visits: tuple[int, int, int, int]) -> Sessions:
    """Visits as (person, day, kind, channel), decisions numbered in the order given."""
    person, day, kind, channel = (np.array(column, np.int64) for column in zip(*visits, strict=True))
    buys, none = kind == BUY, np.zeros(len(person), np.int64)
    decision = np.where(buys, np.cumsum(buys) - 1, -1)
    return Sessions(person, day, channel, kind, decision, none, day * DAY, none, buys, buys)


def decisions_of(count: int, *tickets: int) -> Decisions:
    zeros, no = np.zeros(count, np.int64), np.zeros(count, bool)
    ticket = np.isin(np.arange(count), tickets)
    floats = np.ones(count)
    return Decisions(zeros, zeros, no, zeros, no, no, zeros, ticket, floats, floats, no, floats)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One shop twice, eight weeks: with the problem in weeks 4 and 5, and without."""
    homes = (tmp_path_factory.mktemp("planted"), tmp_path_factory.mktemp("plain"))
    for home, changes in zip(homes, (PROBLEM, ()), strict=True):
        market = Plant(BUSY, changes)
        generate(home, customers=2500, weeks=8, seed=5, end=date(2026, 11, 16), plant=market, sources=SOURCES)
    return homes


def truth(home: Path, query: str) -> list[tuple]:
    with duckdb.connect() as con:
        for path in (home / "truth").glob("*.parquet"):
            con.execute(f"create view {path.stem} as from '{path}'")
        return con.execute(query).fetchall()


def test_a_change_that_has_not_begun_changes_no_byte(tmp_path: Path) -> None:
    later = tuple(replace(change, from_week=3, until_week=9) for change in PROBLEM)
    for name, plant in (("plain", None), ("later", Plant(changes=later))):
        generate(tmp_path / name, customers=300, weeks=3, seed=5, plant=plant, sources=SOURCES)
    plain, later_files = digests(tmp_path / "plain"), digests(tmp_path / "later")
    assert len(plain) > 20
    assert {name: later_files[name] for name in plain if name != "truth/market.json"} == {
        name: digest for name, digest in plain.items() if name != "truth/market.json"
    }
    assert later_files.keys() - plain.keys() == {"truth/changes.parquet"}


def test_a_new_market_keeps_no_truth_of_an_earlier_change(tmp_path: Path) -> None:
    generate(tmp_path, customers=50, weeks=1, seed=5, plant=Plant(changes=PROBLEM), sources=["ga4"])
    assert (tmp_path / "truth" / "changes.parquet").exists()
    assert len(json.loads((tmp_path / "truth" / "market.json").read_text())["changes"]) == 3
    generate(tmp_path, customers=50, weeks=1, seed=5, sources=["ga4"])
    assert not (tmp_path / "truth" / "changes.parquet").exists()
    assert "changes" not in json.loads((tmp_path / "truth" / "market.json").read_text())


def test_visits_orders_and_spend_stay_and_use_contact_and_liking_change(pair: tuple[Path, Path]) -> None:
    totals = "select metric, dimension, value from control_totals where "
    same = (
        "metric in ('orders', 'order_amount', 'spend_amount', 'deals', 'tax_amount') "
        "and dimension not in ('paid', 'partially_refunded', 'refunded') "
        "or metric = 'ga4_distinct_events' and dimension not in ('app_open', 'feature_used')"
    )
    planted, plain = (truth(home, totals + same + " order by all") for home in pair)
    assert len(plain) > 20
    assert planted == plain
    opened, tickets, promoters = (
        [truth(home, f"select sum(value) from control_totals where {where}")[0][0] for home in pair]
        for where in (
            "metric = 'ga4_distinct_events' and dimension in ('app_open', 'feature_used')",
            "metric = 'tickets' and dimension <> 'deleted'",
            "dimension = 'nps_promoters'",
        )
    )
    assert opened[0] < opened[1]
    assert tickets[0] > tickets[1]
    assert promoters[0] < promoters[1]


def test_the_truth_tells_the_change_and_what_mending_it_brought(pair: tuple[Path, Path]) -> None:
    broken = "channel = 'paid_search_generic' and week between 4 and 5"
    lives = ("", "_unchanged", "_unmended")
    counts = ", ".join(f"sum(activated_{days}{life})" for days in (7, 14) for life in lives)
    (row,) = truth(pair[0], f"select sum(purchases), {counts} from changes where {broken}")
    bought, within7, unchanged7, unmended7, within14, unchanged14, unmended14 = row
    assert bought >= unchanged14 >= unchanged7 > 20
    assert (within7, within14) == (unmended7, unmended14)
    # Three in ten use it as before, and a few more are helped.
    assert 0.15 < within7 / unchanged7 < 0.50
    (mended,) = truth(
        pair[0],
        "select sum(activated_7), sum(activated_7_unchanged), sum(activated_7_unmended) from changes "
        "where channel = 'paid_search_generic' and week = 6",
    )
    assert mended[0] == mended[1] > 2 * mended[2]
    elsewhere = truth(
        pair[0],
        f"select count(*), count(*) filter (activated_7 <> activated_7_unchanged or activated_14 <> "
        f"activated_14_unchanged) from changes where not ({broken})",
    )
    assert elsewhere[0][0] > 50
    assert elsewhere[0][1] == 0
    # Every purchase counts once: no more than the shop sold.
    sold = truth(pair[1], "select sum(value) from control_totals where metric = 'orders' and dimension <> 'voided'")
    assert truth(pair[0], "select sum(purchases) from changes")[0][0] <= sold[0][0]


def test_a_journey_began_with_its_first_visit() -> None:
    found = plants.purchases_of(
        sessions_of(
            (1, 0, BROWSE, EMAIL),
            (1, 3, BUY, DIRECT),  # began by email
            (1, 20, BROWSE, SEARCH),
            (1, 21, BUY, DIRECT),  # the same journey, not its first purchase
            (1, 60, BROWSE, SEARCH),  # a visit of the shop 39 days after: a new journey
            (1, 61, BUY, DIRECT),
            (2, 0, BROWSE, EMAIL),
            (2, 91, BUY, DIRECT),  # ninety quiet days end a journey
            (3, 0, BROWSE, EMAIL),
            (3, 1, BUY, DIRECT),
            (3, 25, APP, DIRECT),
            (3, 40, BUY, SEARCH),  # used 15 days ago
        )
    )
    assert found.person.tolist() == [1, 1, 1, 2, 3, 3]
    assert found.decision.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.entry.tolist() == [EMAIL, EMAIL, SEARCH, DIRECT, EMAIL, EMAIL]
    assert found.is_first.tolist() == [True, False, True, True, True, False]


def test_nothing_opens_for_three_weeks_unless_support_helped() -> None:
    visits = sessions_of(
        (1, 0, BROWSE, SEARCH),
        (1, 1, BUY, DIRECT),
        (1, 4, APP, DIRECT),
        (1, 21, APP, DIRECT),
        (1, 22, APP, DIRECT),
        (2, 1, BUY, SEARCH),
        (2, 4, APP, DIRECT),
        (2, 7, APP, DIRECT),
        (3, 1, BUY, EMAIL),
        (3, 4, APP, DIRECT),
    )
    purchases = plants.purchases_of(visits)
    changes = [Change("broken", 0, 1, "paid_search_generic", FIRST_USE, 0.0)]
    # The second person asked for help: a ticket within five days of the purchase, answered an hour later.
    life = plants._live(changes, 1, visits, purchases, decisions_of(3, 1), PARAMETERS)
    assert life.stuck.tolist() == [2, 3, 6]
    assert plants._used(visits, purchases, life.stuck, 7).tolist() == [False, True, True]
    assert plants._used(visits, purchases, life.stuck, 21).tolist() == [False, True, True]
    assert plants._used(visits, purchases, life.stuck, 22).tolist() == [True, True, True]


def test_a_plant_nobody_wrote_is_refused_with_those_there_are(tmp_path: Path) -> None:
    assert plant_of(None) == Plant()
    refused = journey("generate", "--plant", "loud", home=tmp_path)
    assert refused.returncode == 2
    assert "--plant: expected one of broken_onboarding, quiet, found 'loud'" in refused.stderr
    assert not list(tmp_path.iterdir())
