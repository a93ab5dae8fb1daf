"""Several files: duplicates, order of arrival, corrections, what is current, and what a fixed fault leaves behind."""

import itertools
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from journey_pipeline.ingest import IngestError, csv_files, known_at, land, load_contracts, scan
from journey_pipeline.ingest.contract import TypeOptions
from journey_pipeline.ingest.engine import parser
from journey_pipeline.ingest.parsing import parse
from journey_pipeline.ingest.stage import stage
from tests.ingest.home import LOADED_AT, SAMPLES, Home
from tests.ingest.test_csv_faults import DEAL_HEADER, GOOD, REPORT
from tests.ingest.test_samples import GA4, GA4_AGAIN, ORDERS

EVERYTHING = "select * exclude (_file_name) from raw.{} order by _file_id, _row_number"
FILES = "select * exclude (path, file_name) from raw.source_files order by all"


def tables(home: Home) -> list[list[tuple[Any, ...]]]:
    with home.warehouse() as raw:
        names = [f'raw."{contract.id}"' for contract in home.contracts()]
        queries = [f"select * from {name} order by _file_id, _row_number" for name in names]
        queries += ["select * from raw.source_files order by all", "select * from raw.quarantine order by all"]
        return [raw.execute(query).fetchall() for query in queries]


def deal(number: int, stage: str) -> str:
    return f"{number},A deal,{stage},10,EUR,2026-10-25 02:30\n"


def test_an_unchanged_inbox_is_not_read_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put_sample(ORDERS)
    assert home.load_one().is_new
    before = tables(home)

    def refuse(*_: object) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr("journey_pipeline.ingest.landing.stage", refuse)
    again = home.load_one()
    assert (again.outcome, again.is_new, again.accepted) == ("loaded", False, 8)
    assert tables(home) == before


def test_same_bytes_under_two_names_count_once(home: Home) -> None:
    home.put_sample(ORDERS)
    home.load()
    alone = home.rows(EVERYTHING.format("shopify__orders"))
    home.put_sample(ORDERS, "shopify/a copy/orders_export_1.csv")
    outcomes = home.load()
    # The first path by name is the loaded one although it came later.
    assert outcomes["shopify/a copy/orders_export_1.csv"].outcome == "loaded"
    assert outcomes[ORDERS].outcome == "duplicate"
    assert home.rows(EVERYTHING.format("shopify__orders")) == alone
    assert home.rows("select path, outcome, records, accepted from raw.source_files order by path") == [
        ("shopify/a copy/orders_export_1.csv", "loaded", 8, 8),
        (ORDERS, "duplicate", 0, 0),
    ]


def test_any_order_of_arrival_gives_the_same_tables(tmp_path: Path) -> None:
    names = [GA4, GA4_AGAIN, ORDERS, "shopify/copy/orders_export_1.csv", "shopify/2026-11-09/orders_export_2.csv"]
    contents = {name: (SAMPLES / name).read_bytes() for name in names[:3]}
    contents[names[3]] = contents[ORDERS]
    contents[names[4]] = contents[ORDERS].replace(b",voided,", b",refunded,")
    results = []
    for number, seed in enumerate((None, 1, 2, 3)):
        home, order = Home(tmp_path / str(number)), list(names)
        if seed is not None:
            random.Random(seed).shuffle(order)
        for name in order:
            home.put(name, contents[name])
            if seed is not None:
                home.load()
        home.load()
        results.append(tables(home))
    assert all(result == results[0] for result in results[1:])
    assert {row[4] for row in results[0][-2]} == {"loaded", "duplicate", "superseded"}


def test_a_later_report_replaces_its_days_and_only_them(home: Home) -> None:
    home.put("google_ads/2026-11-03/Campaign report.csv", GOOD)
    home.put(
        "google_ads/2026-11-10/Campaign report.csv",
        GOOD.replace("2026-11-01", "2026-11-03").replace("20.00", "19.00").replace("10.50", "5.00"),
    )
    home.load()
    assert home.rows("select day, cost, _is_current from raw.google_ads__campaign_report order by 1, 2") == [
        ("2026-11-01", "10.50", True),
        ("2026-11-02", "19.00", True),
        ("2026-11-02", "20.00", False),
        ("2026-11-03", "5.00", True),
    ]
    assert home.rows("select outcome, accepted, superseded from raw.source_files order by path") == [
        ("loaded", 2, 1),
        ("loaded", 2, 0),
    ]


