"""Qualtrics: three header rows, zones that only the third tells, and answers as numbers or as words."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows, Warehouse

SAMPLE = "qualtrics/Northlamp+NPS+-+2026_November+8,+2026_10.00.csv"
NAMES = (
    "StartDate,EndDate,Status,Progress,Finished,RecordedDate,ResponseId,RecipientEmail,ExternalReference,"
    "DistributionChannel,Q1_NPS_GROUP,Q1,Q2,Q3_1,Q9,order_id\n"
)
TEXTS = "Start,End,Type,Progress,Finished,Recorded,Id,Mail,Ref,Channel,Group,How likely?,Why?,Easy?,Country?,order_id\n"


def imports(zone: str | None) -> str:
    """The third header row."""
    told = "" if zone is None else f', ""timeZone"": ""{zone}""'
    names = ["startDate", "endDate", "status", "progress", "finished", "recordedDate", "_recordId", "recipientEmail"]
    names += ["externalDataReference", "distributionChannel", "QID1_NPS_GROUP", "QID1", "QID2_TEXT", "QID3_1", "QID9"]
    return ",".join(f'"{{""ImportId"": ""{name}""{told}}}"' for name in [*names, "order_id"]) + "\n"


def response(number: str, status: str, finished: str, at: str, answers: str, mail: str = "") -> str:
    return f"{at},{at},{status},100,{finished},{at},R_{number},{mail},,email,{answers},\n"


NUMBERS = (
    NAMES
    + TEXTS
    + imports("America/New_York")
    + response("num0", "0", "1", "2026-11-01 01:30:00", "Detractor,0,,1,DE")
    + response("num1", "0", "1", "2026-11-02 09:00:00", "Promoter,9,Great,7,DE", "q@example.com")
    + response("num2", "0", "0", "2026-11-02 09:00:00", ",8,,,")
    + response("num3", "1", "1", "2026-11-02 09:00:00", "Promoter,10,,,")
    + response("num4", "8", "1", "2026-11-02 09:00:00", "Promoter,10,,,")
)
LABELS = (
    NAMES
    + TEXTS
    + imports(None)
    + response("word1", "IP-Adresse", "Wahr", "2026-11-02 09:00:00", "Promoter,10 - Extremely likely,,Somewhat agree,")
    + response("word2", "IP Address", "True", "2026-11-03 09:00:00", "Detractor,Not at all likely,,Strongly disagree,")
)
FILES = {
    SAMPLE: sample(SAMPLE),
    "qualtrics/NPS+numbers.csv": NUMBERS,
    "qualtrics/NPS+labels.csv": LABELS,
    # A survey nobody mapped: its Q1 is a country, and no score.
    "qualtrics/Market+study.csv": NAMES + TEXTS + imports("UTC")
    + response("other", "0", "1", "2026-11-02 09:00:00", ",Germany,,,"),
}  # fmt: skip


def test_the_sample_has_the_counts_of_the_catalogue(rows: Rows) -> None:
    assert rows("""
        select count(*), count(*) filter (where is_valid and is_complete)
        from staging.stg_qualtrics__responses where response_id like 'R_2YPO%'
    """) == [(6, 3)]


def test_question_texts_and_import_ids_are_no_responses(rows: Rows) -> None:
    assert rows("select count(*) from raw.qualtrics__responses where response_id not like 'R~_%' escape '~'") == [(0,)]
    assert rows("select count(*) from raw.qualtrics__responses where response_id like 'R_num%'") == [(5,)]


def test_previews_and_spam_are_kept_and_never_scored(rows: Rows) -> None:
    assert rows("""
        select response_id from staging.stg_qualtrics__responses where not is_valid order by 1
    """) == [("R_2YPOQ602ER02jkf",), ("R_2YPOQ602ER04jkf",), ("R_num3",), ("R_num4",)]
    assert rows("""
        select count(*) from staging.stg_qualtrics__answers
        where response_id in ('R_2YPOQ602ER02jkf', 'R_2YPOQ602ER04jkf', 'R_num3', 'R_num4')
    """) == [(0,)]


def test_a_response_left_midway_is_incomplete_and_no_zero(rows: Rows) -> None:
    assert rows("""
        select responses.response_id, is_complete, (
            select count(*) from staging.stg_qualtrics__answers as answers
            where answers.response_id = responses.response_id
        ) from staging.stg_qualtrics__responses as responses
        where response_id in ('R_num2', 'R_2YPOQ602ER03jkf') order by 1
    """) == [("R_2YPOQ602ER03jkf", False, 0), ("R_num2", False, 1)]


def test_numbers_and_labels_are_the_same_answers(rows: Rows) -> None:
    assert rows("""
        select response_id, instrument, family, score, scale_max from staging.stg_qualtrics__answers
        where response_id like 'R_num%' or response_id like 'R_word%' order by 1, 2 desc
    """) == [
        ("R_num0", "NPS", "feedback", 0, 10),
        ("R_num0", "CES", "support", 1, 7),
        ("R_num1", "NPS", "feedback", 9, 10),
        ("R_num1", "CES", "support", 7, 7),
        ("R_num2", "NPS", "feedback", 8, 10),
        ("R_word1", "NPS", "feedback", 10, 10),
        ("R_word1", "CES", "support", 5, 7),
        ("R_word2", "NPS", "feedback", 0, 10),
        ("R_word2", "CES", "support", 1, 7),
    ]


def test_times_are_in_the_zone_the_export_declares(rows: Rows) -> None:
    assert rows("""
        select response_id, answered_at, is_time_ambiguous from staging.stg_qualtrics__responses
        where response_id in ('R_num0', 'R_num1', 'R_word1', 'R_2YPOQ602ER00jkf', 'R_2YPOQ602ER05jkf') order by 1
    """) == [
        ("R_2YPOQ602ER00jkf", datetime(2026, 11, 8, 9, 0), False),
        ("R_2YPOQ602ER05jkf", datetime(2026, 10, 25, 1, 30), True),
        ("R_num0", datetime(2026, 11, 1, 6, 30), True),
        ("R_num1", datetime(2026, 11, 2, 14, 0), False),
        ("R_word1", datetime(2026, 11, 2, 9, 0), False),
    ]


def test_a_question_nobody_mapped_is_no_score(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_qualtrics__answers where response_id = 'R_other'") == [(0,)]
    # The survey was answered all the same: eight valid ones were finished, this one among them.
    assert rows("""
        select count(*) from events.touchpoints where source = 'qualtrics' and interaction_type = 'survey_answered'
    """) == [(8,)]


def test_answers_name_the_person_the_order_and_the_comment(rows: Rows) -> None:
    assert rows("""
        select instrument, identifier_value, about_ref, comment, response_channel from events.experience_scores
        where source = 'qualtrics' and about_ref = '1050' order by 1 desc
    """) == [
        ("NPS", "aoife.byrne+shop@example.com", "1050", 'Slow, "very"', "email"),
        ("CES", "aoife.byrne+shop@example.com", "1050", None, "email"),
    ]
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges
        where source = 'qualtrics' and a_value = 'maya.okafor@example.com' order by 2
    """) == [("maya.okafor@example.com", "1047", "strong"), ("maya.okafor@example.com", "u_1001", "strong")]
    assert rows("""
        select identifier_value from events.touchpoints
        where source = 'qualtrics' and interaction_type = 'survey_promoter' order by 1 nulls last
    """) == [("q@example.com",), ("u_1001",), (None,)]


