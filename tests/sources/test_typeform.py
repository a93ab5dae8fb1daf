"""Typeform: what its responses bring along."""

from __future__ import annotations

from tests.sql.conftest import Rows

HEADER = (
    "#,How likely are you to recommend us?,Email,user_id,"
    "Response Type,Start Date (UTC),Stage Date (UTC),Submit Date (UTC)\n"
)

FILES = {
    "typeform/responses-mess.csv": HEADER
    + "r1,0,a@example.com,,completed,2026-11-01 10:00:00,,2026-11-01 10:01:00\n"
    + "r2,,b@example.com,xxxxx,completed,2026-11-01 10:00:00,,2026-11-01 10:01:00\n"
    + "r3,9,c@example.com,,started,2026-11-01 10:00:00,2026-11-01 10:00:30,\n",
}


def test_zero_is_an_answer_and_a_blank_is_none(rows: Rows) -> None:
    assert rows("""
        select response_id, nps_score from staging.stg_typeform__responses where is_complete order by 1
    """) == [("r1", 0), ("r2", None)]


def test_a_survey_left_midway_is_kept_and_marked(rows: Rows) -> None:
    assert rows("""
        select is_complete, count(*) from events.experience_scores where source = 'typeform' group by 1 order by 1
    """) == [(False, 1), (True, 1)]


def test_a_hidden_field_the_link_did_not_fill_is_nobody(rows: Rows) -> None:
    assert rows("select user_id from staging.stg_typeform__responses where response_id = 'r2'") == [(None,)]
