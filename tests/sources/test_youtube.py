"""YouTube Studio: a table with a row of totals, exported again and again."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.ingest.conftest import home  # noqa: F401 - a fixture
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

FOLDER = "organic_social/youtube"
HEADER = (
    "Content,Video title,Video publish time,Duration,Views,Watch time (hours),Subscribers,"
    "{0},{0} click-through rate (%)\n"
)
TABLE = HEADER.format("Impressions")
# Only the rows that were on screen are exported, so the total is more than their sum.
CAPPED = TABLE + 'Total,,,,"20,000",900.5,10,5000,2.5\nvid-capped1,A,"Nov 1, 2026",10,"1,200",5,1,400,2.5\n'


def archive(**members: str) -> bytes:
    """A zip as YouTube Studio names its members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for name, text in members.items():
            target.writestr(zipfile.ZipInfo(f"{name.replace('_', ' ')}.csv"), text)
    return content.getvalue()


FILES = {
    f"{FOLDER}/Content 2026-11-01_2026-11-08 Northlamp.zip": sample(
        "organic_social/youtube/Content 2026-11-01_2026-11-08 Northlamp.zip"
    ),
    # The same table, unpacked by hand.
    f"{FOLDER}/Table data.csv": sample("organic_social/youtube/Table data.csv"),
    "youtube/Content 2026-10-26_2026-11-01 Mess.zip": archive(
        Table_data=CAPPED + 'vid-deleted,Gone,"Oct 1, 2026",10,7,,,,\n', Totals="Date,Views\n2026-11-01,1\n"
    ),
    "youtube/Content 2026-11-02_2026-11-08 Mess.zip": archive(
        Table_data=HEADER.format("Thumbnail impressions")
        + "Total,,,,21000,,,,\n"
        + 'vid-capped1,A,"Nov 1, 2026",10,1500,6.25,1,450,3\n',
        Chart_data="Date,Content,Video title,Views\n2026-11-02,vid-capped1,A,1\n",
    ),
    "youtube/Videos 2026-11-02_2026-11-08 Deutsch.zip": archive(
        Tabellendaten="Videos,Videotitel,Veröffentlichungszeitpunkt des Videos,Dauer,Aufrufe,Wiedergabezeit (Stunden),"
        "Abonnenten,Impressionen,Klickrate der Impressionen (%)\n"
        "Gesamt,,,,9,1,0,10,1\n"
        'vid-deutsch,Lampe,"Oct 2, 2026",10,9,1.5,0,10,1.25\n',
        Gesamtwerte="Datum,Aufrufe\n2026-11-02,9\n",
    ),
}
SAMPLE = "source = 'youtube' and content_id not like 'vid-%'"


def test_the_row_of_totals_is_no_video_and_its_sum_is_that_of_the_videos(rows: Rows) -> None:
    assert rows(f"""
        select metric, count(*), sum(value)::varchar from events.content_metrics where {SAMPLE} group by 1 order by 1
    """) == [
        ("impression_click_share", 6, "0.289100"),
        ("impressions", 6, "143694.000000"),
        ("subscribers", 6, "121.000000"),
        ("views", 6, "20631.000000"),
        ("watch_time_hours", 6, "842.651600"),
    ]


def test_a_table_and_its_zip_are_one_and_the_day_is_the_end_of_the_period(rows: Rows) -> None:
    assert rows(f"select distinct snapshot_date::varchar from events.content_metrics where {SAMPLE}") == [
        ("2026-11-08",)
    ]


def test_an_id_that_begins_with_a_dash_loses_the_blank_before_it(rows: Rows) -> None:
    assert rows("select title from staging.stg_youtube__content where content_id = '-Zx9Kq_2Lm'") == [
        ("Wiring, explained",)
    ]


def test_a_table_that_was_cut_at_what_was_on_screen_is_taken(rows: Rows) -> None:
    assert rows("""
        select snapshot_date::varchar, views from staging.stg_youtube__content
        where content_id = 'vid-capped1' order by 1
    """) == [("2026-11-01", 1200), ("2026-11-08", 1500)]


def test_a_deleted_video_keeps_its_last_snapshot(rows: Rows) -> None:
    assert rows("""
        select snapshot_date::varchar, metric, value::integer from events.content_metrics
        where content_id = 'vid-deleted'
    """) == [("2026-11-01", "views", 7)]


def test_thumbnail_impressions_are_impressions(rows: Rows) -> None:
    assert rows("""
        select snapshot_date::varchar, value::integer from events.content_metrics
        where content_id = 'vid-capped1' and metric = 'impressions' order by 1
    """) == [("2026-11-01", 400), ("2026-11-08", 450)]


def test_a_german_table_is_the_same_table(rows: Rows) -> None:
    assert rows("""
        select title, published_at::varchar, views, watch_time_hours::varchar, impression_click_share::varchar
        from staging.stg_youtube__content where content_id = 'vid-deutsch'
    """) == [("Lampe", "2026-10-01 22:00:00", 9, "1.500000", "0.012500")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (TABLE + 'vid-00001,A,"Nov 1, 2026",1,1,1,1,1,1\n', "E_DROPPED_COUNT"),
        (CAPPED.replace("vid-capped1", "#NAME?"), "E_TOO_MANY_QUARANTINED"),
        (CAPPED.replace("1,200", "1.2 K"), "E_TOO_MANY_QUARANTINED"),
    ],
    ids=["no totals, so perhaps cut", "an id that a spreadsheet took for a formula", "a rounded figure"],
)
def test_a_table_that_was_changed_on_the_way_is_held(home: Home, content: str, code: str) -> None:  # noqa: F811
    home.put("youtube/Table data.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == code
