"""What young cohorts are judged by, and where those who did not move on were last seen: counts from journeys."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from journey_pipeline import maturity

from .compiled_models import Bench, compile_models

MODELS = ("weeks", "lag_cells", "entry_age_cells", "drop_offs")
AS_OF = pd.Timestamp("2026-03-02")
WINDOW = 14 * 86400
MEMBERS = ["entry_channel", "entry_campaign", "entry_device", "market", "customer_type", "segment_at_entry"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join(MODELS))


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    made = Bench(models)
    made.clock(str(AS_OF))
    made.put(
        "seeds.funnels",
        pd.DataFrame({"funnel": ["journey", "checkout"], "default_mode": ["reached", "sequential"]}),
    )
    return made


def put_journeys(bench: Bench, journeys: pd.DataFrame) -> pd.DataFrame:
    """`journeys.transitions_of_journeys`, with whatever a test does not say filled in."""
    given = pd.DataFrame(index=journeys.index)
    for name, value in {
        "funnel": "journey",
        "mode": "reached",
        "customer_id": [f"c{n}" for n in range(len(journeys))],
        "from_stage": "awareness",
        "to_stage": "consideration",
        "window_seconds": WINDOW,
        **dict.fromkeys(MEMBERS, "one"),
    }.items():
        given[name] = journeys.get(name, value)
    given["journey_id"] = "j" + given["customer_id"]
    given["entered_at"] = pd.to_datetime(journeys["entered_at"])
    given["moved_at"] = pd.to_datetime(journeys["moved_at"])
    given["last_event_at"] = journeys.get("last_event_at", given["entered_at"])
    times = dict.fromkeys(("entered_at", "moved_at", "last_event_at"), "timestamp")
    bench.put("journeys.transitions_of_journeys", given, **times)
    return given


def put_touches(bench: Bench, touches: pd.DataFrame) -> None:
    given = touches.assign(
        occurred_at=pd.to_datetime(touches["occurred_at"], format="ISO8601"),
        touchpoint_id=[f"t{n:05}" for n in range(len(touches))],
        session_id=touches.get("session_id", pd.Series(None, index=touches.index, dtype=object)),
        channel=touches.get("channel", pd.Series(None, index=touches.index, dtype=object)),
        is_machine=touches.get("is_machine", False),
        is_internal_test=False,
        family=touches.get("family", "website"),
    )
    texts = {"session_id": "varchar", "channel": "varchar"}
    bench.put("journeys.customer_touchpoints", given, occurred_at="timestamp", **texts)
    bench.put(
        "journeys.session_touches",
        pd.DataFrame({"session_id": ["s", "s"], "channel": ["paid_social", "email"], "touch_number": [1, 2]}),
    )
    bench.run("weeks")


# --- lags and ages ------------------------------------------------------------------------------------------------


def moves(entered: str, *lags: int | None) -> pd.DataFrame:
    """Journeys that entered at one time and moved so many seconds later, or never."""
    at = pd.Timestamp(entered)
    moved = [at + timedelta(seconds=lag) if lag is not None else None for lag in lags]
    return pd.DataFrame({"entered_at": at, "moved_at": moved})


def test_lags_are_rounded_up_and_end_with_the_window(bench: Bench) -> None:
    put_journeys(bench, moves("2026-01-05", 0, 1, 3600, 3601, WINDOW, WINDOW + 1, None, None))
    found = bench.run("lag_cells")[["is_moved", "hours", "journeys"]]
    watched = WINDOW // 3600
    assert found.values.tolist() == [[False, watched, 3], [True, 0, 1], [True, 1, 2], [True, 2, 1], [True, watched, 1]]


@pytest.mark.parametrize(
    ("entered", "hours"),
    [
        ("2026-03-01 23:59:59", 0),
        ("2026-03-01 23:00:00", 1),
        ("2026-03-01 22:00:01", 1),
        ("2026-02-16 00:00:01", 335),
        ("2026-02-16 00:00:00", 336),
        ("2026-01-01 00:00:00", 336),
    ],
)
def test_ages_are_rounded_down_and_end_with_the_window(bench: Bench, entered: str, hours: int) -> None:
    put_journeys(bench, moves(entered, None))
    assert bench.run("lag_cells")[["is_moved", "hours"]].values.tolist() == [[False, hours]]


def test_only_the_default_mode_of_each_funnel_has_lags(bench: Bench) -> None:
    kinds = [("journey", "reached"), ("journey", "strict"), ("checkout", "reached"), ("checkout", "sequential")]
    journeys = pd.concat([moves("2026-02-24", 60).assign(funnel=f, mode=m) for f, m in kinds], ignore_index=True)
    put_journeys(bench, journeys)
    put_touches(bench, pd.DataFrame({"customer_id": ["c"], "occurred_at": ["2026-02-24"], "interaction_type": ["x"]}))
    for model in ("lag_cells", "entry_age_cells"):
        assert sorted({*bench.run(model)[["funnel", "mode"]].itertuples(index=False, name=None)}) == [
            ("checkout", "sequential"),
            ("journey", "reached"),
        ]


def test_entry_ages_are_those_of_open_weeks_and_add_up_in_every_breakdown(bench: Bench) -> None:
    generator = np.random.default_rng(4)
    entered = pd.Timestamp("2026-01-05") + pd.to_timedelta(generator.integers(0, 56 * 86400, 400), "s")
    lag = pd.to_timedelta(generator.integers(0, 40 * 86400, 400), "s")
    journeys = pd.DataFrame({"entered_at": entered, "moved_at": (entered + lag).where(entered + lag < AS_OF)})
    for name in MEMBERS:
        journeys[name] = generator.choice(["a", "b", "c"], 400)
    given = put_journeys(bench, journeys)
    put_touches(bench, pd.DataFrame({"customer_id": "c", "occurred_at": entered, "interaction_type": "x"}))
    found = bench.run("entry_age_cells")
    week = given["entered_at"].dt.to_period("W-SUN").dt.start_time
    is_open = week + pd.Timedelta(days=7) + pd.Timedelta(seconds=WINDOW) > AS_OF
    hours = (AS_OF - given["entered_at"]).dt.total_seconds() // 3600
    for breakdown in ["all", *MEMBERS]:
        member = "all" if breakdown == "all" else given[breakdown]
        expected = given.assign(week=week, member=member, age_hours=hours.clip(upper=WINDOW // 3600).astype(int))
        expected = expected[is_open].groupby(["week", "member", "age_hours"]).size()
        counted = found[found["breakdown"] == breakdown].set_index(["week", "member", "age_hours"])["journeys"]
        assert counted.sort_index().to_dict() == expected.to_dict()
    assert is_open.sum() > 50


def test_cells_and_measure_fit_together(bench: Bench) -> None:
    """Nowcasts from the models' own output, of a cohort whose every number is known."""
    old = moves("2026-01-05", *[3600 * n for n in range(1, 25)], *[None] * 24)
    young = moves("2026-03-01 12:00", *[3600 * n for n in range(1, 13)], *[None] * 36)
    put_journeys(bench, pd.concat([old, young], ignore_index=True))
    put_touches(bench, pd.DataFrame({"customer_id": ["c"], "occurred_at": ["2026-01-05"], "interaction_type": ["x"]}))
    lag_cells, ages = bench.run("lag_cells"), bench.run("entry_age_cells")
    key = lag_cells.loc[[0], maturity.TRANSITION].to_dict("records")[0]
    table = pd.DataFrame(
        {
            "week": pd.to_datetime(["2026-01-05", "2026-02-23"]),
            "entered": [48, 48],
            "converted": [24, 12],
            "is_mature": [True, False],
        }
    ).assign(**key, view="cohort", breakdown="all", member="all", is_small_sample=False)
    found = maturity.add_nowcast(table, lag_cells, ages)
    # In each of the first 12 hours two of those watched move, later one.
    survival = np.prod([1 - 2 / (96 - 2 * n) for n in range(12)])
    whole = 1 - survival * np.prod([1 - 1 / (36 - n) for n in range(12)])
    assert found["completeness"].tolist() == pytest.approx([1, (1 - survival) / whole], rel=1e-12)
    assert found["km_median_seconds"].tolist()[0] == 24 * 3600


