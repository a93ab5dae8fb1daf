"""The files of a market: same bytes for the same seed, the vendors' shapes, and no harm to a home in use."""

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from journey_pipeline.world import generate

BERLIN = ZoneInfo("Europe/Berlin")


def digests(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def ga4_rows(written, pattern="ga4/**/*.json.gz"):
    for path in written.files(pattern):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            yield path, json.loads(line)


def test_same_seed_same_bytes_whatever_the_threads_and_another_seed_differs(tmp_path, monkeypatch):
    for name, seed, threads in (("first", 3, 2), ("again", 3, 1), ("other", 4, 2)):
        monkeypatch.setattr("journey_pipeline.world.THREADS", threads)
        generate(tmp_path / name, customers=150, weeks=2, seed=seed)
    first, again, other = (digests(tmp_path / name) for name in ("first", "again", "other"))
    assert first == again
    assert first.keys() & other.keys()
    assert not [name for name in first if name.endswith(".json.gz") and first[name] == other.get(name)]


def test_a_new_market_replaces_the_old_one_but_no_foreign_file(tmp_path):
    generate(tmp_path, customers=150, weeks=2, seed=3)
    market = generate(tmp_path, customers=50, weeks=1, seed=3)
    files = [path for path in (tmp_path / "inbox").rglob("*") if path.is_file()]
    assert len(files) == market.files
    assert sum(path.stat().st_size for path in files) == market.bytes
    (tmp_path / "inbox" / "mine.csv").write_text("a,b\n")
    before = digests(tmp_path)
    with pytest.raises(FileExistsError, match=r"mine\.csv"):
        generate(tmp_path, customers=50, weeks=1, seed=3)
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    ("customers", "weeks", "end"),
    [(0, 1, date(2026, 11, 16)), (1, 0, date(2026, 11, 16)), (1, 1, date(2026, 11, 17))],
)
def test_impossible_markets_are_refused(tmp_path, customers, weeks, end):
    with pytest.raises(ValueError, match="must be"):
        generate(tmp_path, customers=customers, weeks=weeks, end=end)
    assert not list(tmp_path.iterdir())


def test_the_smallest_market_is_written(tmp_path):
    market = generate(tmp_path, customers=1, weeks=1, defects=False)
    assert (tmp_path / "truth" / "market.json").exists()
    assert market.touchpoints < 100


def test_headers_are_the_vendors(written, shapes):
    for prefix, header in shapes["headers"].items():
        found = written.files(f"{prefix}*.csv")
        assert found, prefix
        for path in found:
            text = path.read_text(encoding="utf-8")
            assert text.startswith(header + "\n"), path.name
            rows = list(csv.reader(io.StringIO(text)))
            assert {len(row) for row in rows} == {len(rows[0])}, path.name


def test_campaign_reports_alternate_flavours_and_end_in_two_totals_rows(written, shapes):
    flavours = set()
    for path in written.files("google_ads/*report*.csv"):
        raw = path.read_bytes()
        wide = raw.startswith(codecs.BOM_UTF16_LE)
        flavours.add(wide)
        lines = raw.decode("utf-16" if wide else "utf-8").split("\n")
        assert lines[0] == "Campaign report"
        assert re.fullmatch(r"\w+ \d+, \d{4} - \w+ \d+, \d{4}", lines[1].strip('"'))
        assert lines[1].startswith('"') is not wide
        assert lines[2] == shapes["campaign_report_utf16" if wide else "campaign_report"]
        assert [line.split("\t" if wide else ",")[0] for line in lines[-3:-1]] == [
            "Total: Campaigns",
            "Total: Account",
        ]
        assert lines[-1] == ""
    assert flavours == {True, False}