def test_the_legacy_layout_with_two_header_rows_is_held(tmp_path: Path) -> None:
    home = Home(tmp_path)
    answer = response("a", "0", "1", "2026-11-01 01:30:00", "Detractor,0,,1,DE")
    home.put("qualtrics/legacy.csv", NAMES + TEXTS + answer)
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == "E_METADATA_ROWS"


@pytest.mark.parametrize(
    ("answer", "answered_on", "expected"),
    [
        ("4", "2026-06-30", (1, 5, 4)),
        ("4", "2026-07-01", (0, 10, 4)),
        ("9", "2026-07-01", (0, 10, 9)),
        # Nine of five is no answer: the score stays empty, and a test of the model refuses it.
        ("9", "2026-06-30", (1, 5, None)),
        ("1", "2026-12-01", (0, 10, 9)),
        ("Very satisfied", "2026-06-30", (1, 5, 5)),
        ("satisfied enough", "2026-06-30", (1, 5, None)),
    ],
)
def test_a_scale_holds_from_its_day_on(
    delivered: Warehouse, answer: str, answered_on: str, expected: tuple[int | None, ...]
) -> None:
    compiled = delivered.dbt("compile", "--inline", "{{ rated_answers('given') }}")
    sql = next(iter(compiled.values())).node.compiled_code
    with duckdb.connect(str(delivered.path), read_only=True) as connection:
        connection.execute("""
            create temp table questions as select * from seeds.survey_questions limit 0;
            insert into questions (source, survey_pattern, question_pattern, valid_from, instrument, scale_min,
                scale_max, is_reversed, family) values
                ('tool', '.*', 'delivery', date '2015-01-01', 'CSAT', 1, 5, false, 'commerce'),
                ('tool', '.*', 'delivery', date '2026-07-01', 'CSAT', 0, 10, false, 'commerce'),
                ('tool', '.*', 'delivery', date '2026-12-01', 'CSAT', 0, 10, true, 'commerce');
            create temp table given (source varchar, survey varchar, question varchar, answer varchar,
                response_id varchar, answered_at timestamp);
        """)
        connection.execute("insert into given values ('tool', 's', 'Delivery', ?, 'r', ?)", [answer, answered_on])
        found = connection.execute(
            f"select scale_min, scale_max, score from ({sql.replace(QUESTIONS, 'questions')})"
        ).fetchall()
    assert found == [expected]


QUESTIONS = '"warehouse"."seeds"."survey_questions"'
