"""Coverage and the link audit against known answers: who fell silent, since when, and which spend nobody arrived by."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from journey_pipeline.coverage import missing_deliveries

from .compiled_models import Bench, compile_models

MODELS = "coverage_days coverage_weeks coverage_levels late_records coverage_late tagged_visits mart_coverage "
MODELS += "mart_late_arrivals mart_link_audit volume_ranges mart_volumes"
FIRST = date(2026, 8, 31)
AS_OF = date(2026, 11, 9)
WEEKS = [FIRST + timedelta(7 * n) for n in range(10)]
HISTORY = datetime(2026, 8, 1)

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), MODELS)


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    return Bench(models)


def daily(day: date, source: str, count: int = 20, kind: str = "page_view", file: str | None = None) -> Records:
    """`count` touchpoints of one source at noon of one day."""
    noon = datetime(day.year, day.month, day.day, 12)
    one = {"source": source, "interaction_type": kind, "occurred_at": noon, "source_file_id": file or source}
    return [one | {"customer_id": "c" if n % 2 else None} for n in range(count)]


def every_day(source: str, *, weeks: list[date] = WEEKS, days: int = 7, count: int = 20, **given: str) -> Records:
    return [
        record for week in weeks for n in range(days) for record in daily(week + timedelta(n), source, count, **given)
    ]


def judged(
    bench: Bench,
    touchpoints: Records,
    *,
    levels: dict[str, tuple[int | None, int | None]] | None = None,
    loads: Records = (),  # type: ignore[assignment]
    scores: Records = (),  # type: ignore[assignment]
    consents: Records = (),  # type: ignore[assignment]
    exceptions: Records = (),  # type: ignore[assignment]
    on_gap: str = "warn",
    mode: str = "append_dedupe",
    feeds: str = "touchpoints",
) -> pd.DataFrame:
    """The coverage table of these touchpoints; a source is a contract and a file of its own name unless told."""
    bench.clock(AS_OF.isoformat())
    frame = pd.DataFrame(touchpoints)
    bench.put("journeys.customer_touchpoints", frame)
    bench.connection.execute(
        """
        create or replace table warehouse.events.conversions as select null::varchar as source,
            null::varchar as conversion_type, null::timestamp as occurred_at, null::varchar as source_file_id limit 0;
        create or replace table warehouse.events.experience_scores as select null::varchar as source,
            null::varchar as instrument, null::timestamp as answered_at, null::varchar as source_file_id limit 0;
        create or replace table warehouse.events.consents as select null::varchar as source,
            null::varchar as purpose, null::timestamp as occurred_at, null::varchar as source_file_id limit 0;
        create or replace table warehouse.events.content_metrics as select null::varchar as source,
            null::varchar as metric, null::date as snapshot_date, null::varchar as source_file_id limit 0;
        create or replace table warehouse.journeys.reported_spend as select null::varchar as source,
            null::varchar as platform, null::date as spend_date, null::varchar as source_file_id,
            null::decimal(18, 6) as cost_amount_reporting limit 0;
        create or replace table warehouse.raw.file_loads (contract varchar, file_id varchar, loaded_at timestamp,
            period_end timestamp, exported_at timestamp, is_first_load boolean);
        create or replace table warehouse.raw.service_levels (contract varchar, delivery_mode varchar,
            latency_hours integer, frequency_days integer, on_gap varchar, events_tables varchar);
        create or replace table warehouse.seeds.coverage_exceptions (source varchar, events_table varchar,
            first_week date, last_week date, reason varchar);
        """
    )
    for source in sorted({record["source"] for record in [*touchpoints, *scores, *consents]}):
        latency, frequency = (levels or {}).get(source, (48, 1))
        bench.connection.execute(
            "insert into warehouse.raw.service_levels values (?, ?, ?, ?, ?, ?)",
            [source, mode, latency, frequency, on_gap, feeds],
        )
        bench.connection.execute(
            "insert into warehouse.raw.file_loads values (?, ?, ?, null, null, true)", [source, source, HISTORY]
        )
    given_rows = {
        "raw.file_loads": loads,
        "seeds.coverage_exceptions": exceptions,
        "events.experience_scores": [
            {"source": r["source"], "instrument": "CSAT", "answered_at": r["occurred_at"],
             "source_file_id": r["source_file_id"]} for r in scores
        ],
        "events.consents": [
            {"source": r["source"], "purpose": "analytics", "occurred_at": r["occurred_at"],
             "source_file_id": r["source_file_id"]} for r in consents
        ],
    }  # fmt: skip
    for table, rows in given_rows.items():
        if rows:
            given = pd.DataFrame(rows)
            bench.connection.register("given", given)
            bench.connection.execute(f"insert into warehouse.{table} by name select * from given")
            bench.connection.unregister("given")
    for model in ("coverage_days", "coverage_weeks", "coverage_levels", "late_records", "coverage_late"):
        bench.run(model)
    return bench.run("mart_coverage")


def statuses(coverage: pd.DataFrame, source: str) -> dict[str, str]:
    """Weeks of a source that are not ok."""
    rows = coverage[(coverage["source"] == source) & (coverage["status"] != "ok")]
    return {f"{week:%Y-%m-%d}": status for week, status in zip(rows["week"], rows["status"], strict=True)}


def test_a_source_that_always_delivers_is_ok_in_every_week(bench: Bench) -> None:
    coverage = judged(bench, every_day("ga4"))
    assert statuses(coverage, "ga4") == {}
    last = coverage.iloc[-1]
    assert (last["records"], last["expected_records"], last["days_with_data"], last["expected_days"]) == (
        140,
        140,
        7,
        7,
    )
    assert (last["records_ratio"], last["identified_share"]) == (1.0, 0.5)
    # Unknown before the source has shown four whole weeks; its first week may have begun on any day.
    assert coverage["expected_records"].isna().tolist() == [True] * 5 + [False] * 5


def test_a_source_that_falls_silent_for_two_weeks_is_named_with_its_weeks(bench: Bench) -> None:
    coverage = judged(bench, every_day("ga4") + every_day("zendesk", weeks=WEEKS[:-2], days=5, count=4))
    assert statuses(coverage, "ga4") == {}
    assert statuses(coverage, "zendesk") == {"2026-10-26": "silent", "2026-11-02": "silent"}
    (missing,) = missing_deliveries(bench.connection, "warehouse.journeys.mart_coverage")
    assert str(missing) == (
        "zendesk (touchpoints) last seen 2026-10-23 12:00 UTC, missing: 2026-10-26 silent, 2026-11-02 silent"
    )
    assert (missing.contracts, missing.refuses) == (("zendesk",), False)


def test_a_dropped_week_is_a_gap_and_never_becomes_usual(bench: Bench) -> None:
    kept = [week for week in WEEKS if week != date(2026, 10, 12)]
    coverage = judged(bench, every_day("ga4") + every_day("meta_ads", weeks=kept, count=3))
    assert statuses(coverage, "meta_ads") == {"2026-10-12": "gap"}
    row = coverage[(coverage["source"] == "meta_ads") & (coverage["status"] == "gap")].iloc[0]
    assert (row["records"], row["expected_records"], row["missing_record_types"]) == (0, 21, "page_view")


def test_the_newest_week_is_late_until_the_declared_level_has_run_out(bench: Bench) -> None:
    records = every_day("daily", weeks=WEEKS[:-1]) + every_day("weekly", weeks=WEEKS[:-1])
    coverage = judged(bench, records, levels={"daily": (36, 1), "weekly": (192, 7)})
    assert statuses(coverage, "daily") == {"2026-11-02": "silent"}
    assert statuses(coverage, "weekly") == {"2026-11-02": "late"}


def test_the_home_or_the_contract_decides_whether_a_gap_refuses(bench: Bench) -> None:
    judged(bench, every_day("ga4", weeks=WEEKS[:-1]), on_gap="refuse")
    assert missing_deliveries(bench.connection, "warehouse.journeys.mart_coverage")[0].refuses
    # What may still come refuses nothing.
    judged(bench, every_day("ga4", weeks=WEEKS[:-1]), levels={"ga4": (192, 7)}, on_gap="refuse")
    assert not missing_deliveries(bench.connection, "warehouse.journeys.mart_coverage")[0].refuses


def test_a_lost_day_is_a_gap_where_every_day_has_data_and_a_holiday_elsewhere(bench: Bench) -> None:
    lost = date(2026, 10, 14)
    records = every_day("ga4") + every_day("hubspot", days=5)
    kept = [record for record in records if record["occurred_at"].date() != lost]
    coverage = judged(bench, kept)
    assert statuses(coverage, "ga4") == {"2026-10-12": "gap"}
    assert statuses(coverage, "hubspot") == {}


def test_a_week_with_less_than_half_is_a_gap_and_a_weak_week_is_not(bench: Bench) -> None:
    lean, weak = WEEKS[7], WEEKS[8]
    records = every_day("ga4", weeks=[week for week in WEEKS if week not in (lean, weak)])
    coverage = judged(
        bench, records + every_day("ga4", weeks=[lean], count=9) + every_day("ga4", weeks=[weak], count=11)
    )
    assert statuses(coverage, "ga4") == {f"{lean}": "gap"}


def test_a_quiet_source_is_not_called_silent_before_chance_is_ruled_out(bench: Bench) -> None:
    """Four answers a week: two weeks without any may happen, three may not."""
    two = judged(bench, every_day("typeform", weeks=WEEKS[:-2], days=4, count=1), levels={"typeform": (192, 7)})
    assert set(statuses(two, "typeform").values()) == {"not_expected"}
    three = judged(bench, every_day("typeform", weeks=WEEKS[:-3], days=4, count=1), levels={"typeform": (192, 7)})
    assert list(statuses(three, "typeform").values()) == ["silent"] * 3


def test_nothing_is_expected_before_the_first_data_nor_of_a_young_source(bench: Bench) -> None:
    coverage = judged(bench, every_day("ga4") + every_day("klaviyo", weeks=WEEKS[-2:]))
    young = coverage[coverage["source"] == "klaviyo"]
    assert len(young) == 2
    assert young["status"].tolist() == ["ok", "ok"]


def test_a_young_source_is_judged_by_its_level_alone_and_an_export_keeps_it_alive(bench: Bench) -> None:
    records = every_day("klaviyo", weeks=WEEKS[5:7])
    assert set(statuses(judged(bench, records), "klaviyo").values()) == {"silent"}
    export = {"contract": "klaviyo", "file_id": "klaviyo", "loaded_at": HISTORY, "exported_at": datetime(2026, 11, 8)}
    alive = judged(bench, records, loads=[export | {"period_end": None, "is_first_load": True}])
    assert set(statuses(alive, "klaviyo").values()) == {"not_expected"}


def test_the_consents_of_a_banner_that_stops_are_missed(bench: Bench) -> None:
    coverage = judged(bench, every_day("ga4"), consents=every_day("tcf", weeks=WEEKS[:-2]))
    assert statuses(coverage, "tcf") == {"2026-10-26": "silent", "2026-11-02": "silent"}
    assert set(coverage[coverage["source"] == "tcf"]["events_table"]) == {"consents"}


def test_what_a_list_of_people_says_of_consent_is_silent_only_when_no_list_comes(bench: Bench) -> None:
    """Everybody of the list decided some day: the weeks say who joined, not what came."""
    people = every_day("crm", weeks=WEEKS[:-3])
    feeds = "profile_attributes,consents"
    export = {"contract": "crm", "file_id": "crm", "loaded_at": HISTORY, "exported_at": datetime(2026, 11, 8)}
    listed = [export | {"period_end": None, "is_first_load": True}]
    alive = judged(bench, every_day("ga4"), consents=people, feeds=feeds, loads=listed)
    assert set(statuses(alive, "crm").values()) == {"not_expected"}
    assert set(statuses(judged(bench, every_day("ga4"), consents=people, feeds=feeds), "crm").values()) == {"silent"}


def test_few_records_of_one_kind_are_quiet_while_their_export_goes_on(bench: Bench) -> None:
    """The declared level speaks of a source, not of each table it feeds."""
    coverage = judged(bench, every_day("intercom"), scores=daily(WEEKS[1], "intercom", 2))
    scores = coverage[coverage["events_table"] == "experience_scores"]
    assert scores["status"].tolist() == ["ok"] + ["not_expected"] * 8
    stopped = judged(bench, every_day("intercom", weeks=WEEKS[:2]), scores=daily(WEEKS[1], "intercom", 2))
    assert set(stopped[stopped["week"] >= pd.Timestamp(WEEKS[2])]["status"]) == {"silent"}


def test_what_is_expected_of_a_source_is_told_apart_from_what_it_delivers(bench: Bench) -> None:
    once = daily(WEEKS[-1], "delighted")
    ended = {"source": "print", "events_table": None, "first_week": WEEKS[7], "last_week": None, "reason": "ended"}
    coverage = judged(
        bench,
        every_day("ga4") + every_day("print", weeks=WEEKS[:7]) + once,
        levels={"delighted": (192, None)},
        exceptions=[ended],
    )
    told = {(row.source, f"{row.week:%Y-%m-%d}"): (row.status, row.is_expected) for row in coverage.itertuples()}
    assert told["delighted", f"{WEEKS[-1]}"] == ("ok", False)
    assert told["ga4", f"{WEEKS[-1]}"] == ("ok", True)
    assert told["print", f"{WEEKS[6]}"] == ("ok", True)
    assert told["print", f"{WEEKS[-1]}"] == ("not_expected", False)


def test_an_import_without_a_rhythm_and_a_declared_exception_are_never_late(bench: Bench) -> None:
    old = every_day("old_crm", weeks=WEEKS[:6]) + every_day("print", weeks=WEEKS[:6])
    ended = {"source": "print", "events_table": None, "first_week": WEEKS[7], "last_week": None, "reason": "ended"}
    coverage = judged(bench, old, levels={"old_crm": (192, None)}, exceptions=[ended])
    assert set(statuses(coverage, "old_crm").values()) == {"not_expected"}
    assert statuses(coverage, "print")[f"{WEEKS[6]}"] == "silent"
    assert {statuses(coverage, "print")[f"{week}"] for week in WEEKS[7:]} == {"not_expected"}


def test_a_kind_of_record_that_stops_is_named_while_the_source_goes_on(bench: Bench) -> None:
    records = every_day("ga4") + every_day("ga4", weeks=WEEKS[:-1], count=3, kind="purchase")
    last = judged(bench, records).iloc[-1]
    assert (last["status"], last["record_types"], last["missing_record_types"]) == ("ok", 1, "purchase")


def test_files_loaded_after_their_week_was_due_are_counted_and_the_first_load_is_history(bench: Bench) -> None:
    late, week = daily(date(2026, 10, 7), "ga4", 5, file="late"), f"{date(2026, 10, 5)}"
    load = {"contract": "ga4", "file_id": "late", "period_end": datetime(2026, 10, 7, 12), "is_first_load": False}

    def counted(loaded_at: datetime, **given: Any) -> list[tuple[str, int, int]]:
        coverage = judged(bench, every_day("ga4") + late, loads=[load | {"loaded_at": loaded_at} | given])
        rows = coverage[coverage["late_records"] > 0]
        return [(f"{r.week:%Y-%m-%d}", r.late_files, r.late_records) for r in rows.itertuples()]

    assert counted(datetime(2026, 10, 14, 0, 1)) == [(week, 1, 5)]
    assert counted(datetime(2026, 10, 13, 23)) == []
    assert counted(datetime(2026, 10, 14, 0, 1), is_first_load=True) == []


def test_records_are_counted_by_the_weeks_they_came_late_however_late(bench: Bench) -> None:
    first = daily(WEEKS[0], "ga4", 3, file="old") + daily(WEEKS[2], "ga4", 4, file="old")
    judged(
        bench,
        every_day("ga4") + first + daily(WEEKS[2], "ga4", 2, file="sooner"),
        loads=[
            {"contract": "ga4", "file_id": file, "loaded_at": at, "period_end": None, "is_first_load": False}
            for file, at in (("old", datetime(2026, 11, 5)), ("sooner", datetime(2026, 9, 24)))
        ],
    )
    late = bench.run("mart_late_arrivals")
    counted = [(f"{r.week:%Y-%m-%d}", r.source, r.weeks_late, r.files, r.records) for r in late.itertuples()]
    assert sorted(counted) == [
        ("2026-08-31", "ga4", 9, 1, 3),
        ("2026-09-14", "ga4", 1, 1, 2),
        ("2026-09-14", "ga4", 7, 1, 4),
    ]


def test_a_window_delivered_again_is_no_late_file(bench: Bench) -> None:
    again = daily(date(2026, 10, 7), "ga4", 5, file="window")
    load = {"contract": "ga4", "file_id": "window", "loaded_at": datetime(2026, 11, 3), "is_first_load": False}
    coverage = judged(
        bench,
        every_day("ga4") + again,
        loads=[load | {"period_end": datetime(2026, 11, 2)}],
        mode="replace_window",
    )
    assert coverage["late_records"].sum() == 0


# --- volumes ------------------------------------------------------------------------------------------------------


def volumes(bench: Bench, *allowances: tuple[object, ...]) -> pd.DataFrame:
    """The volumes of what was judged, under the usual allowance and others."""
    bench.connection.execute(
        """
        create or replace table warehouse.seeds.volume_allowances (compares varchar, source varchar,
            table_name varchar, fall double, rise double, on_breach varchar, first_week date, last_week date,
            reason varchar);
        insert into warehouse.seeds.volume_allowances values
            ('new_week', null, null, 0.5, 1, 'warn', null, null, 'usual'),
            ('closed_weeks', null, null, 0, 0, 'refuse', null, null, 'another comparison')
        """
    )
    for line in allowances:
        bench.connection.execute(
            "insert into warehouse.seeds.volume_allowances values ('new_week', ?, ?, ?, ?, ?, ?, ?, '')", line
        )
    bench.run("volume_ranges")
    return bench.run("mart_volumes")


def unusual(found: pd.DataFrame) -> list[tuple[str, str, int]]:
    rows = found[found["is_unusual"]]
    return [(r.source, f"{r.week:%Y-%m-%d}", r.records) for r in rows.itertuples()]


def weekly(source: str, counts: list[int]) -> Records:
    """So many touchpoints a week, on its Wednesday, up to the week before AS_OF."""
    weeks = [AS_OF - timedelta(7 * n) for n in range(len(counts), 0, -1)]
    return [r for week, n in zip(weeks, counts, strict=True) for r in daily(week + timedelta(2), source, n)]


def test_a_source_that_fell_to_a_twentieth_or_doubled_is_unusual_and_chance_is_not(bench: Bench) -> None:
    steady = [100, 92, 107, 99, 111, 103, 95, 104, 98]
    records = weekly("steady", [*steady, 81]) + weekly("fell", [*steady, 5]) + weekly("doubled", [*steady, 215])
    judged(bench, records + weekly("few", [9, 12, 8, 11, 10, 9, 13, 10, 12, 3]))
    found = volumes(bench)
    assert unusual(found) == [("doubled", "2026-11-02", 215), ("fell", "2026-11-02", 5)]
    row = found[(found["source"] == "fell") & found["is_unusual"]].iloc[0]
    # The median of the eight weeks after the first is 101; half of it and twice as much are usual.
    assert (row["expected_records"], row["records_low"], row["records_high"]) == (101, 50.5, 202)
    assert row["on_breach"] == "warn"


def test_a_source_that_varies_may_vary_and_a_mailing_every_fourth_week_is_usual(bench: Bench) -> None:
    judged(
        bench,
        weekly("wild", [100, 20, 160, 90, 30, 240, 70, 150, 40, 230])
        + weekly("mailing", [300, 60, 64, 58, 330, 61, 66, 57, 352, 63, 59, 62, 340]),
    )
    assert unusual(volumes(bench))[1:] == []  # the first mailing that is seen is news


def test_a_young_source_is_not_judged_and_a_week_that_was_busy_last_year_may_be_again(bench: Bench) -> None:
    year = [50] * 9 + [300] + [50] * 51
    judged(
        bench, weekly("seasonal", [*year, 290]) + weekly("calm", [50] * 61 + [290]) + weekly("young", [50, 50, 50, 2])
    )
    found = volumes(bench)
    assert unusual(found[found["week"] == pd.Timestamp(WEEKS[-1])]) == [("calm", "2026-11-02", 290)]
    assert "young" not in set(found["source"])


def test_an_allowance_of_the_source_and_the_period_decides(bench: Bench) -> None:
    judged(bench, weekly("ga4", [100] * 9 + [30]))
    whole = volumes(bench)
    assert unusual(whole) == [("ga4", "2026-11-02", 30)]
    assert unusual(volumes(bench, ("ga4", None, 0.8, 1, "warn", WEEKS[-1], None))) == []
    assert len(unusual(volumes(bench, ("ga4", None, 0.8, 1, "warn", None, WEEKS[-2])))) == 1
    refusing = volumes(bench, (None, "touchpoints", 0.5, 1, "refuse", None, None))
    assert set(refusing["on_breach"]) == {"refuse"}


# --- link audit ---------------------------------------------------------------------------------------------------


def hit(channel: str | None, campaign: str | None, visit: str, day: date = WEEKS[-1], **given: Any) -> dict[str, Any]:
    return {
        "touchpoint_id": f"t{visit}", "session_number": visit, "source": "ga4", "visitor_type": "ga_client_id",
        "interaction_type": "page_view",
        "occurred_at": datetime(day.year, day.month, day.day, 12), "channel": channel, "campaign": campaign,
        "campaign_id": None, "utm_source": "tagged", "utm_medium": None, "click_id": None, "is_machine": False,
        "is_internal_test": False,
    } | given  # fmt: skip


def bill(campaign: str, amount: float, clicks: int | None, day: date = WEEKS[-1], **given: Any) -> dict[str, Any]:
    return {
        "week": day, "platform": "meta", "channel": "paid_social", "campaign": campaign, "campaign_id": None,
        "cost_amount_reporting": amount, "clicks": clicks,
    } | given  # fmt: skip


def audited(bench: Bench, hits: Records, bills: Records) -> dict[tuple[str, Any], Any]:
    bench.clock(AS_OF.isoformat())
    text = ("channel", "campaign", "campaign_id", "utm_source", "utm_medium", "click_id")
    bench.put("journeys.customer_touchpoints", pd.DataFrame(hits), **dict.fromkeys(text, "varchar"))
    casts = {"week": "date", "cost_amount_reporting": "decimal(18, 6)", "clicks": "bigint", "campaign_id": "varchar"}
    bench.put("journeys.reported_spend", pd.DataFrame(bills), **casts)
    bench.put("events.campaign_handles", pd.DataFrame({"handle": ["9001"], "campaign": ["By id"]}))
    bench.run("tagged_visits")
    found = bench.run("mart_link_audit")
    last = found[found["week"] == pd.Timestamp(WEEKS[-1])]
    return {(row.channel, None if pd.isna(row.campaign) else row.campaign): row for row in last.itertuples()}


def test_spend_that_nobody_arrived_by_is_listed_with_its_share_and_where_its_visits_went(bench: Bench) -> None:
    hits = [
        hit("paid_social", "Autumn", "1"),
        hit("organic_social", " untagged ", "2"),
        hit("paid_social", "9001", "3"),
    ]
    bills = [bill("autumn", 60, 50), bill("Untagged", 30, 40), bill("Tiny", 4, 9), bill("By id", 6, 20)]
    found = audited(bench, hits, bills)
    assert {key[1]: row.finding for key, row in found.items()} == {
        "autumn": "ok",
        "Untagged": "spend_without_visits",
        "Tiny": "not_expected",
        "By id": "ok",
    }
    missing = found["paid_social", "Untagged"]
    assert (missing.spend_share, missing.clicks, missing.tagged_visits, missing.visits_elsewhere) == (0.3, 40, 0, 1)
    assert (missing.platform, missing.visits_per_click) == ("meta", 0)


def test_paid_visits_that_nobody_billed_are_listed_and_a_link_outlives_its_budget(bench: Bench) -> None:
    hits = [
        hit("paid_social", "Ghost", "1"),
        hit("paid_social", "Ended", "2"),
        hit("paid_social", None, "3"),
        hit("paid_video", "Ended", "7"),
        hit("email", "News", "4"),
        hit("paid_social", "Robot", "5", is_machine=True),
        hit("paid_social", "Ghost", "6", session_number=None, visitor_type=None),
        hit("paid_social", "Ghost", "8", session_number=None, visitor_type=None, interaction_type="session_start"),
    ]
    found = audited(bench, hits, [bill("Ended", 10, 20, WEEKS[-4])])
    assert {key: (row.finding, row.tagged_visits) for key, row in found.items()} == {
        ("paid_social", "Ghost"): ("visits_without_spend", 2),
        ("paid_social", "Ended"): ("ok", 1),
        ("paid_video", "Ended"): ("channel_differs", 1),
        ("paid_social", None): ("campaign_unknown", 1),
    }


def test_spend_is_not_blamed_in_a_week_in_which_no_visit_was_measured(bench: Bench) -> None:
    found = audited(bench, [hit("paid_social", "Autumn", "1", WEEKS[-2])], [bill("Autumn", 10, 50)])
    assert found["paid_social", "Autumn"].finding == "not_expected"
