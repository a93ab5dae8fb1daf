"""SurveyMonkey: two header rows, question texts for headers, local times in more than one style."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

SAMPLE = "surveymonkey/Northlamp survey.csv"
HEADER = (
    "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,Custom Data 1,"
    "How likely is it that you would recommend us?,How satisfied were you with delivery?\n"
)
OPTIONS = ",,,,,,,,,Response,Response\n"
FILES = {
    SAMPLE: sample(SAMPLE),
    "surveymonkey/iso.csv": HEADER + OPTIONS
    + "900,1,2026-11-01 23:30:00,2026-11-01 23:31:00,,m@example.com,,,,0,\n"
    + "901,1,2026-11-02 10:00:00,,,n@example.com,,,,9,4\n"
    + "902,1,2026-10-25 02:30:00,2026-10-25 02:31:00,,o@example.com,,,,9,Very satisfied\n",
    # Without sub-questions the second header row is all commas.
    "surveymonkey/condensed.csv": HEADER + ",,,,,,,,,,\n"
    + "903,1,2026-11-03 10:00:00,2026-11-03 10:01:00,,p@example.com,,,,3,2\n",
    "surveymonkey/heard.csv": HEADER.replace("\n", ",How did you first hear about us?\n")
    + OPTIONS.replace("\n", ",Response\n")
    + "904,1,2026-11-04 10:00:00,2026-11-04 10:01:00,,q@example.com,,,,8,,A friend told me\n"
    + "905,1,2026-11-04 11:00:00,2026-11-04 11:01:00,,r@example.com,,,,,,On the Radio\n"
    + "906,1,2026-11-04 12:00:00,2026-11-04 12:01:00,,s@example.com,,,,7,,A poster in the bus\n"
    + "907,1,2026-11-04 13:00:00,2026-11-04 13:01:00,,t@example.com,,,,7,,\n",
}  # fmt: skip


def test_answer_options_are_no_response(rows: Rows) -> None:
    assert rows("select response_id from staging.stg_surveymonkey__responses order by 1") == [
        ("11800000001",), ("11800000002",), ("900",), ("901",), ("902",), ("903",), ("904",), ("905",),
        ("906",), ("907",),
    ]  # fmt: skip


def test_questions_are_told_by_their_texts(rows: Rows) -> None:
    assert rows("""
        select response_id, instrument, score, comment from staging.stg_surveymonkey__answers
        where response_id like '118%' order by 1, 2
    """) == [
        ("11800000001", "CSAT", 5, None),
        ("11800000001", "NPS", 10, "Warm light"),
        ("11800000002", "CSAT", 1, None),
        ("11800000002", "NPS", 2, 'Late,\nand "broken"'),
    ]


def test_zero_is_an_answer_a_blank_is_none_and_a_label_is_its_number(rows: Rows) -> None:
    assert rows("""
        select response_id, instrument, score, is_complete from staging.stg_surveymonkey__answers
        where response_id like '90%' order by 1, 2
    """) == [
        ("900", "NPS", 0, True),
        ("901", "CSAT", 4, False),
        ("901", "NPS", 9, False),
        ("902", "CSAT", 5, True),
        ("902", "NPS", 9, True),
        ("903", "CSAT", 2, True),
        ("903", "NPS", 3, True),
        ("904", "NPS", 8, True),
        ("906", "NPS", 7, True),
        ("907", "NPS", 7, True),
    ]


def test_how_customers_heard_of_us_is_a_channel_and_no_score(rows: Rows) -> None:
    assert rows("""
        select identifier_type, identifier_value, channel, answered_at, is_complete from events.self_reports
        where source = 'surveymonkey' order by answered_at
    """) == [
        ("email", "q@example.com", "referral", datetime(2026, 11, 4, 9, 1), True),
        ("email", "r@example.com", "audio", datetime(2026, 11, 4, 10, 1), True),
        ("email", "s@example.com", "other", datetime(2026, 11, 4, 11, 1), True),
    ]


def test_dates_of_either_style_are_local_times_of_the_account(rows: Rows) -> None:
    assert rows("""
        select response_id, answered_at, is_time_ambiguous from staging.stg_surveymonkey__responses
        where response_id in ('11800000002', '900', '902') order by 1
    """) == [
        ("11800000002", datetime(2026, 11, 3, 13, 20), False),
        ("900", datetime(2026, 11, 1, 22, 31), False),
        ("902", datetime(2026, 10, 25, 1, 31), True),
    ]


def test_the_mail_is_joined_to_our_own_id(rows: Rows) -> None:
    assert rows("select a_value, b_value from events.identifier_edges where source = 'surveymonkey'") == [
        ("maya.okafor@example.com", "u_1001")
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(HEADER + "1,1,2026-11-01 10:00:00,,,,,,,3,\n", "E_METADATA_ROWS", id="one header row"),
        pytest.param(HEADER + OPTIONS + "1,1,30/11/2026 10:00,,,,,,,3,\n", "E_DATE_ORDER", id="day first"),
    ],
)
def test_another_layout_is_held(tmp_path: Path, content: str, code: str) -> None:
    home = Home(tmp_path)
    home.put("surveymonkey/export.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == code
