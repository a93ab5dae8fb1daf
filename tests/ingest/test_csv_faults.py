"""The smallest delimited file that shows each fault: which code, where, and that nothing of it is loaded."""

import gzip

import pytest

from journey_pipeline.ingest import Fault, land, load_contracts, scan
from journey_pipeline.ingest.contract import TypeOptions
from journey_pipeline.ingest.stage import MAX_RECORD_BYTES
from tests.ingest.home import LOADED_AT, SAMPLES, Home

REPORT = "google_ads/Campaign report.csv"
HEADER = "Day,Campaign ID,Campaign,Currency code,Cost,Impr.,Clicks\n"
ROW = "2026-11-01,1,Brand,EUR,10.50,100,7\n"
ROW_2 = "2026-11-02,1,Brand,EUR,20.00,100,7\n"
TOTAL = "Total: Account,,,EUR,30.50,200,14\n"
GOOD = HEADER + ROW + ROW_2 + TOTAL
DEALS = "hubspot/all-deals-2026-11-08.csv"
DEAL_HEADER = "Record ID,Deal Name,Deal Stage,Amount,Currency,Create Date\n"


def held(home: Home, content: bytes | str, name: str = REPORT) -> Fault:
    """The fault of a file that must be held whole."""
    home.put(name, content)
    outcome = home.load_one()
    assert outcome.outcome == "quarantined"
    assert outcome.fault is not None
    assert outcome.accepted == 0
    assert outcome.fault.file == name
    with home.warehouse() as raw:
        files = raw.execute("select outcome, error_code, accepted from raw.source_files").fetchall()
        assert files == [("quarantined", outcome.fault.code, 0)]
        assert raw.execute("select count(*) from raw.google_ads__campaign_report").fetchall() == [(0,)]
    return outcome.fault


def test_the_good_file_is_good(home: Home) -> None:
    home.put(REPORT, GOOD)
    outcome = home.load_one()
    assert (outcome.outcome, outcome.records, outcome.accepted, outcome.dropped) == ("loaded", 3, 2, 1)


