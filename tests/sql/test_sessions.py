"""Sessions and their touches: known answers, and the same from slow, obvious Python."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

VECTORS = Path(__file__).parent.parent / "vectors"
MODELS = (
    "identifier_numbers session_hits customer_touchpoints session_touches sessions touch_costs mart_session_hygiene"
)
SPLITS = ("none", "campaign", "day")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    folder = tmp_path_factory.mktemp("dbt")
    return {split: compile_models(folder, MODELS, f"{{session_split: {split}}}") for split in SPLITS}


@pytest.fixture
def bench(compiled: dict[str, dict[str, str]]) -> Bench:
    built = Bench(compiled["none"])
    built.clock("2027-01-01")
    return built


TEXT = (
    "utm_source",
    "utm_medium",
    "channel",
    "campaign",
    "campaign_id",
    "machine_rule",
    "visitor_type",
    "visitor_id",
    "identifier_type",
    "identifier_value",
)


def web(rows: Sequence[tuple[str | None, str, str | None, str | None]], **given: Any) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["visitor_id", "occurred_at", "utm_source", "utm_medium"])
    number = [f"{n:03}" for n in range(1, len(frame) + 1)]
    known = frame["visitor_id"].notna()
    kinds = pd.Series("ga_client_id", index=frame.index, dtype=object).where(known, None)
    return frame.assign(
        touchpoint_id=number,
        identifier_type=kinds,
        identifier_value=frame["visitor_id"],
        visitor_type=kinds,
        channel=frame["utm_medium"],
        campaign=None,
        campaign_id=None,
        is_machine=False,
        machine_rule=None,
        needs_review=False,
        is_internal_test=False,
        consent_analytics=None,
        consent_ads=None,
        family="website",
        direction="inbound",
        interaction_type="page_view",
        order_ref="",
        device_category="mobile",
        source="ga4",
        page_path="/",
        click_id=None,
        stage_evidence=None,
        source_file_id="f",
    ).assign(**given)


def sessionise(bench: Bench, touchpoints: pd.DataFrame) -> None:
    visitors = touchpoints["visitor_id"].dropna().unique()
    bench.put(
        "identity.identifiers",
        pd.DataFrame(
            {
                "identifier_type": "ga_client_id",
                "identifier_value": visitors,
                "identifier_hash": [f"h{v}" for v in visitors],
                "customer_id": [f"cus_{v}" for v in visitors],
            }
        ),
    )
    flags = dict.fromkeys(("consent_analytics", "consent_ads"), "boolean")
    bench.put("events.touchpoints", touchpoints, occurred_at="timestamp", **dict.fromkeys(TEXT, "varchar"), **flags)
    for model in ("identifier_numbers", "session_hits", "customer_touchpoints", "session_touches", "sessions"):
        bench.run(model)


def records(frame: pd.DataFrame) -> list[Any]:
    return list(frame.itertuples())


def session_count(bench: Bench) -> int:
    return len(bench.ask("select session_id from warehouse.journeys.sessions"))


def test_sessions_and_touches_are_those_of_the_vector(bench: Bench) -> None:
    given = pd.read_csv(VECTORS / "30_sessions" / "input.csv")
    given = given.astype(object).where(given.notna(), None)
    sessionise(
        bench, web(list(given[["visitor_id", "event_ts", "source", "medium"]].itertuples(index=False, name=None)))
    )
    sessions = bench.ask(
        """
        select substr(visitor_hash, 2), strftime(started_at, '%Y-%m-%dT%H:%M:%S'),
            strftime(ended_at, '%Y-%m-%dT%H:%M:%S'), touchpoint_count
        from warehouse.journeys.sessions order by all
        """
    )
    expected = pd.read_csv(VECTORS / "30_sessions" / "expected_sessions.csv")
    assert sessions.values.tolist() == expected[["visitor_id", "start_ts", "end_ts", "n_events"]].values.tolist()
    touches = bench.ask(
        """
        select t.visitor_id, strftime(touched_at, '%Y-%m-%dT%H:%M:%S'), t.utm_source, t.utm_medium
        from warehouse.journeys.session_touches
        inner join warehouse.journeys.customer_touchpoints as t using (touchpoint_id) order by all
        """
    )
    # The vector gives a touch the time of its session where an untagged hit of the same second came first.
    wanted = pd.read_csv(VECTORS / "30_sessions" / "expected_touches.csv")
    assert touches.values.tolist() == wanted[["visitor_id", "touch_ts", "source", "medium"]].values.tolist()


@pytest.mark.parametrize(("gap", "sessions"), [(1799, 1), (1800, 1), (1801, 2)])
def test_a_gap_longer_than_thirty_minutes_starts_a_session(bench: Bench, gap: int, sessions: int) -> None:
    second = pd.Timestamp("2026-01-01") + pd.Timedelta(seconds=gap)
    sessionise(bench, web([("u", "2026-01-01", None, None), ("u", str(second), None, None)]))
    assert session_count(bench) == sessions


@pytest.mark.parametrize(("length", "sessions"), [(86399, 1), (86400, 1), (86401, 2)])
def test_a_session_longer_than_a_day_is_cut_and_says_so(bench: Bench, length: int, sessions: int) -> None:
    start = datetime(2026, 1, 1)
    at = [*range(0, length, 1800), length]
    sessionise(bench, web([("u", str(start + timedelta(seconds=s)), None, None) for s in at]))
    found = bench.ask("select was_cut, touchpoint_count from warehouse.journeys.sessions order by started_at")
    assert found["was_cut"].tolist() == [sessions == 2] * sessions
    assert found["touchpoint_count"].sum() == len(at)


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        # The untagged hit belongs to what came before it; the same tag again is no other campaign.
        ("none", [("23:40", 5)]),
        ("campaign", [("23:40", 3), ("00:10", 2)]),
        ("day", [("23:40", 3), ("00:10", 2)]),
    ],
)
def test_what_else_starts_a_session_is_a_choice(
    compiled: dict[str, dict[str, str]], split: str, expected: list[tuple[str, int]]
) -> None:
    bench = Bench(compiled[split])
    bench.clock("2027-01-01")
    hits = [
        ("u", "2026-01-01 23:40", None, None),
        ("u", "2026-01-01 23:50", "google", "cpc"),
        ("u", "2026-01-01 23:59", "google", "cpc"),
        ("u", "2026-01-02 00:10", "facebook", "cpc"),
        ("u", "2026-01-02 00:20", None, None),
    ]
    sessionise(bench, web(hits))
    found = bench.ask(
        "select strftime(started_at, '%H:%M'), touchpoint_count from warehouse.journeys.sessions order by started_at"
    )
    assert [tuple(row) for row in found.values.tolist()] == expected


def test_midnight_splits_by_the_reporting_zone_and_only_where_asked(compiled: dict[str, dict[str, str]]) -> None:
    hits = web([("u", "2026-01-01 22:50", None, None), ("u", "2026-01-01 23:10", None, None)])
    counts = {}
    for split in SPLITS:
        for zone in ("UTC", "Europe/Berlin"):
            bench = Bench(compiled[split])
            bench.clock("2027-01-01", zone)
            sessionise(bench, hits)
            counts[split, zone] = session_count(bench)
    assert counts == {
        ("none", "UTC"): 1, ("none", "Europe/Berlin"): 1, ("campaign", "UTC"): 1, ("campaign", "Europe/Berlin"): 1,
        ("day", "UTC"): 1, ("day", "Europe/Berlin"): 2,
    }  # fmt: skip


def test_a_robot_has_one_session_a_day_and_stays_visible(bench: Bench) -> None:
    robot = web([("r", f"2026-01-0{day} {hour:02}:00", None, None) for day in (1, 2) for hour in range(0, 24, 3)])
    robot = robot.assign(is_machine=True, machine_rule="rate_day")
    person = web([("u", "2026-01-01 10:00", None, None)]).assign(touchpoint_id="z")
    sessionise(bench, pd.concat([robot, person]))
    found = bench.ask(
        "select is_machine, machine_rule, touchpoint_count, channel from warehouse.journeys.sessions order by all"
    )
    assert found.astype(object).where(found.notna(), None).values.tolist() == [
        [False, None, 1, "direct"],
        [True, "rate_day", 8, None],
        [True, "rate_day", 8, None],
    ]


@pytest.mark.parametrize(
    ("at", "interactions", "engaged"),
    [
        ((0, 10), ("page_view", "scroll"), False),
        ((0, 11), ("page_view", "scroll"), True),
        ((0, 1), ("page_view", "page_view"), True),
        ((0, 1), ("page_view", "purchase"), True),
        ((0,), ("page_view",), False),
    ],
)
def test_engaged_is_over_ten_seconds_two_page_views_or_a_purchase(
    bench: Bench, at: tuple[int, ...], interactions: tuple[str, ...], engaged: bool
) -> None:
    start = datetime(2026, 1, 1)
    hits = web([("u", str(start + timedelta(seconds=s)), None, None) for s in at])
    sessionise(bench, hits.assign(interaction_type=list(interactions)))
    assert bench.ask("select is_engaged from warehouse.journeys.sessions")["is_engaged"].tolist() == [engaged]


def test_a_call_or_a_mail_has_no_session_and_parts_none(bench: Bench) -> None:
    visit = web([("u", "2026-01-01 10:00", None, None), ("u", "2026-01-01 10:40", None, None)])
    call = web([("u", "2026-01-01 10:20", None, None)]).assign(touchpoint_id="z", family="support")
    call["visitor_type"] = call["visitor_id"] = None
    sessionise(bench, pd.concat([visit, call.assign(identifier_value="u")]))
    found = bench.ask("select touchpoint_id, session_number from warehouse.journeys.customer_touchpoints order by all")
    assert found["session_number"].nunique() == 2
    assert found.query("touchpoint_id == 'z'")["session_number"].isna().all()


def test_a_visit_without_any_source_is_one_direct_touch(bench: Bench) -> None:
    sessionise(bench, web([("u", "2026-01-01 10:00", None, None), ("u", "2026-01-01 10:01", None, None)]))
    touches = bench.ask("select channel, touchpoint_id from warehouse.journeys.session_touches")
    assert touches.values.tolist() == [["direct", "001"]]


def test_denied_hits_are_kept_and_never_become_one_visitor(bench: Bench) -> None:
    rows = web([(None, "2026-01-01 10:00", None, None), (None, "2026-01-01 10:01", None, None)])
    rows = pd.concat([rows, web([("u", "2026-01-01 10:00", None, None)]).assign(touchpoint_id="z")])
    sessionise(bench, rows)
    found = bench.ask(
        "select count(*), count(customer_id), count(session_number) from warehouse.journeys.customer_touchpoints"
    )
    assert found.values.tolist() == [[3, 1, 1]]


def random_visits(seed: int, count: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    gaps = draw.choice([0, 5, 1799, 1800, 1801, 40_000], size=count, p=[0.1, 0.3, 0.2, 0.2, 0.1, 0.1])
    visitors = draw.choice(["a", "b", "c"], size=count)
    rows: list[tuple[str | None, str, str | None, str | None]] = []
    clock = {visitor: datetime(2026, 1, 1) for visitor in "abc"}
    for visitor, gap in zip(visitors, gaps, strict=True):
        clock[visitor] += timedelta(seconds=int(gap))
        tag = (None, None, None, "google", "facebook")[draw.integers(5)]
        rows.append((str(visitor), str(clock[visitor]), tag, tag and "cpc"))
    return web(rows)


@pytest.mark.parametrize("seed", range(5))
def test_sessions_and_touches_are_those_of_a_walk_through_the_hits(bench: Bench, seed: int) -> None:
    """The independent way: one loop over the hits of each visitor."""
    hits = random_visits(seed)
    sessions: list[tuple[str, str, int]] = []
    touches: list[str] = []
    for _, own in hits.sort_values(["occurred_at", "touchpoint_id"]).groupby("visitor_id"):
        runs: list[list[Any]] = []
        for hit in records(own):
            at = datetime.fromisoformat(hit.occurred_at)
            if not runs or (at - runs[-1][-1][0]).total_seconds() > 1800:
                runs.append([])
            runs[-1].append((at, hit.touchpoint_id, hit.utm_source))
        for run in runs:
            parts: dict[int, list[Any]] = {}
            for at, touchpoint, source in run:
                part = max(0, -(-int((at - run[0][0]).total_seconds()) // 86400) - 1)
                parts.setdefault(part, []).append((at, touchpoint, source))
            for chunk in parts.values():
                sessions.append((chunk[0][1], chunk[-1][1], len(chunk)))
                tagged = [(touchpoint, source) for _, touchpoint, source in chunk if isinstance(source, str)]
                changes = [t for n, (t, source) in enumerate(tagged) if n == 0 or tagged[n - 1][1] != source]
                touches += changes or [chunk[0][1]]
    sessionise(bench, hits)
    found = bench.ask(
        """
        select min_by(touchpoint_id, (occurred_at, touchpoint_id)), max_by(touchpoint_id, (occurred_at, touchpoint_id)),
            count(*) from warehouse.journeys.customer_touchpoints group by session_number
        """
    )
    assert sorted(found.itertuples(index=False, name=None)) == sorted(sessions)
    found = bench.ask("select touchpoint_id from warehouse.journeys.session_touches")
    assert sorted(found["touchpoint_id"]) == sorted(touches)


# --- cost -----------------------------------------------------------------------------------------------------------


def bill(bench: Bench, rows: list[tuple[str, str, str, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["spend_date", "channel", "campaign", "cost_amount_reporting"])
    casts = {"spend_date": "date", "cost_amount_reporting": "decimal(18, 6)", "campaign_id": "varchar"}
    bench.put("journeys.reported_spend", frame.assign(campaign_id=None), **casts)


def test_a_days_spend_is_shared_equally_among_the_visits_it_brought(bench: Bench) -> None:
    hits = web(
        [
            ("a", "2026-01-01 10:00", "google", "cpc"),
            ("a", "2026-01-01 10:05", "google", "cpc"),  # the same visit: the click came once
            ("a", "2026-01-01 20:00", "google", "cpc"),
            ("b", "2026-01-01 10:00", "google", "cpc"),
            ("b", "2026-01-02 10:00", "google", "cpc"),  # nothing was billed that day
            ("r", "2026-01-01 10:00", "google", "cpc"),
            (None, "2026-01-01 10:00", "facebook", "cpm"),
        ]
    )
    hits["campaign"] = [" Lamps", "lamps", "Lamps", "LAMPS", "Lamps", "Lamps", "Arc"]
    hits["is_machine"] = hits["visitor_id"] == "r"
    sessionise(bench, hits)
    bill(
        bench,
        [("2026-01-01", "cpc", "Lamps", 10.0), ("2026-01-01", "cpm", "Arc", 3.0), ("2026-01-01", "cpc", "Unseen", 7.0)],
    )
    found = bench.run("touch_costs")
    assert {row.touchpoint_id: float(row.cost_amount) for row in records(found)} == pytest.approx(
        {"001": 10 / 3, "003": 10 / 3, "004": 10 / 3, "007": 3.0}, abs=1e-6
    )


@pytest.mark.parametrize("seed", range(3))
def test_shares_add_to_the_spend_and_never_to_more(bench: Bench, seed: int) -> None:
    draw = np.random.default_rng(seed)
    hits = random_visits(seed).assign(campaign=draw.choice(["a", "b"], 400))
    hits["channel"] = "paid"
    sessionise(bench, hits)
    days = pd.date_range("2025-12-30", "2026-01-25").strftime("%Y-%m-%d")
    bill(bench, [(d, "paid", c, round(float(draw.uniform(0.000001, 900)), 6)) for d in days for c in "abz"])
    bench.run("touch_costs")
    found = bench.ask(
        """
        with paid as (
            select cast(occurred_at as date) as spend_date, lower(campaign) as campaign, sum(cost_amount) as shared,
                max(cost_amount) - min(cost_amount) as spread
            from warehouse.journeys.touch_costs inner join warehouse.journeys.customer_touchpoints using (touchpoint_id)
            group by all
        )
        select count(paid.shared) as days, count(*) filter (where shared <> cost_amount_reporting) as unequal,
            max(spread)::double as spread
        from warehouse.journeys.reported_spend left join paid using (spend_date, campaign)
        """
    )
    assert found["days"].iloc[0] > 10
    assert found["unequal"].iloc[0] == 0
    assert found["spread"].iloc[0] <= 0.000001


# --- hygiene --------------------------------------------------------------------------------------------------------


def test_what_is_set_apart_is_counted_by_week_and_rule(bench: Bench) -> None:
    hits = web(
        [
            ("p", "2026-01-05 10:00", None, None),
            ("p", "2026-01-05 10:05", None, None),
            ("r", "2026-01-05 10:00", None, None),
            ("q", "2026-01-05 11:00", None, None),
            ("i", "2026-01-05 12:00", None, None),
            ("w", "2026-01-05 13:00", None, None),
            (None, "2026-01-05 14:00", None, None),
            (None, "2026-01-05 15:00", None, None),
        ]
    )
    hits["is_machine"] = hits["visitor_id"].isin(["r", "q"])
    hits["machine_rule"] = hits["visitor_id"].map({"r": "rate_day", "w": "ua_pattern"}).astype(object)
    hits["machine_rule"] = hits["machine_rule"].where(hits["machine_rule"].notna(), None)
    hits["needs_review"] = hits["visitor_id"] == "w"
    hits["is_internal_test"] = hits["visitor_id"] == "i"
    sessionise(bench, hits)
    found = bench.run("mart_session_hygiene")
    columns = ["hygiene_rule", "machine_rule", "sessions", "touches", "share", "needs_review"]
    assert found[columns].values.tolist() == [
        ["internal", "all", 1, 1, 1 / 8, 0],
        ["robot", "(unstated)", 1, 1, 1 / 8, 0],
        ["robot", "all", 2, 2, 2 / 8, 1],
        ["robot", "rate_day", 1, 1, 1 / 8, 0],
        ["robot", "ua_pattern", 0, 0, 0.0, 1],
        ["unmeasured", "all", 0, 2, 2 / 8, 0],
    ]
    assert found["week"].dt.date.astype(str).unique().tolist() == ["2026-01-05"]
