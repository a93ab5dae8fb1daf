"""Typeform: what its responses bring along."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.sql.conftest import Rows

HEADER = (
    "#,How likely are you to recommend us?,Email,user_id,"
    "Response Type,Start Date (UTC),Stage Date (UTC),Submit Date (UTC)\n"
)
# Piped text leaves its placeholder in the header, and two answer options of one name are two columns of one name.
PIPED_HEADER = (
    '#,"Hi {{field:7d956171-88d8-4613-b8e2-164b6b3929e9}}, how likely are you to recommend us?",'
    "What is the main reason for your score?,How satisfied were you with delivery?,Email,Phone,Other,Other,"
    "Response Type,Start Date (UTC),Stage Date (UTC),Submit Date (UTC)\n"
)

FILES = {
    "typeform/responses-mess.csv": HEADER
    + "r1,0,a@example.com,,completed,2026-11-01 10:00:00,,2026-11-01 10:01:00\n"
    + "r2,,b@example.com,xxxxx,completed,2026-11-01 10:00:00,,2026-11-01 10:01:00\n"
    + "r3,9,c@example.com,,started,2026-11-01 10:00:00,2026-11-01 10:00:30,\n",
    "typeform/responses-piped.csv": PIPED_HEADER
    + 'p1,10,"Late\nand ""broken""",1,d@example.com,\'+1 202 555 0111,Shade,Bulb,'
    + "completed,2026-10-25 00:30:00,,2026-10-25 00:31:00\n"
    + 'p2,7,"=HYPERLINK(""http://x.test"")",5,d@example.com,,,,completed,2026-10-25 01:30:00,,2026-10-25 01:31:00\n',
}


def test_zero_is_an_answer_and_a_blank_is_none(rows: Rows) -> None:
    assert rows("""
        select response_id, nps_score from staging.stg_typeform__responses
        where is_complete and response_id like 'r%' order by 1
    """) == [("r1", 0), ("r2", None)]


def test_a_survey_left_midway_is_kept_and_marked(rows: Rows) -> None:
    assert rows("""
        select response_id, is_complete, score from staging.stg_typeform__answers
        where response_id like 'r%' order by 1
    """) == [("r1", True, 0), ("r3", False, 9)]
    assert rows("""
        select count(*) from events.touchpoints where source = 'typeform' and identifier_value = 'c@example.com'
    """) == [(0,)]


def test_a_hidden_field_the_link_did_not_fill_is_nobody(rows: Rows) -> None:
    assert rows("select user_id from staging.stg_typeform__responses where response_id = 'r2'") == [(None,)]


def test_one_person_answering_twice_answers_about_the_same_thing(rows: Rows) -> None:
    assert rows("""
        select instrument, count(*), count(distinct (identifier_value, family, about_type, about_ref))
        from events.experience_scores where source = 'typeform' and identifier_value = 'd@example.com'
        group by 1 order by 1
    """) == [("CSAT", 2, 1), ("NPS", 2, 1)]


def test_comments_keep_their_lines_quotes_and_formulas_as_text(rows: Rows) -> None:
    assert rows("""
        select comment from events.experience_scores
        where source = 'typeform' and instrument = 'NPS' and identifier_value = 'd@example.com' order by answered_at
    """) == [('Late\nand "broken"',), ('=HYPERLINK("http://x.test")',)]


def test_each_question_has_its_own_instrument_scale_and_subject(rows: Rows) -> None:
    assert rows("""
        select instrument, family, scale_min, scale_max, score, score_share from events.experience_scores
        where source = 'typeform' and identifier_value = 'd@example.com' order by instrument, answered_at
    """) == [
        ("CSAT", "commerce", 1, 5, 1, 0),
        ("CSAT", "commerce", 1, 5, 5, 1),
        ("NPS", "feedback", 0, 10, 10, 1),
        ("NPS", "feedback", 0, 10, 7, Decimal("0.7")),
    ]


def test_times_are_utc_in_the_repeated_hour_as_well(rows: Rows) -> None:
    assert rows("""
        select answered_at from staging.stg_typeform__responses where response_id in ('p1', 'p2') order by 1
    """) == [(datetime(2026, 10, 25, 0, 31),), (datetime(2026, 10, 25, 1, 31),)]


def test_a_phone_and_both_columns_of_one_name_are_read(rows: Rows) -> None:
    assert rows("select phone from staging.stg_typeform__responses where response_id = 'p1'") == [("+12025550111",)]
    assert rows("select other, other_2 from raw.typeform__responses where response_id = 'p1'") == [("Shade", "Bulb")]
