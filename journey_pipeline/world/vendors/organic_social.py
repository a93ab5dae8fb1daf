"""YouTube, Instagram and X: what was posted, with its lifetime numbers as they stood at the end of each week.

Numbers grow with the age of a post and need no draw. Must not be here: anybody who saw a post.
"""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count

SHOWN_DAYS = 28  # a weekly download shows what was posted in the four weeks before it
HALF_GROWN_DAYS = 9.0
YOUTUBE = (
    "Content,Video title,Video publish time,Duration,Views,Watch time (hours),Subscribers,Impressions,"
    "Impressions click-through rate (%)"
)
INSTAGRAM = (
    "Post ID,Account ID,Account username,Account name,Description,Duration (sec),Publish time,Permalink,Post type,"
    "Data comment,Date,Views,Reach,Likes,Shares,Follows,Comments,Saves"
)
X = (
    "Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,"
    "Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks"
)
VIDEOS = ("Arc lamp: how it is made", "Wiring, explained", 'The "warm" light test', "Shorts: dimmer", "Live Q&A")
CAPTIONS = ("Arc, at dusk \u2728\n#lighting", "How we bend brass", "Poll result: warm, obviously", "Restock, finally")
POSTS = ("Arc is back in stock", "Which is warmer, 2700K or 3000K?", '"Best lamp" \u2014 a reader', "Guide: part 2")
VIDEO_EVERY_DAYS, PICTURE_EVERY_DAYS, POST_EVERY_DAYS = 21, 4, 3


def write_youtube(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write a zip with a table, its totals and a chart per week; the table starts with its totals row."""
    snapshots = 0
    for week_end in _weeks(calendar):
        rows, totals = [], [0, 0, 0, 0]
        for number, posted in _posted(calendar, VIDEO_EVERY_DAYS, week_end, None):
            views = _grown(4200 + 700 * (number % 5), week_end - posted)
            key = (" -" if number % 4 == 1 else "v") + f"Nl{number:03}mondLt"
            row = [views, views // 25, views // 190, views * 6]
            totals = [a + b for a, b in zip(totals, row, strict=True)]
            rows.append([key, VIDEOS[number % len(VIDEOS)], f"{posted:%b} {posted.day}, {posted.year}", 301, views,
                         row[1], row[2], row[3], "5.22"])  # fmt: skip
        if not rows:
            continue
        snapshots += len(rows)
        first = ["Total", "", "", "", totals[0], totals[1], totals[2], totals[3], "5.22"]
        last = week_end - timedelta(1)
        delivery.write_zip(
            f"organic_social/youtube/Content {week_end - timedelta(7)}_{last} Northlamp.zip",
            {
                "Table data.csv": _text(YOUTUBE, [first, *rows]),
                "Totals.csv": _text("Date,Views", [[last, totals[0]]]),
                "Chart data.csv": _text("Date,Content,Video title,Views", [[last, rows[0][0], rows[0][1], totals[0]]]),
            },
        )
    count(con, "content_snapshots", f"select 'youtube', {snapshots}")


def write_instagram(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write a download of Meta Business Suite per week, in a folder named by its day."""
    snapshots = 0
    for week_end in _weeks(calendar):
        rows = []
        for number, posted in _posted(calendar, PICTURE_EVERY_DAYS, week_end, SHOWN_DAYS):
            views = _grown(1500 + 900 * (number % 7), week_end - posted)
            at = datetime.combine(posted, time(6 + number % 14, 8))
            shown = f"{views:,}" if number % 3 == 0 else views
            rows.append([18011234567890000 + number, 17841400000000001, "northlamp", "Northlamp",
                         CAPTIONS[number % len(CAPTIONS)], 0, f"{at:%m/%d/%Y %H:%M}",
                         f"https://instagram.example.test/p/NL{number}/", "IG image", "", "Lifetime", shown, views // 2,
                         views // 40, views // 400, views // 900, views // 300, views // 500])  # fmt: skip
        first, last = week_end - timedelta(SHOWN_DAYS), week_end - timedelta(1)
        name = f"organic_social/instagram/{last}/{first:%b-%d-%Y}_{last:%b-%d-%Y}_1234567890.csv"
        if rows:
            delivery.write(name, f"\ufeff{_text(INSTAGRAM, rows)}".encode())
        snapshots += len(rows)
    count(con, "content_snapshots", f"select 'instagram', {snapshots}")


def write_x(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write a download of the account's content per week; replies stand among the posts."""
    snapshots = 0
    for week_end in _weeks(calendar):
        rows = []
        for number, posted in _posted(calendar, POST_EVERY_DAYS, week_end, SHOWN_DAYS):
            views = _grown(800 + 400 * (number % 9), week_end - posted)
            key = 2074000000000000001 + number
            text = "@fan_example thanks!" if number % 5 == 1 else POSTS[number % len(POSTS)]
            rows.append([key, f"{posted:%a}, {posted:%b} {posted.day}, {posted.year}", text,
                         f"https://x.example.test/northlamp/status/{key}", views, views // 80, views // 50, 0,
                         views // 700, 0, views // 600, views // 500, 3, 5, views // 90, 0, 0])  # fmt: skip
        first, last = week_end - timedelta(SHOWN_DAYS), week_end - timedelta(1)
        if rows:
            name = f"organic_social/x/account_analytics_content_{first}_{last}.csv"
            delivery.write_text(name, _text(X, rows))
        snapshots += len(rows)
    count(con, "content_snapshots", f"select 'x', {snapshots}")


def _weeks(calendar: Calendar) -> list[date]:
    """The Monday after each week."""
    return [calendar.day(day) for day in range(7, calendar.days + 1, 7)]


def _posted(calendar: Calendar, every: int, until: date, days: int | None) -> Iterator[tuple[int, date]]:
    """Number and day of what was posted every so many days before `until`, the last `days` of it."""
    for number in range(calendar.days // every + 1):
        posted = calendar.start + timedelta(number * every + 1)
        if posted < until and (days is None or posted >= until - timedelta(days)):
            yield number, posted


def _grown(most: int, age: timedelta) -> int:
    """What a post that ends at `most` has reached at an age; halfway after `HALF_GROWN_DAYS`."""
    return round(most * (1 - math.exp(-math.log(2) * age.days / HALF_GROWN_DAYS)))


def _text(header: str, rows: Sequence[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return f"{header}\n{buffer.getvalue()}"
