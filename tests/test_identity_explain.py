"""The chain of evidence: complete, walkable, honest about what a link holds together, silent about other people."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from journey_pipeline.identity_explain import Explanation, explain
from tests.test_identity_tables import DAY, Lake, edge

LATER = DAY + timedelta(hours=1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "identity")


def one(lake: Lake, typed: str) -> Explanation:
    (found,) = explain(lake.connection, typed)
    return found


def test_a_chain_leads_from_the_identifier_to_the_one_its_customer_is_named_after(lake: Lake) -> None:
    found = lake.build(
        [
            edge("ga_client_id:77", "user_id:u_1", "login"),
            edge("user_id:u_1", "email:maya@example.com", "same_record", LATER),
            edge("email:maya@example.com", "order_name:1001", "same_record", LATER),
        ]
    )
    story = one(lake, "#1001")
    assert story.customer_id == found["order_name:1001"]
    assert story.types == {"ga_client_id": 1, "user_id": 1, "email": 1, "order_name": 1}
    ends = [(step.here.split(" ")[0], step.there.split(" ")[0]) for step in story.chain]
    assert ends == [("#1001", "email"), ("email", "user_id"), ("user_id", "ga_client_id")]
    assert [step.apart for step in story.chain] == [(1, 3), (2, 2), (3, 1)]
    assert [(step.evidence, step.sources) for step in story.chain] == [
        ("same_record", "test"),
        ("same_record", "test"),
        ("login", "test"),
    ]


def test_a_link_with_another_way_round_holds_nothing_together(lake: Lake) -> None:
    lake.build(
        [
            edge("ga_client_id:77", "user_id:u_1", "login"),
            edge("ga_client_id:77", "email:maya@example.com"),
            edge("user_id:u_1", "email:maya@example.com"),
        ]
    )
    (step,) = one(lake, "u_1").chain
    assert step.apart is None


@pytest.mark.parametrize("typed", ["maya@example.com", " Maya@Example.COM "])
def test_only_the_identifier_that_was_typed_is_shown(lake: Lake, typed: str) -> None:
    lake.build([edge("ga_client_id:77", "user_id:secret"), edge("user_id:secret", "email:maya@example.com")])
    told = str(one(lake, typed))
    assert typed.strip() in told
    assert "secret" not in told
    assert "77 " not in told


def test_the_guard_that_keeps_it_apart_is_told(lake: Lake) -> None:
    lake.build([edge("ga_client_id:tablet", "user_id:u_1"), edge("ga_client_id:tablet", "user_id:u_2")])
    story = one(lake, "u_1")
    assert story.chain == []
    assert [(left.reason, left.culprit.split(" ")[0]) for left in story.left_out] == [
        ("shared_identifier", "ga_client_id")
    ]
    assert [left.culprit for left in one(lake, "tablet").left_out] == ["tablet", "tablet"]


def test_a_placeholder_is_nobody_and_what_no_file_tells_is_unknown(lake: Lake) -> None:
    lake.build([edge("email:test@test.com", "ga_client_id:1")])
    assert one(lake, "test@test.com").customer_id is None
    assert explain(lake.connection, "nobody@example.com") == []


def test_one_value_of_two_kinds_is_explained_for_each(lake: Lake) -> None:
    lake.build([edge("order_name:7", "email:a@example.com"), edge("user_id:7", "email:b@example.com")])
    assert [story.identifier_type for story in explain(lake.connection, "7")] == ["order_name", "user_id"]