@pytest.mark.parametrize(
    ("content", "code", "record", "line", "column"),
    [
        pytest.param("", "E_EMPTY_FILE", None, None, None, id="no bytes"),
        pytest.param("\ufeff\n\n", "E_EMPTY_FILE", None, None, None, id="no content"),
        pytest.param(HEADER, "E_HEADER_ONLY", None, None, None, id="header only"),
        pytest.param("<!DOCTYPE html><html>503</html>", "E_NOT_CSV", None, None, None, id="html"),
        pytest.param('{"error": {"code": 401}}', "E_NOT_CSV", None, None, None, id="json error body"),
        pytest.param("PK\x03\x04rest", "E_NOT_CSV", None, None, None, id="zip"),
        pytest.param(ROW + ROW_2 + TOTAL, "E_NO_HEADER", None, 1, None, id="no header"),
        pytest.param(GOOD.replace(",", ";"), "E_NO_HEADER", None, 1, None, id="another delimiter"),
        pytest.param(GOOD.replace("Cost", "Costs"), "E_MISSING_COLUMN", None, None, "cost", id="renamed"),
        pytest.param(
            GOOD.replace("Campaign,", "Name,", 1), "E_MISSING_COLUMN", None, None, "campaign", id="missing required"
        ),
        pytest.param(GOOD.replace("Clicks", "Cost"), "E_DUPLICATE_COLUMN", None, None, "Cost", id="named twice"),
        pytest.param(
            HEADER + ROW + "2026-11-02,1,Brand,EUR,20.00,100\n" + TOTAL, "E_RECORD_WIDTH", 2, 3, None, id="short"
        ),
        pytest.param(HEADER + ROW + ROW_2.replace("20.00", "20,00") + TOTAL, "E_RECORD_WIDTH", 2, 3, None, id="long"),
        pytest.param(HEADER + ROW + ROW_2.replace("Brand", '"Brand') + TOTAL, "E_QUOTE", 2, 3, None, id="open quote"),
        pytest.param(
            HEADER + ROW.replace("Brand", '"Brand') + ROW_2.replace("Brand", '"Br"and"') + TOTAL,
            "E_QUOTE",
            1,
            2,
            None,
            id="open quote that swallows a record",
        ),
        pytest.param(GOOD.replace("Brand", "Br\0nd", 1), "E_NUL", None, 2, None, id="nul"),
        pytest.param(GOOD.encode() + b"\xff\n", "E_ENCODING", None, 5, None, id="not utf-8"),
        pytest.param(GOOD.replace("Brand", "Stühle").encode("latin-1"), "E_ENCODING", None, 2, None, id="latin-1"),
        pytest.param(GOOD.encode("utf-16")[:-1], "E_ENCODING", None, None, None, id="half a utf-16 character"),
        pytest.param(
            GOOD.replace("Brand", "x" * (MAX_RECORD_BYTES + 1), 1), "E_RECORD_TOO_LONG", None, 2, None, id="long line"
        ),
        pytest.param(
            HEADER + ROW + ROW_2.replace("Brand", '"' + ("x\n" * (MAX_RECORD_BYTES // 2)) + '"') + TOTAL,
            "E_RECORD_TOO_LONG",
            2,
            3,
            None,
            id="long record of short lines",
        ),
        pytest.param(HEADER + ROW + ROW_2, "E_DROPPED_COUNT", None, None, None, id="no totals row"),
        pytest.param(HEADER + ROW + TOTAL * 9, "E_DROPPED_COUNT", None, None, None, id="too many totals rows"),
        pytest.param(
            HEADER + ROW + ROW_2 + ROW + TOTAL, "E_DUPLICATE_KEY", 3, 4, "day, campaign_id", id="key repeated"
        ),
        pytest.param(GOOD.replace("20.00", "-20.00"), "E_VALUE", 2, 3, "cost", id="negative cost"),
        pytest.param(GOOD.replace("20.00", "20.00 €"), "E_VALUE", 2, 3, "cost", id="currency sign"),
        pytest.param(GOOD.replace("20.00", '"1.020,00"'), "E_VALUE", 2, 3, "cost", id="another number style"),
        pytest.param(GOOD.replace("20.00", "1.2E+3"), "E_VALUE", 2, 3, "cost", id="scientific"),
        pytest.param(GOOD.replace("20.00", "NaN"), "E_VALUE", 2, 3, "cost", id="not a number"),
        pytest.param(GOOD.replace("20.00", "--"), "E_VALUE", 2, 3, "cost", id="required value is a null token"),
        pytest.param(GOOD.replace("2026-11-02", "02/11/2026"), "E_VALUE", 2, 3, "day", id="another date style"),
        pytest.param(GOOD.replace("2026-11-02", "2026-11-31"), "E_VALUE", 2, 3, "day", id="no such day"),
        pytest.param(GOOD.replace("1,Brand", "2.1E+10,Brand", 1), "E_VALUE", 1, 2, "campaign_id", id="mangled id"),
        pytest.param(GOOD.replace("EUR,20", "EURO,20"), "E_VALUE", 2, 3, "currency_code", id="no such currency"),
        pytest.param(GOOD.replace(",100,", ",100.5,", 1), "E_VALUE", 1, 2, "impressions", id="part of a count"),
    ],
)
def test_fault(
    home: Home, content: bytes | str, code: str, record: int | None, line: int | None, column: str | None
) -> None:
    fault = held(home, content)
    assert (fault.code, fault.record, fault.column) == (code, record, column)
    if code != "E_ENCODING" or line is not None:
        assert fault.line == line
    assert fault.contract == "google_ads__campaign_report"
    assert fault.fix


def test_message_names_everything_needed_to_act(home: Home) -> None:
    message = str(held(home, GOOD.replace("20.00", "-20.00")))
    assert message.startswith(
        "E_VALUE contract=google_ads__campaign_report file=google_ads/Campaign report.csv sha256="
    )
    assert 'record=2 line=3 column=cost expected=at least 0 found="-99.99", 6 chars fix=correct' in message


def test_missing_column_names_the_nearest_header(home: Home) -> None:
    assert held(home, GOOD.replace("Cost", "Costs")).found == "nearest header: Costs"


def test_duplicate_column_names_both_positions(home: Home) -> None:
    assert held(home, GOOD.replace("Clicks", "Cost")).found == "Cost at positions 5 and 7"


def test_lines_are_physical_when_cells_hold_newlines(home: Home) -> None:
    content = "Campaign report\n" + HEADER + ROW.replace("Brand", '"Bra\n\nnd"') + ROW_2.replace("20.00", "x") + TOTAL
    fault = held(home, content)
    assert (fault.record, fault.line) == (2, 6)


def test_all_bad_rows_are_listed_when_a_file_is_held(home: Home) -> None:
    home.put(REPORT, GOOD.replace("20.00", "x").replace("10.50", "-1"))
    outcome = home.load_one()
    assert (outcome.records, outcome.accepted, outcome.quarantined, outcome.dropped) == (3, 0, 2, 1)
    assert home.rows("select row_number, line, column_name, rule, found_shape from raw.quarantine order by 1") == [
        (1, 2, "cost", "minimum", '"-9", 2 chars'),
        (2, 3, "cost", "type", '"a", 1 chars'),
    ]


def test_a_negative_order_total_is_refused(home: Home) -> None:
    header = (
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Discount Amount,Created at,Lineitem quantity,"
        "Cancelled at\n"
    )
    row = "#1,a@example.com,paid,,EUR,-5.00,-5.00,0.00,2026-11-01 09:21:45 +0100,1,\n"
    home.put("shopify/orders_export_1.csv", header + row)
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column, fault.line) == ("E_VALUE", "subtotal", 2)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.encode("utf-16"), id="utf-16 with mark"),
        pytest.param(b"\xfe\xff" + GOOD.encode("utf-16-be"), id="utf-16 big endian"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="utf-8 with mark"),
        pytest.param(GOOD.replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(GOOD.replace("\n", "\r").encode(), id="cr"),
        pytest.param(GOOD.rstrip("\n").encode(), id="no last line end"),
        pytest.param(("Campaign report\n\n" + GOOD).encode(), id="preamble"),
        pytest.param(GOOD.replace(ROW, ROW + "\n").encode() + b"\n\n", id="blank lines"),
        pytest.param(GOOD.replace(",", "\t").encode(), id="tabs"),
        pytest.param(gzip.compress(GOOD.encode()), id="gzip without the suffix"),
        pytest.param(GOOD.replace("Campaign ID", "\u00a0campaign  id ").encode(), id="header case and spaces"),
        pytest.param(GOOD.replace("Cost", "Kosten").replace("Day", "Tag").encode(), id="localised header"),
        pytest.param(GOOD.replace("20.00", '"0,020.00"').replace("0,020", "20").encode(), id="needless quotes"),
    ],
)
def test_harmless_differences_give_the_same_table(home: Home, content: bytes) -> None:
    home.put(REPORT, content)
    assert home.load_one().outcome == "loaded"
    assert home.rows(
        "select day, campaign_id, campaign, cost, clicks, _row_number, _extra from "
        "raw.google_ads__campaign_report order by day"
    ) == [
        ("2026-11-01", "1", "Brand", "10.50", "7", 1, None),
        ("2026-11-02", "1", "Brand", "20.00", "7", 2, None),
    ]


