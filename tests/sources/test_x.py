"""X analytics: dates that hold a comma, replies between posts."""

from __future__ import annotations

import pytest

from tests.ingest.conftest import home  # noqa: F401 - a fixture
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

NAME = "account_analytics_content_2026-11-01_2026-11-07.csv"
HEADER = (
    "Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,"
    "Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks\n"
)
POST = '{},"Sun, Nov 1, 2026",Arc,https://x.example.test/1,{},1,1,1,1,1,1,1,1,1,1,1,1\n'

FILES = {
    f"organic_social/x/{NAME}": sample(f"organic_social/x/{NAME}"),
    "x/account_analytics_content_2026-10-25_2026-10-31 (1).csv": HEADER + POST.format("900000000000000001", 5),
    "x/account_analytics_content_2026-11-01_2026-11-07.csv": HEADER
    + POST.format("900000000000000001", '"1,005"')
    + POST.format("900000000000000002", 9),
}


def test_all_eight_posts_of_the_sample_are_dated_and_summed(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(impressions), min(published_at)::varchar, max(snapshot_date)::varchar
        from staging.stg_x__content where content_id like '2074%'
    """) == [(8, 10050 + 71 + 5120 + 2316 + 1888 + 902 + 455 + 3120, "2026-10-31 23:00:00", "2026-11-07")]


def test_nineteen_digits_stay_text(rows: Rows) -> None:
    assert rows("""
        select content_id from events.content_metrics
        where source = 'x' and content_id like '2074%' order by 1 desc limit 1
    """) == [("2074000000000000008",)]


def test_a_reply_is_no_post(rows: Rows) -> None:
    assert rows("""
        select content_type, count(*) from staging.stg_x__content where content_id like '2074%' group by 1 order by 1
    """) == [("post", 7), ("reply", 1)]


def test_each_export_is_a_snapshot_of_its_own(rows: Rows) -> None:
    assert rows("""
        select snapshot_date::varchar, value::integer from events.content_metrics
        where content_id = '900000000000000001' and metric = 'impressions' order by 1
    """) == [("2026-10-31", 5), ("2026-11-07", 1005)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HEADER + POST.format("2.074E+18", 5), "E_TOO_MANY_QUARANTINED"),
        (HEADER.replace("Post text,", "") + POST.format("1", 5), "E_MISSING_COLUMN"),
    ],
    ids=["ids rounded by a spreadsheet", "another report"],
)
def test_what_is_not_the_content_report_is_held(home: Home, content: str, code: str) -> None:  # noqa: F811
    home.put("x/content.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == code
