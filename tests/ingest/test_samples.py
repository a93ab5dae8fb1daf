"""Every sample of the six vendors lands with the counts and sums that were computed from it independently."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from journey_pipeline.ingest import load_contracts, scan
from tests.ingest.home import SAMPLES, Home

GA4 = "ga4/analytics_312345678/events_20261101/events_20261101-000000000000.json.gz"
GA4_AGAIN = f"ga4/redelivery_2026-11-04/{GA4.removeprefix('ga4/')}"
REPORT = "google_ads/Campaign report.csv"
REPORT_COMMA = "google_ads/Campaign report (comma).csv"
CONTACTS = "hubspot/hubspot-crm-exports-all-contacts-2026-11-08.csv"
DEALS = "hubspot/hubspot-crm-exports-all-deals-2026-11-08.csv"
ORDERS = "shopify/orders_export_1.csv"
TYPEFORM = "typeform/responses-AbC123-01HXYZ.csv"


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("samples"))
    for path in sorted(SAMPLES.rglob("*")):
        if path.is_file():
            home.put_sample(path.relative_to(SAMPLES).as_posix())
    home.load()
    return home


def test_every_sample_is_accepted_and_reconciles(everything: Home) -> None:
    files = everything.rows("select outcome, records, accepted, quarantined, dropped from raw.source_files")
    assert len(files) == len(scan(SAMPLES, load_contracts()))
    assert {row[0] for row in files} <= {"loaded", "superseded", "duplicate"}
    assert all(records == sum(parts) for _, records, *parts in files)
    assert everything.rows("select count(*) from raw.quarantine") == [(0,)]


def test_every_contract_has_a_sample_and_its_columns_in_order(everything: Home) -> None:
    lineage = ["_file_id", "_row_number", "_delivery_rank", "_is_current", "_exported_at", "_file_name", "_extra"]
    with everything.warehouse() as connection:
        for contract in everything.contracts():
            described = connection.execute(f'describe raw."{contract.id}"').fetchall()
            assert [row[0] for row in described] == [*contract.column_names, *lineage]
            assert {row[1] for row in described[: len(contract.columns)]} == {"VARCHAR"}
            assert connection.execute(f'select count(*) > 0 from raw."{contract.id}"').fetchall() == [(True,)]


def test_ga4_rows_of_a_redelivery_are_counted_once(home: Home) -> None:
    home.put_sample(GA4)
    home.put_sample(GA4_AGAIN)
    home.load()
    table = "raw.ga4__events"
    assert home.rows(f"select count(*), count(*) filter (where _is_current) from {table}") == [(22, 11)]
    utc_date = "strftime(make_timestamp(event_timestamp::bigint), '%Y%m%d')"
    assert home.rows(
        f"select count(*) from {table} where _is_current and event_date = '20261101' and {utc_date} = '20261031'"
    ) == [(3,)]
    assert home.rows(
        f"select count(*) from {table} where event_params like '%utm_campaign=Autumn%20Sale&fbclid=IwAR0jonas02%'"
    ) == [(2,)]


def test_ga4_parquet_is_row_for_row_its_json_twin(everything: Home) -> None:
    # The Parquet sample was written without user_id and ecommerce.
    names = [name for name in load_contracts()["ga4__events"].column_names if name not in ("user_id", "ecommerce")]
    columns = ", ".join(names)
    twins = """select {columns} from raw.ga4__events join raw.source_files on _file_id = file_id
        where path like '{path}' order by event_timestamp, event_name"""
    parquet = everything.rows(twins.format(columns=columns, path="ga4/parquet/%"))
    json = everything.rows(twins.format(columns=columns, path="ga4/analytics%"))
    assert len(parquet) == 10
    assert parquet == json


def test_google_ads_report_without_its_totals(home: Home) -> None:
    home.put_sample(REPORT)
    outcome = home.load_one()
    assert (outcome.records, outcome.accepted, outcome.dropped) == (9, 7, 2)
    report = "raw.google_ads__campaign_report"
    assert home.rows(f"select sum(cost::decimal(18, 2)), sum(impressions::bigint) from {report}") == [
        (Decimal("3278.16"), 106175)
    ]
    assert home.rows(f"select cost from {report} where campaign_id = '21001000002' and day = '2026-11-02'") == [
        ("998.71",)
    ]
    assert home.rows(f"select count(*) from {report} where view_through_conversions is null") == [(1,)]
    assert home.rows(f"select campaign from {report} where campaign like '%Stehlampe%'") == [
        ("DE | Search | „Stehlampe“",)
    ]


def test_utf16_and_utf8_twins_give_the_same_table(tmp_path: Path) -> None:
    tables = []
    for number, sample in enumerate((REPORT, REPORT_COMMA)):
        home = Home(tmp_path / str(number))
        home.put_sample(sample)
        home.load()
        columns = ", ".join(load_contracts()["google_ads__campaign_report"].column_names)
        tables.append(home.rows(f"select {columns}, _row_number from raw.google_ads__campaign_report order by all"))
    assert tables[0] == tables[1]


def test_google_ads_api_objects(everything: Home) -> None:
    gclid = "json_extract_string(click_view, '$.gclid')"
    assert everything.rows(f"select count(*), count({gclid}) from raw.google_ads__click_view") == [(4, 3)]
    assert everything.rows(
        "select sum(json_extract_string(metrics, '$.costMicros')::bigint) from raw.google_ads__campaign_stats"
    ) == [(1821250000,)]


def test_hubspot(everything: Home) -> None:
    mails = "count(distinct lower(trim(email)))"
    assert everything.rows(f"select count(*), {mails} from raw.hubspot__contacts") == [(8, 6)]
    assert everything.rows("select phone_number from raw.hubspot__contacts where record_id = '78971952'") == [
        ("+46 70 555 01 02",)
    ]
    assert everything.rows("select count(*), sum(amount::decimal(18, 2)) from raw.hubspot__deals") == [
        (4, Decimal("5889.90"))
    ]
    changes = "sum(json_array_length(properties_with_history, '$.dealstage'))"
    assert everything.rows(f"select {changes} from raw.hubspot__deal_stage_history") == [(10,)]
    assert everything.rows(
        "select count(*), min(make_timestamp(submitted_at::bigint * 1000))::varchar from raw.hubspot__form_submissions"
    ) == [(6, "2026-10-25 00:30:00")]


def test_shopify(everything: Home) -> None:
    assert everything.rows(
        "select count(*), count(distinct name), sum(total::decimal(18, 2)) from raw.shopify__orders"
    ) == [(8, 7, Decimal("423.90"))]
    assert everything.rows("select distinct billing_zip from raw.shopify__orders where billing_zip is not null") == [
        ("10115",)
    ]
    assert everything.rows("select note_attributes from raw.shopify__orders where note_attributes is not null") == [
        ("utm_source: google\nutm_medium: cpc\ngclid: Cj0KCQiAmaya01EALw_wcB",)
    ]
    assert everything.rows(
        "select count(*), count(*) filter (where parent_id is null) from raw.shopify__orders_bulk"
    ) == [(6, 2)]


def test_zendesk(everything: Home) -> None:
    assert everything.rows("select count(*) from raw.zendesk__tickets") == [(7,)]
    assert everything.rows("select count(*) from raw.zendesk__tickets_csv") == [(7,)]
    assert everything.rows("select count(*) from raw.zendesk__tickets_csv where ticket_type is null") == [(7,)]
    assert everything.rows(
        "select score, count(*) from raw.zendesk__satisfaction_ratings where _is_current group by all order by 1"
    ) == [("bad", 1), ("good", 1), ("good_with_comment", 1), ("offered", 2)]


def test_typeform(everything: Home) -> None:
    assert everything.rows(
        "select count(*), count(*) filter (where response_type = 'completed') from raw.typeform__responses"
    ) == [(8, 7)]
    assert everything.rows(
        "select nps_score, nps_reason, delivery_satisfaction, phone, user_id, order_id from raw.typeform__responses "
        "where _row_number in (1, 3, 8) order by _row_number"
    ) == [
        ("9", "Quality, price", "5", "+1 202 555 0111", "u_1001", None),
        ("0", None, None, None, None, None),
        ("7", '=HYPERLINK("http://x.test")', "3", None, "u_1004", None),
    ]


@pytest.mark.parametrize(
    ("sample", "header", "renamed"),
    [
        ("stripe/unified_payments.csv", "Amount Refunded", "Amt back"),
        ("stripe/unified_payments.csv", "Mode", "Mode of payment"),
        (ORDERS, "Refunded Amount", "Refunded"),
        (ORDERS, "Discount Amount", "Discounted Amount"),
        (ORDERS, "Cancelled at", "Canceled at"),
        (DEALS, "Amount", "Deal Amount"),
        ("salesforce/Opportunity.csv", "Amount", "Amount (EUR)"),
        ("salesforce/Opportunity.csv", "IsWon", "Is Won?"),
        ("salesforce/OpportunityHistory.csv", "Amount", "Amount (EUR)"),
        ("mailchimp/unsubscribed_email_audience_export_8e423a4179.csv", "UNSUB_TIME", "UNSUBSCRIBED_AT"),
        (TYPEFORM, "Submit Date (UTC)", "Submitted (UTC)"),
    ],
)
def test_a_column_the_vendor_always_sends_is_missed_when_it_is_renamed(
    home: Home, sample: str, header: str, renamed: str
) -> None:
    lines = (SAMPLES / sample).read_text(encoding="utf-8").split("\n", 1)
    assert re.findall(rf'(?:^|,)"?{re.escape(header)}"?(?=,|$)', lines[0])
    first = re.sub(rf'(^|,)("?){re.escape(header)}("?)(?=,|$)', rf"\g<1>\g<2>{renamed}\g<3>", lines[0])
    home.put(sample, f"{first}\n{lines[1]}")
    fault = home.load_one().fault
    assert fault is not None and fault.code == "E_MISSING_COLUMN"
    assert (fault.expected, fault.found) == (f"a column named {header}", f"nearest header: {renamed}")