def test_json_objects_have_the_vendors_keys(written, shapes):
    for prefix, keys in shapes["keys"].items():
        found = [line for path in written.files(f"{prefix}*") for line in path.read_text().splitlines()]
        assert found, prefix
        for line in found:
            assert list(json.loads(line)) == keys, prefix
    kinds = set()
    for path in written.files("shopify/bulk-*.jsonl"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            kind = record["id"].split("/")[3]
            kinds.add(kind)
            assert list(record) == shapes["bulk"][kind]
    assert kinds == {"Order", "LineItem", "Refund"}


def test_deal_history_is_newest_first(written):
    for path in written.files("hubspot/deals_properties*"):
        for line in path.read_text().splitlines():
            deal = json.loads(line)
            history = deal["propertiesWithHistory"]["dealstage"]
            times = [change["timestamp"] for change in history]
            assert times == sorted(times, reverse=True)
            assert deal["properties"]["dealstage"] == history[0]["value"]
            assert deal["createdAt"] <= times[-1]


def test_ga4_json_has_text_integers_and_no_bare_ampersand(written, shapes):
    for path in written.files("ga4/analytics*/**/*.json.gz")[:20]:
        raw = path.read_bytes()
        assert raw[4:8] == b"\0\0\0\0", "the gzip header must not hold a time"
        assert b"&" not in gzip.decompress(raw)
    for _, row in ga4_rows(written, "ga4/analytics*/**/*.json.gz"):
        assert set(row) <= set(shapes["ga4"])
        assert isinstance(row["event_timestamp"], str)
        assert all(isinstance(p["value"].get("int_value", ""), str) for p in row["event_params"])


def test_the_last_days_are_typed_parquet(written):
    files = written.files("ga4/**/*.parquet")
    assert len(files) == 19  # the last fifth of 98 days
    schema = pq.read_schema(files[0])
    assert str(schema.field("event_timestamp").type) == "int64"
    value = schema.field("event_params").type.value_type.field("value").type
    assert {field.name: str(field.type) for field in value} == {
        "string_value": "string", "int_value": "int64", "float_value": "double", "double_value": "double",
    }  # fmt: skip


def test_events_lie_in_their_property_day_also_when_the_clocks_change(written):
    seen = set()
    for path, row in ga4_rows(written):
        at = datetime.fromtimestamp(int(row["event_timestamp"]) / 1e6, BERLIN)
        assert f"{at:%Y%m%d}" == row["event_date"] == path.parent.name.removeprefix("events_")
        assert at < datetime(2026, 11, 16, tzinfo=BERLIN)
        seen.add(row["event_date"])
    assert "20261025" in seen


def test_order_times_carry_the_offset_of_their_day(written):
    offsets = {"+0100": 0, "+0200": 0}
    for path in written.files("shopify/orders_export_*.csv"):
        for row in csv.DictReader(io.StringIO(path.read_text())):
            at = datetime.strptime(row["Created at"], "%Y-%m-%d %H:%M:%S %z")
            assert at.astimezone(BERLIN).utcoffset() == at.utcoffset()
            offsets[row["Created at"][-5:]] += 1
    assert all(offsets.values())


def test_denied_consent_leaves_no_identifier(written):
    denied = [row for _, row in ga4_rows(written) if row["privacy_info"]["analytics_storage"] == "No"]
    assert denied
    for row in denied:
        assert not {"user_id", "user_pseudo_id", "user_first_touch_timestamp"} & set(row)
        assert "ga_session_id" not in {param["key"] for param in row["event_params"]}


def test_every_address_is_reserved_for_documentation(written):
    allowed = re.compile(r"(example\.com|\.test)\s*$", re.IGNORECASE)
    for path in written.files("**/*"):
        if path.suffix in (".csv", ".json", ".jsonl") and not path.read_bytes().startswith(codecs.BOM_UTF16_LE):
            for address in re.findall(r"[\w.+-]+@[\w.-]+", path.read_text()):
                assert allowed.search(address) or address == "asdf@asdf"
    for _, row in ga4_rows(written):
        assert row["device"]["web_info"]["hostname"].endswith(".northlamp.test")


def test_defects_are_there_and_can_be_left_out(written, tmp_path):
    first = {}
    for path in written.files("ga4/analytics*/**/*.json.gz"):
        first[path.parent.name] = gzip.decompress(path.read_bytes()).splitlines()
    again = written.files("ga4/redelivery_*/**/*.json.gz")
    assert again
    assert any(set(gzip.decompress(p.read_bytes()).splitlines()) - set(first[p.parent.name]) for p in again)
    assert any(len(lines) > len(set(lines)) for lines in first.values())
    assert written.files("google_ads/* to *.csv")
    assert written.total("form_submissions", "junk") > 0
    assert written.total("ga4_bot_events") >= 700
    generate(tmp_path, customers=300, weeks=3, seed=11, defects=False)
    assert not list((tmp_path / "inbox").glob("ga4/redelivery_*"))
    assert not list((tmp_path / "inbox").glob("google_ads/* to *.csv"))
    for path in (tmp_path / "inbox").glob("ga4/**/*.json.gz"):
        lines = gzip.decompress(path.read_bytes()).splitlines()
        assert len(lines) == len(set(lines)) < 700