def test_a_report_named_after_its_first_day_is_not_older_than_what_it_holds(home: Home) -> None:
    home.put("google_ads/Campaign report 2026-11-01 to 2026-11-02.csv", GOOD.replace("20.00", "19.00"))
    home.put("google_ads/Campaign report 2026-10-31.csv", GOOD.replace("2026-11-01", "2026-10-31"))
    home.load()
    assert home.rows("select exported_at::varchar from raw.source_files order by path") == [
        ("2026-11-01 23:00:00",),
        ("2026-11-02 00:00:00",),
    ]


def test_a_snapshot_replaces_the_one_before_whole(home: Home) -> None:
    home.put("hubspot/all-deals-2026-11-08.csv", DEAL_HEADER + deal(1, "Trial") + deal(2, "Won"))
    home.put("hubspot/all-deals-2026-11-15.csv", DEAL_HEADER + deal(1, "Lost"))
    # A delivery of the past that comes last is still of the past, whatever dates its cells have.
    home.put("hubspot/all-deals-2026-11-01.csv", DEAL_HEADER + deal(3, "Trial").replace("2026-10", "2099-10"))
    home.load()
    assert home.rows("select record_id, deal_stage from raw.hubspot__deals where _is_current") == [("1", "Lost")]
    assert home.rows("select outcome from raw.source_files order by path") == [
        ("superseded",),
        ("superseded",),
        ("loaded",),
    ]


def test_the_lines_of_an_order_come_from_one_file(home: Home) -> None:
    header = (
        "Name,Financial Status,Paid at,Currency,Total,Discount Amount,Created at,Lineitem quantity,Cancelled at,"
        "Refunded Amount,Id\n"
    )
    time = "2026-11-01 09:21:45 +0100"
    first = f"#1,paid,,EUR,9.00,0.00,{time},1,,0.00,7\n"
    home.put("shopify/2026-11-02/orders_export.csv", header + first + f"#1,,,,,,{time},2,,,\n")
    home.put("shopify/2026-11-09/orders_export.csv", header + first.replace("paid", "refunded"))
    home.load()
    assert home.rows("select financial_status from raw.shopify__orders where _is_current") == [("refunded",)]


@pytest.mark.parametrize("order", itertools.permutations(range(2)))
def test_the_newest_version_wins_whichever_file_has_it(home: Home, order: tuple[int, ...]) -> None:
    line = (
        '{"id":1,"requester_id":9,"ticket_id":5,"score":"%s","created_at":"2026-11-05T09:00:00Z","updated_at":"%s"}\n'
    )
    versions = [("bad", "2026-11-05T10:00:00Z"), ("good", "2026-11-06T08:00:00+00:00")]
    for number, version in zip(order, versions, strict=True):
        home.put(f"zendesk/satisfaction_ratings_{number}.jsonl", line % version)
    home.load()
    assert home.rows("select score from raw.zendesk__satisfaction_ratings where _is_current") == [("good",)]


def test_rows_without_a_client_id_stay_apart(home: Home) -> None:
    event = '{"event_date":"20261101","event_timestamp":"%d","event_name":"page_view","stream_id":"1"}\n'
    home.put("ga4/events_20261101.jsonl", event % 1793489460120000 + event % 1793489460120001)
    home.load()
    assert home.rows("select count(*) from raw.ga4__events where _is_current") == [(2,)]


def test_after_the_fix_nothing_remains_of_the_fault(tmp_path: Path) -> None:
    clean, faulty = Home(tmp_path / "clean"), Home(tmp_path / "faulty")
    faulty.put(REPORT, GOOD.replace("20.00", "-20.00"))
    faulty.put("unknown.txt", "x")
    assert {outcome.outcome for outcome in faulty.load().values()} == {"quarantined"}
    assert faulty.rows("select count(*) from raw.quarantine") == [(2,)]
    (faulty.inbox / "unknown.txt").unlink()
    for home in (clean, faulty):
        home.put(REPORT, GOOD)
        assert home.load(LOADED_AT + timedelta(days=1))[REPORT].outcome == "loaded"
    assert tables(clean) == tables(faulty)


