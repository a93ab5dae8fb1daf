"""Every platform's report adds up to the truth, to the cent and to the click, and its clicks are the world's visits."""

import codecs
import csv
import io
import json
from collections import defaultdict
from decimal import Decimal

import pytest


def text_of(path):
    raw = path.read_bytes()
    return raw.decode("utf-16") if raw.startswith(codecs.BOM_UTF16_LE) else raw.decode("utf-8-sig")


def table(path, starts):
    """Rows of a report whose header begins with a column name, whatever stands before it."""
    text = text_of(path)
    at = text.index(starts)
    delimiter = "\t" if "\t" in text[at:].split("\n", 1)[0] else ","
    return list(csv.DictReader(io.StringIO(text[at:], newline=""), delimiter=delimiter))


def spent(written, platform):
    rows = written.truth(
        "select spend_date::varchar, campaign_id, sum(cost_amount), sum(impressions), sum(clicks) from spend_totals "
        f"where platform = '{platform}' group by 1, 2"
    )
    return {(day, campaign): (cost, impressions, clicks) for day, campaign, cost, impressions, clicks in rows}


def summed(rows, day, campaign, cost, impressions, clicks):
    found = defaultdict(lambda: (Decimal(0), 0, 0))
    for row in rows:
        key = row[day], row[campaign].strip("[]")
        old = found[key]
        found[key] = (
            old[0] + Decimal(row[cost].replace(",", "")),
            old[1] + int(row[impressions].replace(",", "")),
            old[2] + int(row[clicks]),
        )
    return dict(found)


def test_meta_tells_every_ad_of_every_day_below_a_totals_row(written):
    latest = {}
    for path in sorted(written.files("meta_ads/*.csv"), key=lambda path: table(path, "Reporting")[0]["Reporting ends"]):
        total, *rows = table(path, "Reporting")
        assert total["Day"] == total["Campaign ID"] == ""
        assert Decimal(total["Amount spent (EUR)"]) == sum(Decimal(row["Amount spent (EUR)"]) for row in rows)
        latest |= {(row["Day"], row["Ad ID"]): row for row in rows}
    told = summed(latest.values(), "Day", "Campaign ID", "Amount spent (EUR)", "Impressions", "Link clicks")
    assert told == spent(written, "meta_ads")
    assert sum(cost for cost, _, _ in told.values()) == written.total("spend_amount", "meta_ads") > 0


def test_the_insights_api_says_the_same_of_the_days_it_shares_with_the_downloads(written):
    (path,) = written.files("meta_ads/insights*.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    told = summed(rows, "date_start", "campaign_id", "spend", "impressions", "inline_link_clicks")
    true = spent(written, "meta_ads")
    assert len({day for day, _ in told}) == 7
    assert told == {key: true[key] for key in told}


@pytest.mark.parametrize(
    ("platform", "starts", "columns"),
    [
        ("microsoft_ads", "TimePeriod", ("TimePeriod", "CampaignId", "Spend", "Impressions", "Clicks")),
        ("tiktok_ads", "By Day", ("By Day", "Campaign ID", "Cost", "Impressions", "Clicks (destination)")),
    ],
)
def test_microsoft_and_tiktok_add_up(written, platform, starts, columns):
    rows = []
    for path in written.files(f"{platform}/*.csv"):
        day = columns[0]
        rows += [row for row in table(path, starts) if row[day].startswith("20") and row[columns[1]]]
    assert summed(rows, *columns) == spent(written, platform)


def test_linkedin_is_utf16_with_line_ends_inside_cells_and_adds_up(written):
    rows = []
    for path in written.files("linkedin_ads/*.csv"):
        assert path.read_bytes().startswith(codecs.BOM_UTF16_LE)
        for row in table(path, "Start Date"):
            month, day, year = row["Start Date (in UTC)"].split("/")
            rows.append(row | {"day": f"{year}-{month:>02}-{day:>02}"})
    assert any("\n" in row["Ad Introduction Text"] for row in rows)
    assert summed(rows, "day", "Campaign ID", "Total Spent", "Impressions", "Clicks") == spent(written, "linkedin_ads")


def test_every_platform_is_clicked_at_least_as_often_as_the_site_is_visited(written):
    clicks = dict(written.truth("select platform, sum(clicks)::bigint from spend_totals group by 1"))
    visits = dict(
        written.truth(
            "select identifier_type, count(*) from people "
            "where identifier_type in ('gclid', 'fbclid', 'msclkid', 'li_fat_id', 'ttclid') group by 1"
        )
    )
    pairs = {"gclid": "google_ads", "fbclid": "meta_ads", "msclkid": "microsoft_ads", "li_fat_id": "linkedin_ads",
             "ttclid": "tiktok_ads"}  # fmt: skip
    assert visits.keys() == pairs.keys()
    for kind, platform in pairs.items():
        assert 0 < visits[kind] <= clicks[platform], platform
