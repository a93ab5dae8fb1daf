"""Delighted: the answers saved before the service ended."""

from __future__ import annotations

import json
from datetime import datetime

from tests.sources.conftest import sample
from tests.sql.conftest import Rows

SAMPLE = "delighted_legacy/survey_responses.jsonl"


def answer(number: str, **given: object) -> str:
    row = {"id": number, "person": "1", "survey_type": "nps", "score": 5, "comment": None, "created_at": 1781949600}
    return json.dumps(row | {"updated_at": None, "person_properties": None} | given) + "\n"


FILES = {
    SAMPLE: sample(SAMPLE),
    "delighted_legacy/2026-06-29/expanded.jsonl": answer(
        "300", person={"id": "9", "email": "D.E@example.com"}, person_properties={"Order ID": "#77"}
    )
    + answer("301", survey_type="csat", score=1)
    + answer("210", score=9, comment="Changed", updated_at=1781949700),
}


def test_the_sample_has_two_answers_and_the_zero_counts(rows: Rows) -> None:
    assert rows("select count(*) from raw.delighted__responses where _file_name like '%survey_responses%'") == [(2,)]
    assert rows("""
        select response_id, instrument, score, scale_max, about_type, about_ref, answered_at
        from staging.stg_delighted__responses where response_id = '211'
    """) == [("211", "NPS", 0, 10, "relationship", None, datetime(2026, 6, 21, 10, 0))]


def test_a_later_saving_of_an_answer_replaces_it(rows: Rows) -> None:
    assert rows("select score, comment from staging.stg_delighted__responses where response_id = '210'") == [
        (9, "Changed")
    ]


def test_the_survey_type_decides_the_scale(rows: Rows) -> None:
    assert rows("""
        select instrument, score_share from events.experience_scores
        where source = 'delighted' and scale_max = 5
    """) == [("CSAT", 0)]


def test_an_expanded_person_has_a_mail_and_a_number_names_nobody(rows: Rows) -> None:
    assert rows("""
        select response_id, identifier_type, identifier_value from staging.stg_delighted__responses
        where response_id in ('211', '300') order by 1
    """) == [("211", None, None), ("300", "email", "d.e@example.com")]
    assert rows("select a_value, b_value, confidence from events.identifier_edges where source = 'delighted'") == [
        ("d.e@example.com", "77", "strong")
    ]