def test_a_correction_under_the_same_name_takes_the_place_of_what_it_corrects(home: Home, tmp_path: Path) -> None:
    """Twice there and back, so that no order of content hashes can pass for it."""
    good = (SAMPLES / ORDERS).read_bytes()
    wrong = good.replace(b"no,EUR,95.00", b"no,JPY,95.00")
    untouched = Home(tmp_path / "untouched")
    untouched.put(ORDERS, good)
    untouched.load()
    for day, content in enumerate([good, wrong, good, wrong, good]):
        home.put(ORDERS, content)
        home.load(LOADED_AT + timedelta(days=day))
        currencies = home.rows("select distinct currency from raw.shopify__orders where _is_current and currency <> ''")
        assert (("JPY",) in currencies) == (content is wrong)
    assert tables(home) == tables(untouched)
    days = [LOADED_AT + timedelta(days=day) for day in range(5)]
    jpy = "select count(*) > 0 from raw.shopify__orders where _is_current and currency = 'JPY'"
    assert [home.rows(jpy, at=day)[0][0] for day in days] == [False, True, False, True, False]


def test_a_removed_file_stays_loaded_and_a_removed_fault_goes(home: Home) -> None:
    home.put_sample(ORDERS)
    bad = home.put("shopify/orders_export_2.csv", "<html>")
    home.load()
    assert home.rows("select count(*) from raw.source_files") == [(2,)]
    bad.unlink()
    (home.inbox / ORDERS).unlink()
    assert home.load() == {}
    assert home.rows("select path, outcome from raw.source_files") == [(ORDERS, "loaded")]
    assert home.rows("select count(*) from raw.shopify__orders") == [(8,)]


def test_known_at_hides_what_came_later(home: Home) -> None:
    assert known_at(home.lake) is None
    home.put_sample(GA4)
    home.load(LOADED_AT)
    home.put_sample(GA4_AGAIN)
    home.load(LOADED_AT + timedelta(days=7))
    assert known_at(home.lake) == datetime(2026, 11, 29, 5, 0)
    count = "select count(*), (select count(*) from raw.source_files) from raw.ga4__events"
    assert home.rows(count, at=LOADED_AT) == [(10, 1)]
    assert home.rows(count, at=LOADED_AT - timedelta(seconds=1)) == [(0, 0)]
    assert home.rows(count) == [(22, 2)]


def test_a_new_version_of_a_contract_reads_the_inbox_again(home: Home) -> None:
    contract = load_contracts()["shopify__orders"]
    home.put_sample(ORDERS)
    home.load()
    fewer = contract.model_copy(update={"version": "9.0.0", "columns": contract.columns[:-1]})
    (outcome,) = land(fewer, scan(home.inbox, {fewer.id: fewer}), home.lake, LOADED_AT + timedelta(days=1))
    assert outcome.is_new
    # The files of the older version have a column more, those of the newer one less: both still register.
    assert home.rows("select count(*), count(payment_references) from raw.shopify__orders", at=LOADED_AT) == [(8, 0)]