# --- drop-off -----------------------------------------------------------------------------------------------------


def drop_offs(bench: Bench, *columns: str) -> list[list[object]]:
    found = bench.run("drop_offs")
    return found[[*columns, "journeys"]].values.tolist()


def test_a_drop_off_names_the_last_touch_of_the_window_and_the_next_after_it(bench: Bench) -> None:
    put_journeys(bench, moves("2026-01-05", None).assign(customer_id="c"))
    put_touches(
        bench,
        pd.DataFrame(
            [
                ("2026-01-05", "page_view", "website", "s"),
                ("2026-01-19 00:00:00", "email_clicked", "email", None),
                ("2026-01-19 00:00:01", "ticket_created", "support", None),
                ("2026-01-20", "page_view", "website", "s"),
            ],
            columns=["occurred_at", "interaction_type", "family", "session_id"],
        ).assign(customer_id="c"),
    )
    assert drop_offs(bench, "last_touch", "last_channel", "next_touch", "next_channel") == [
        ["email:email_clicked", "email", "support:ticket_created", "support", 1]
    ]


def test_a_visit_has_the_channel_that_brought_it_and_nothing_more_is_none(bench: Bench) -> None:
    put_journeys(bench, moves("2026-01-05", None).assign(customer_id="c"))
    touches = pd.DataFrame({"customer_id": ["c"], "occurred_at": ["2026-01-05"], "interaction_type": ["page_view"]})
    put_touches(bench, touches.assign(session_id="s", channel="direct"))
    assert drop_offs(bench, "last_touch", "last_channel", "next_touch", "next_channel") == [
        ["website:page_view", "paid_social", "none", "none", 1]
    ]