def test_reordered_columns_give_the_same_table(home: Home) -> None:
    lines = [line.split(",") for line in GOOD.splitlines()]
    # The totals label stays first, as in the vendor's file; it is found in its column, not at its place.
    home.put(REPORT, "".join(",".join([line[0], *reversed(line[1:])]) + "\n" for line in lines))
    assert home.load_one().outcome == "loaded"
    assert home.rows(
        "select day, campaign_id, campaign, cost, clicks from raw.google_ads__campaign_report order by day"
    ) == [
        ("2026-11-01", "1", "Brand", "10.50", "7"),
        ("2026-11-02", "1", "Brand", "20.00", "7"),
    ]


def test_unknown_columns_are_kept_aside_and_named(home: Home) -> None:
    lines = GOOD.splitlines()
    home.put(REPORT, "\n".join([lines[0] + ",Label", lines[1] + ",autumn", lines[2] + ",", lines[3] + ","]))
    outcome = home.load_one()
    assert "unknown columns kept in _extra: Label" in outcome.warnings
    assert home.rows("select _extra from raw.google_ads__campaign_report order by day") == [
        ('{"Label":"autumn"}',),
        (None,),
    ]


def test_the_vendors_own_total_is_compared(home: Home) -> None:
    home.put(REPORT, GOOD.replace("Total: Account", "Total: Campaigns").replace("30.50", "31.50"))
    assert "the totals row gives another sum of cost than the rows" in home.load_one().warnings


