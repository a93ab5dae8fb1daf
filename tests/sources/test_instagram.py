"""Instagram by way of Meta Business Suite: lifetime figures, dates in two orders, ids that spreadsheets round."""

from __future__ import annotations

import pytest

from tests.ingest.conftest import home  # noqa: F401 - a fixture
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

FOLDER = "organic_social/instagram"
HEADER = (
    "Post ID,Account ID,Account username,Account name,Description,Duration (sec),Publish time,Permalink,Post type,"
    "Data comment,Date,{},Reach,Likes,Shares,Follows,Comments,Saves\n"
)
POSTS = HEADER.format("Views")
GERMAN = (
    "Beitrags-ID,Konto-ID,Konto-Benutzername,Kontoname,Beschreibung,Dauer (Sek.),Veröffentlichungszeitpunkt,Permalink,"
    "Beitragstyp,Datenkommentar,Datum,Aufrufe,Reichweite,„Gefällt mir“-Angaben,Geteilte Inhalte,Follows,Kommentare,"
    "Gespeicherte Beiträge\n"
)


def post(post_id: str, published: str, views: str, day: str = "Lifetime", text: str = "Arc") -> str:
    link = f"https://ig.example.test/p/{post_id}/"
    return f'{post_id},1,lamp,Lamp,"{text}",0,{published},{link},IG reel,,{day},{views},5,1,1,1,1,1\n'


FILES = {
    f"{FOLDER}/Nov-01-2026_Nov-07-2026_1234567890.csv": sample(
        "organic_social/instagram/Nov-01-2026_Nov-07-2026_1234567890.csv"
    ),
    "instagram/Oct-25-2026_Oct-31-2026_9.csv": POSTS + post("900001", "10/25/2026 08:00", '"1,000"'),
    # Impressions were what is now called views; the older post is gone from the later export.
    "instagram/Nov-01-2026_Nov-07-2026_9.csv": HEADER.format("Impressions")
    + post("900002", "10/26/2026 08:00", '"2,000"', text="Zwei\nZeilen ✨"),
    "instagram/daily/Nov-01-2026_Nov-07-2026_9.csv": POSTS + post("900003", "10/27/2026 08:00", "30", day="11/02/2026"),
    "instagram/de/Nov-01-2026_Nov-07-2026_9.csv": GERMAN
    + post("900004", "03.10.2026 08:00", "40", day="Gesamte Laufzeit")
    + post("900005", "13.10.2026 08:00", "50", day="Gesamte Laufzeit"),
}


def test_thousands_and_captions_of_the_sample_are_read(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(views), min(published_at)::varchar, min(title) from staging.stg_instagram__content
        where content_id like '18011%'
    """) == [
        (8, 160 + 12400 + 2200 + 5310 + 980 + 640 + 455 + 7001, "2026-11-01 05:08:00", "Arc, at dusk ✨\n#lighting")
    ]


def test_the_day_of_an_export_is_the_end_of_the_period_in_its_name(rows: Rows) -> None:
    assert rows("""
        select distinct snapshot_date::varchar, is_lifetime from events.content_metrics
        where source = 'instagram' and content_id like '18011%'
    """) == [("2026-11-07", True)]


def test_a_post_that_is_gone_keeps_its_last_snapshot(rows: Rows) -> None:
    assert rows("""
        select snapshot_date::varchar, value::integer from events.content_metrics
        where content_id = '900001' and metric = 'views'
    """) == [("2026-10-31", 1000)]


def test_impressions_became_views(rows: Rows) -> None:
    assert rows("""
        select metric, value::integer, title from events.content_metrics
        where content_id = '900002' and metric in ('views', 'impressions')
    """) == [("views", 2000, "Zwei\nZeilen ✨")]


def test_figures_of_one_day_are_not_lifetime(rows: Rows) -> None:
    assert rows("""
        select snapshot_date::varchar, is_lifetime from events.content_metrics
        where content_id = '900003' and metric = 'views'
    """) == [("2026-11-02", False)]


def test_a_german_file_is_read_day_first_throughout(rows: Rows) -> None:
    assert rows("""
        select content_id, published_at::varchar, is_lifetime, likes from staging.stg_instagram__content
        where content_id in ('900004', '900005') order by 1
    """) == [("900004", "2026-10-03 06:00:00", True, 1), ("900005", "2026-10-13 06:00:00", True, 1)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (POSTS + post("1.22158E+17", "11/01/2026 08:00", "1"), "E_TOO_MANY_QUARANTINED"),
        (POSTS + post("1", "13/10/2026 08:00", "1") + post("2", "10/13/2026 08:00", "1"), "E_DATE_ORDER"),
    ],
    ids=["ids rounded by a spreadsheet", "two orders of day and month in one file"],
)
def test_what_a_spreadsheet_damaged_is_held(home: Home, content: str, code: str) -> None:  # noqa: F811
    home.put("instagram/posts.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == code