def test_a_tolerated_share_of_bad_rows_is_quarantined_and_reconciles(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = load_contracts()["google_ads__campaign_report"]
    limits = contract.ingest.limits.model_copy(update={"max_quarantine_share": 0.5})
    tolerant = contract.model_copy(update={"ingest": contract.ingest.model_copy(update={"limits": limits})})
    home.put(REPORT, GOOD.replace("20.00", "x"))
    (outcome,) = land(tolerant, scan(home.inbox, {tolerant.id: tolerant}), home.lake, LOADED_AT)
    assert (outcome.outcome, outcome.records, outcome.accepted, outcome.quarantined, outcome.dropped) == (
        "loaded",
        3,
        1,
        1,
        1,
    )
    assert home.rows("select _row_number, cost from raw.google_ads__campaign_report") == [(1, "10.50")]
    assert home.rows("select row_number, line, column_name, rule from raw.quarantine") == [(2, 3, "cost", "type")]
    home.put(REPORT, GOOD.replace("20.00", "x").replace("10.50", "y"))
    (outcome,) = land(tolerant, scan(home.inbox, {tolerant.id: tolerant}), home.lake, LOADED_AT)
    assert outcome.fault is not None
    assert (outcome.outcome, outcome.fault.code) == ("quarantined", "E_TOO_MANY_QUARANTINED")


def test_a_quarantined_row_comes_back_when_the_contract_learns_to_read_it(home: Home) -> None:
    """Also when the file has left the inbox long ago: all its records are in the lake."""
    contract = load_contracts()["google_ads__campaign_report"]
    limits = contract.ingest.limits.model_copy(update={"max_quarantine_share": 0.5})
    strict = contract.model_copy(update={"ingest": contract.ingest.model_copy(update={"limits": limits})})
    path = home.put(REPORT, GOOD.replace("20.00", "-20.00"))
    land(strict, scan(home.inbox, {strict.id: strict}), home.lake, LOADED_AT)
    cells = "select day, cost from raw.google_ads__campaign_report order by 1"
    assert home.rows(cells) == [("2026-11-01", "10.50")]
    path.unlink()
    columns = [
        column.model_copy(update={"logicalTypeOptions": TypeOptions()}) if column.name == "cost" else column
        for column in strict.columns
    ]
    credits_allowed = strict.model_copy(update={"version": "9.0.0", "columns": tuple(columns)})
    land(credits_allowed, scan(home.inbox, {}), home.lake, LOADED_AT + timedelta(days=1))
    assert home.rows(cells) == [("2026-11-01", "10.50"), ("2026-11-02", "-20.00")]
    assert home.rows("select accepted, quarantined, dropped from raw.source_files") == [(2, 0, 1)]
    assert home.rows("select count(*) from raw.quarantine") == [(0,)]


def test_many_small_files_side_by_side_are_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    together, apart = Home(tmp_path / "together"), Home(tmp_path / "apart")
    line = '{"id":%d,"requester_id":9,"ticket_id":5,"score":"%s","created_at":"%s","updated_at":"%s"}\n'
    at = "2026-11-05T09:00:00Z"
    names = [f"zendesk/satisfaction_ratings_{number:02}.jsonl" for number in range(60)]
    for number, name in enumerate(names):
        # Every tenth is broken, every seventh a copy of the first.
        content = "<html>" if number % 10 == 5 else line % (0 if number % 7 == 0 else number, "good", at, at)
        together.put(name, content)
        apart.put(name, content)
        if number % 20 == 19:
            apart.load()
    outcomes = together.load()
    assert [outcome.outcome for outcome in outcomes.values()].count("quarantined") == 6
    assert [outcome.outcome for outcome in outcomes.values()].count("duplicate") == 7
    assert tables(together) == tables(apart)


def test_records_lost_while_reading_hold_the_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    untouched = csv_files.read_csv

    def lose_the_first(*given: Any) -> Any:
        body = untouched(*given)
        object.__setattr__(body, "select", f"select * from ({body.select}) offset 1")
        return body

    monkeypatch.setattr("journey_pipeline.ingest.parsing.read_csv", lose_the_first)
    staged = stage(home.put(REPORT, GOOD), home.folder)
    contract = load_contracts()["google_ads__campaign_report"]
    with parser(home.folder) as connection, pytest.raises(IngestError, match="E_RECONCILE"):
        parse(contract, staged, REPORT, home.folder, home.folder / "accepted.parquet", lambda: connection)


def test_an_empty_delivery_is_fine_where_the_contract_says_so(home: Home) -> None:
    contract = load_contracts()["google_ads__campaign_report"]
    limits = contract.ingest.limits.model_copy(update={"may_be_empty": True})
    patient = contract.model_copy(update={"ingest": contract.ingest.model_copy(update={"limits": limits})})
    home.put(REPORT, GOOD.splitlines()[0] + "\n")
    (outcome,) = land(patient, scan(home.inbox, {patient.id: patient}), home.lake, LOADED_AT)
    assert (outcome.outcome, outcome.records) == ("loaded", 0)
    assert home.rows("select outcome from raw.source_files") == [("loaded",)]