def test_formulas_and_hostile_headers_are_only_text(home: Home) -> None:
    header = DEAL_HEADER.rstrip("\n") + ',"x""); drop table raw; --"\n'
    home.put(DEALS, header + '1,"=HYPERLINK(""http://x.test"")",Trial,"4,860.00",EUR,2026-10-25 02:30,1\n')
    assert home.load_one().outcome == "loaded"
    assert home.rows("select deal_name, amount from raw.hubspot__deals") == [('=HYPERLINK("http://x.test")', "4860.00")]


@pytest.mark.parametrize("cell", ['{"schema":', "Maya", "5", "[{}]"])
def test_a_cell_that_should_hold_an_object_is_refused_where_it_holds_none(home: Home, cell: str) -> None:
    sample = "snowplow/enriched/2026/11/01/2026-11-01-100000-0001.gz"
    rows = [line.split("\t") for line in gzip.decompress((SAMPLES / sample).read_bytes()).decode().splitlines()]
    place = load_contracts()["snowplow__enriched"].delivered_columns.index("contexts")
    rows[1][place] = cell
    home.put(sample, gzip.compress("\n".join(map("\t".join, rows)).encode()))
    home.load()
    assert home.rows("select line, column_name, expected from raw.quarantine") == [(2, "contexts", "a JSON object")]


def test_names_may_start_with_an_apostrophe(home: Home) -> None:
    home.put(DEALS, DEAL_HEADER + "1,'t Hooft,Trial,'900,EUR,2026-10-25 02:30\n")
    home.load()
    assert home.rows("select deal_name, amount from raw.hubspot__deals") == [("'t Hooft", "900")]


def test_a_carriage_return_is_text_inside_quotes_and_a_fault_outside(home: Home) -> None:
    home.put(REPORT, GOOD.replace("Brand", '"Br\rand"', 1))
    assert home.load_one().outcome == "loaded"
    home.put(REPORT, GOOD.replace("Brand", "Br\rand", 1))
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.record, fault.line) == ("E_CSV", 1, 2)


@pytest.mark.parametrize(
    ("cell", "cleaned"),
    [("1.020,05", "1020.05"), ("1020,05", "1020.05"), ("7", "7"), ("-1.020.300", "-1020300"), ("", None)],
)
def test_a_declared_number_style_becomes_plain_numbers(home: Home, cell: str, cleaned: str | None) -> None:
    assert load_in_german(home, cell) == (None, [(cleaned,)])


@pytest.mark.parametrize("cell", ["1,020.05", "10.20,5", "1 020,05", "(12,50)", "1.02"])
def test_numbers_of_another_style_are_never_guessed(home: Home, cell: str) -> None:
    assert load_in_german(home, cell) == ("E_VALUE", [])


def load_in_german(home: Home, cell: str) -> tuple[str | None, list[tuple[str | None]]]:
    contract = load_contracts()["hubspot__deals"]
    clean = contract.ingest.clean.model_copy(update={"thousands": ".", "decimal": ","})
    columns = [
        column.model_copy(update={"logicalTypeOptions": TypeOptions()}) if column.name == "amount" else column
        for column in contract.columns
    ]
    update = {"ingest": contract.ingest.model_copy(update={"clean": clean}), "columns": tuple(columns)}
    german = contract.model_copy(update=update)
    home.put(DEALS, DEAL_HEADER + f'1,A deal,Trial,"{cell}",EUR,2026-10-25 02:30\n')
    (outcome,) = land(german, scan(home.inbox, {german.id: german}), home.lake, LOADED_AT)
    return outcome.fault.code if outcome.fault else None, home.rows("select amount from raw.hubspot__deals")
