"""Which touches may earn credit for which conversion, and why the others may not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from .compiled_models import Bench, compile_models
from .credit_bench import (
    CHAIN,
    credited,
    nothing_else,
    put_considerations,
    put_conversions,
    put_seed,
    put_touches,
    put_types,
)
from .test_sessions import sessionise, web


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    own = [
        "identifier_numbers",
        "session_hits",
        "customer_touchpoints",
        "session_touches",
        "sessions",
        "touch_candidates",
    ]
    wanted = [*own, *CHAIN, "mart_credit_consents"]
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join(wanted))


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    built = Bench(models)
    nothing_else(built)
    return built


# --- what counts as a conversion ------------------------------------------------------------------------------------


def test_a_fact_counts_in_every_type_based_on_it(bench: Bench) -> None:
    put_conversions(
        bench,
        pd.DataFrame(
            [
                ("o1", "order", "c", "2026-01-01", 10.0, True),
                ("o2", "order", "c", "2026-01-02", 20.0, True),
                ("void", "order", "d", "2026-01-01", 99.0, False),  # taken back whole
                ("o3", "order", "d", "2026-01-03", 7.5, True),  # so this is the first
                ("unseen", "order", None, "2026-01-03", 5.0, True),  # of nobody known: first or not, who knows
                ("deal", "opportunity_won", "c", "2026-01-04", 1000.0, True),
                ("lead", "lead", "c", "2026-01-01", 0.0, True),
            ],
            columns=["conversion_id", "conversion_type", "customer_id", "occurred_at", "value", "is_counted"],
        ),
    )
    bench.ask(
        """
        insert into warehouse.journeys.experience_answers values
            ('good', 'c', '2026-01-05', '2026-01-05', 'CSAT', true, false),
            ('easy', 'c', '2026-01-05', '2026-01-05', 'CES', true, false),
            ('promoter', 'c', '2026-01-06', '2026-01-05', 'NPS', false, true),
            ('bad', 'c', '2026-01-07', '2026-01-05', 'NPS', false, false);
        insert into warehouse.journeys.journey_events values
            ('told_a_friend', 0, 1, '2026-01-08', 'advocacy', 'referral'),
            ('posted', 0, 1, '2026-01-08', 'advocacy', 'community');
        """
    )
    put_considerations(bench, [("c", None)])
    found = bench.run("attributed_conversions")
    told = found[["conversion_type", "conversion_id", "value"]].astype({"value": float})
    assert sorted(told.itertuples(index=False, name=None)) == [
        ("first_order", "o1", 10.0),
        ("first_order", "o3", 7.5),
        ("good_answer", "good", 0.0),
        ("good_answer", "promoter", 0.0),
        ("lead", "lead", 0.0),
        ("opportunity_won", "deal", 1000.0),
        ("order", "o1", 10.0),
        ("order", "o2", 20.0),
        ("order", "o3", 7.5),
        ("order", "unseen", 5.0),
        ("referral", "told_a_friend", 0.0),
        ("repeat_order", "o2", 20.0),
    ]


# --- which touches --------------------------------------------------------------------------------------------------

DAY = 86400
CHANNELS = ["email", "display", "direct"]


def random_market(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    draw = np.random.default_rng(seed)
    start = pd.Timestamp("2026-01-01")

    def instants(count: int, hours: int = 24 * 50) -> list[pd.Timestamp]:
        return [start + pd.Timedelta(hours=int(h)) for h in draw.integers(0, hours, count)]

    touches = pd.DataFrame(
        {
            "touchpoint_id": [f"t{n:03}" for n in range(200)],
            "customer_id": draw.choice(["c0", "c1", "c2", "c3"], 200),
            "touched_at": instants(200),
            "channel": draw.choice(CHANNELS, 200),
            "touch_type": draw.choice(["click", "view"], 200, p=[0.7, 0.3]),
            "exclusion": draw.choice([None, "machine", "internal test", "consent denied"], 200, p=[0.7, 0.1, 0.1, 0.1]),
        }
    )
    conversions = pd.DataFrame(
        {
            "conversion_id": [f"v{n:02}" for n in range(30)],
            "customer_id": draw.choice(["c0", "c1", "c2", "gone", None], 30),
            "occurred_at": instants(30),
            "value": 1.0,
        }
    )
    return conversions, touches


def judged_one_by_one(
    conversions: pd.DataFrame, touches: pd.DataFrame, starts_new_cycle: bool, max_steps: int | None
) -> list[tuple[Any, ...]]:
    """Every touch held against every conversion of its customer, by the words of the definition."""
    click, view, longest = {"email": 20 * DAY}, {"display": 3 * DAY}, 20 * DAY
    expected = []
    for own in conversions.dropna(subset="customer_id").itertuples():
        before = [
            other.occurred_at
            for other in conversions.itertuples()
            if other.customer_id == own.customer_id
            and (other.occurred_at, other.conversion_id) < (own.occurred_at, own.conversion_id)
        ]
        eligible: dict[str, list[tuple[pd.Timestamp, str]]] = {"click": [], "view": []}
        for touch in touches.itertuples():
            seconds = (own.occurred_at - touch.touched_at).total_seconds()
            if touch.customer_id != own.customer_id or not 0 <= seconds <= longest:
                continue
            if starts_new_cycle and before and touch.touched_at <= max(before):
                continue
            back = click.get(touch.channel, 10 * DAY) if touch.touch_type == "click" else view.get(touch.channel, DAY)
            if isinstance(touch.exclusion, str):
                expected.append((own.conversion_id, touch.touchpoint_id, touch.exclusion))
            elif seconds > back:
                expected.append((own.conversion_id, touch.touchpoint_id, "outside the lookback"))
            else:
                eligible[touch.touch_type].append((touch.touched_at, touch.touchpoint_id))
        for found in eligible.values():
            path = sorted(found)
            kept = path if max_steps is None else path[-max_steps:]
            expected += [(own.conversion_id, t, "beyond the step cap") for _, t in path if (_, t) not in kept]
            expected += [(own.conversion_id, t, (n, len(kept))) for n, (_, t) in enumerate(kept, 1)]
    return expected


@pytest.mark.parametrize("starts_new_cycle", [True, False])
@pytest.mark.parametrize(("seed", "max_steps"), [(0, None), (1, 3), (2, 1)])
def test_touches_are_those_of_judging_each_by_itself(
    bench: Bench, seed: int, max_steps: int | None, starts_new_cycle: bool
) -> None:
    conversions, touches = random_market(seed)
    put_types(
        bench,
        click_lookback_seconds=10 * DAY,
        view_lookback_seconds=DAY,
        max_steps=max_steps,
        starts_new_cycle=starts_new_cycle,
    )
    lookbacks = pd.DataFrame(
        [("order", "email", 20 * DAY, None), ("order", "display", None, 3 * DAY)],
        columns=["conversion_type", "channel", "click_lookback_seconds", "view_lookback_seconds"],
    )
    put_seed(bench, "lookbacks", lookbacks)
    put_conversions(bench, conversions)
    put_touches(bench, touches)
    credited(bench)
    kept = bench.ask(
        "select conversion_id, touchpoint_id, position, touch_count from warehouse.journeys.conversion_touches"
    )
    out = bench.ask("select conversion_id, touchpoint_id, reason from warehouse.journeys.excluded_touches")
    found = [(c, t, (p, n)) for c, t, p, n in kept.itertuples(index=False, name=None)]
    found += list(out.itertuples(index=False, name=None))
    expected = judged_one_by_one(conversions, touches, starts_new_cycle, max_steps)
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len(kept) > 10 and len(out) > 10


def test_bounds_of_the_lookback_are_inclusive_to_the_second(bench: Bench) -> None:
    end = pd.Timestamp("2026-03-30 12:00")  # the clocks of Berlin went forward in between: a window is no calendar
    put_conversions(
        bench, pd.DataFrame({"conversion_id": ["v"], "customer_id": ["c"], "occurred_at": [end], "value": [1.0]})
    )
    seconds = [30 * DAY + 1, 30 * DAY, 0, -1]
    put_touches(
        bench,
        pd.DataFrame({"touched_at": [end - pd.Timedelta(seconds=s) for s in seconds], "channel": list("abcd")}).assign(
            customer_id="c"
        ),
    )
    credited(bench)
    kept = bench.ask(
        "select channel, seconds_before::double from warehouse.journeys.conversion_touches "
        "where conversion_type = 'order' order by 1"
    )
    assert kept.values.tolist() == [["b", 30.0 * DAY], ["c", 0.0]]


def test_the_lead_touch_is_the_last_click_until_consideration(bench: Bench) -> None:
    put_conversions(
        bench,
        pd.DataFrame(
            [("v1", "c", "2026-01-10"), ("v2", "c", "2026-01-20"), ("w", "d", "2026-01-20")],
            columns=["conversion_id", "customer_id", "occurred_at"],
        ).assign(value=1.0),
    )
    days = [("c", d) for d in (2, 4, 6, 12, 14, 16)] + [("d", 15)]
    put_touches(
        bench,
        pd.DataFrame(days, columns=["customer_id", "day"]).assign(
            touched_at=lambda t: t["day"].map("2026-01-{:02}".format), channel=lambda t: t["day"].map("ch{}".format)
        ).drop(columns="day"),
    )  # fmt: skip
    # Two journeys before the second order: the one that led to it counts. The other considered before any touch.
    put_considerations(bench, [("c", "2026-01-04"), ("c", "2026-01-12"), ("c", "2026-01-15"), ("d", "2026-01-14")])
    credited(bench)
    leads = bench.ask(
        "select conversion_id, channel from warehouse.journeys.conversion_touches "
        "where is_lead_touch and conversion_type = 'order' order by all"
    )
    assert leads.values.tolist() == [["v1", "ch4"], ["v2", "ch14"]]


# --- why not --------------------------------------------------------------------------------------------------------


def consents(bench: Bench, spans: list[tuple[str, str, str, str, str | None]]) -> None:
    frame = pd.DataFrame(spans, columns=["customer_id", "purpose", "state", "valid_from", "valid_to"])
    text = dict.fromkeys(("customer_id", "purpose", "state"), "varchar")
    bench.put("journeys.customer_consents", frame, valid_from="timestamp", valid_to="timestamp", **text)


def candidates(bench: Bench) -> dict[str, tuple[str, str | None]]:
    found = bench.run("touch_candidates")
    return {
        row.touchpoint_id: (row.touch_type, None if pd.isna(row.exclusion) else row.exclusion)
        for row in found.itertuples()
    }


def test_robots_and_own_people_are_told_and_earn_nothing(bench: Bench) -> None:
    hits = web(
        [
            ("p", "2026-01-05 10:00", "google", "cpc"),
            ("r", "2026-01-05 10:00", "google", "cpc"),
            ("r", "2026-01-05 10:01", "google", "cpc"),
            ("i", "2026-01-05 12:00", "google", "cpc"),
            ("p", "2026-01-06 10:00", None, None),
            ("p", "2026-01-07 10:00", None, None),
        ]
    )
    hits["is_machine"] = [False, True, True, False, True, False]
    hits["is_internal_test"] = hits["visitor_id"] == "i"
    # Opened mails bring no visitor; a mail program opened the first of them.
    opened = hits["touchpoint_id"].isin(["005", "006"])
    hits["interaction_type"] = hits["interaction_type"].where(~opened, "email_opened")
    hits["family"] = hits["family"].where(~opened, "email")
    hits.loc[opened, ["visitor_type", "visitor_id"]] = None
    hits.loc[opened, "identifier_value"] = "p"
    sessionise(bench, hits)
    consents(bench, [])
    assert candidates(bench) == {
        "001": ("click", None),
        "002": ("click", "machine"),  # one a session, however many hits
        "004": ("click", "internal test"),
        "005": ("view", "machine"),
        "006": ("view", None),
    }
    kept = bench.run("marketing_touches")
    assert kept[["touchpoint_id", "channel", "touch_type"]].values.tolist() == [
        ["001", "cpc", "click"],
        ["006", "email", "view"],
    ]


def test_a_denial_holds_for_the_touches_of_its_time_and_purpose(bench: Bench) -> None:
    days = ["2026-01-05", "2026-01-06", "2026-01-07"]
    rows = [(who, f"{day} 10:00", "google", "cpc") for who in ("asked", "ads", "mail", "tag") for day in days]
    hits = web(rows)
    hits["family"] = ["website" if n % 3 == 2 else "advertising" for n in range(len(hits))]
    # The tracker itself may say so, hit by hit.
    hits["consent_analytics"] = [False if row[:2] == ("tag", "2026-01-05 10:00") else None for row in rows]
    hits["consent_ads"] = [not (row[0] == "tag" and row[1] > "2026-01-06") for row in rows]
    sessionise(bench, hits)
    consents(
        bench,
        [
            ("cus_asked", "analytics", "granted", "2026-01-01", "2026-01-05 10:00:01"),
            ("cus_asked", "analytics", "withdrawn", "2026-01-05 10:00:01", "2026-01-07 10:00"),
            ("cus_asked", "analytics", "granted", "2026-01-07 10:00", None),
            ("cus_ads", "ads", "denied", "2026-01-06", None),
            ("cus_mail", "email_marketing", "denied", "2026-01-01", None),
            ("cus_mail", "functional", "denied", "2026-01-01", None),
        ],
    )
    denied = sorted(t for t, (_, why) in candidates(bench).items() if why == "consent denied")
    told = {f"{n:03}": row[:2] for n, row in enumerate(rows, 1)}
    assert [told[t] for t in denied] == [
        ("asked", "2026-01-06 10:00"),
        ("ads", "2026-01-06 10:00"),  # on the 7th the visit came by no advertisement
        ("tag", "2026-01-05 10:00"),
        ("tag", "2026-01-06 10:00"),
    ]
    # The visit keeps the channel it came by; only credit is denied.
    assert bench.ask("select count(*) from warehouse.journeys.sessions where channel is null").iloc[0, 0] == 0


def test_a_conversion_without_a_counting_touch_is_unattributed_with_the_reason(bench: Bench) -> None:
    put_conversions(
        bench,
        pd.DataFrame(
            [("none", "a"), ("nobody", None), ("robot", "r"), ("seen", "s")], columns=["conversion_id", "customer_id"]
        ).assign(occurred_at="2026-01-10", value=5.0),
    )
    put_touches(
        bench,
        pd.DataFrame(
            [("r", "click", "machine"), ("s", "view", None)], columns=["customer_id", "touch_type", "exclusion"]
        ).assign(touched_at="2026-01-09 12:00", channel="display"),
    )
    found = credited(bench).query("conversion_type == 'order' and channel == 'unattributed'")
    assert set(found.query("model == 'linear'")[["conversion_id", "reason"]].itertuples(index=False, name=None)) == {
        ("none", "no touch within the lookback"),
        ("nobody", "no identified customer"),
        ("robot", "no touch within the lookback"),
        ("seen", "no touch that counts in this model"),
    }
    assert set(found.query("model == 'linear_with_views'")["conversion_id"]) == {"none", "nobody", "robot"}
    why = bench.ask(
        "select conversion_id, reason from warehouse.journeys.excluded_touches where conversion_type = 'order'"
    )
    assert why.values.tolist() == [["robot", "machine"]]


def test_what_denied_consent_moves_is_published(bench: Bench) -> None:
    put_types(bench)
    put_conversions(
        bench,
        pd.DataFrame([("both", "b"), ("denied", "d"), ("none", "n")], columns=["conversion_id", "customer_id"]).assign(
            occurred_at="2026-01-10", value=5.0, week="2026-01-05"
        ),
    )
    touches = [
        ("b", "email", None, "2026-01-09"),
        ("b", "display", "consent denied", "2026-01-08"),
        ("b", "display", "machine", "2026-01-08"),
        ("b", "display", "consent denied", "2025-12-01"),  # too long ago to matter either way
        ("d", "display", "consent denied", "2026-01-08"),
    ]
    put_touches(bench, pd.DataFrame(touches, columns=["customer_id", "channel", "exclusion", "touched_at"]))
    credited(bench)
    found = bench.run("mart_credit_consents").set_index("channel")
    assert found[["credit", "credit_with_denied"]].T.to_dict("list") == {
        "display": [0.0, 1.5],
        "email": [1.0, 0.5],
        "unattributed": [2.0, 1.0],
    }
    assert found.loc["display", ["touches", "denied_touches", "denied_share"]].tolist() == [2, 2, 1.0]
    assert found.loc["email", ["touches", "denied_touches", "denied_share"]].tolist() == [1, 0, 0.0]
    # The linear rule says the same of what it was given.
    linear = bench.ask(
        "select channel, sum(credit)::double from warehouse.journeys.credits where model = 'linear' "
        "and credit > 0 group by 1"
    )
    assert dict(linear.itertuples(index=False, name=None)) == found.query("credit > 0")["credit"].to_dict()