def test_machines_are_not_where_anybody_was_seen(bench: Bench) -> None:
    put_journeys(bench, moves("2026-01-05", None).assign(customer_id="c"))
    touches = pd.DataFrame({"occurred_at": ["2026-01-05", "2026-01-06", "2026-02-06"], "interaction_type": [*"xyz"]})
    put_touches(bench, touches.assign(customer_id="c", is_machine=[False, True, True]))
    assert drop_offs(bench, "last_touch", "next_touch") == [["website:x", "none", 1]]


def test_those_who_did_not_move_are_dropped_open_or_late(bench: Bench) -> None:
    journeys = moves("2026-01-05", 60, WINDOW, WINDOW + 1, None, None)
    journeys["last_event_at"] = pd.to_datetime(
        ["2026-02-20"] * 3 + ["2026-01-31", "2026-01-31 00:00:01"], format="ISO8601"
    )
    put_journeys(bench, journeys)
    put_touches(bench, pd.DataFrame({"customer_id": ["c9"], "occurred_at": ["2026-01-05"], "interaction_type": ["x"]}))
    found = bench.run("drop_offs")
    assert found[["journeys", "dropped", "still_open", "moved_late"]].values.tolist() == [[3, 1, 1, 1]]


@pytest.mark.parametrize(("entered", "told"), [("2026-02-15 23:59", 1), ("2026-02-16", 0)])
def test_open_weeks_have_no_drop_offs(bench: Bench, entered: str, told: int) -> None:
    put_journeys(bench, moves(entered, None))
    put_touches(bench, pd.DataFrame({"customer_id": ["c0"], "occurred_at": [entered], "interaction_type": ["x"]}))
    assert len(drop_offs(bench)) == told


@pytest.mark.parametrize(("entered", "told"), [("2026-03-15 20:59", 1), ("2026-03-15 22:30", 0)])
def test_the_hour_that_summer_time_takes_is_waited_for(bench: Bench, entered: str, told: int) -> None:
    """Two weeks of the calendar end on the 30th of March and are an hour short."""
    bench.clock("2026-03-29 22:00", "Europe/Berlin")
    put_journeys(bench, moves(entered, None))
    put_touches(bench, pd.DataFrame({"customer_id": ["c0"], "occurred_at": [entered], "interaction_type": ["x"]}))
    assert len(drop_offs(bench)) == told


def test_drop_offs_of_random_journeys_are_those_counted_one_by_one(bench: Bench) -> None:
    generator = np.random.default_rng(11)
    minutes = 60 * 24 * 56
    touches = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in generator.integers(0, 40, 2000)],
            # Whole hours, so that many touches share a time with each other and with a deadline.
            "occurred_at": pd.Timestamp("2026-01-05")
            + pd.to_timedelta(generator.integers(0, minutes // 60, 2000), "h"),
            "interaction_type": generator.choice([*"abcd"], 2000),
        }
    )
    entered = touches.groupby("customer_id")["occurred_at"].min()
    parts = []
    for to_stage, window in (("consideration", WINDOW), ("purchase", 2 * WINDOW)):
        moved = entered + pd.to_timedelta(generator.integers(0, 60 * 24, len(entered)), "h")
        part = pd.DataFrame({"entered_at": entered, "moved_at": moved.where(moved < AS_OF)}).reset_index()
        parts.append(part.assign(to_stage=to_stage, window_seconds=window))
    journeys = put_journeys(bench, pd.concat(parts, ignore_index=True))
    put_touches(bench, touches)
    found = bench.run("drop_offs")

    expected: dict[tuple[object, ...], int] = {}
    ordered = touches.reset_index().sort_values(["occurred_at", "index"])
    for journey in journeys.to_dict("records"):
        week = journey["entered_at"].to_period("W-SUN").start_time
        deadline = journey["entered_at"] + pd.Timedelta(seconds=journey["window_seconds"])
        matures = week + pd.Timedelta(days=7) + pd.Timedelta(seconds=journey["window_seconds"])
        if matures > AS_OF or journey["moved_at"] <= deadline:
            continue
        own = ordered[ordered["customer_id"] == journey["customer_id"]]
        before, after = own[own["occurred_at"] <= deadline], own[own["occurred_at"] > deadline]
        last = f"website:{before['interaction_type'].iloc[-1]}"
        following = f"website:{after['interaction_type'].iloc[0]}" if len(after) else "none"
        key = (week, journey["to_stage"], last, following)
        expected[key] = expected.get(key, 0) + 1
    counted = found.set_index(["week", "to_stage", "last_touch", "next_touch"])["journeys"].to_dict()
    assert counted == expected
    assert len(expected) > 20
