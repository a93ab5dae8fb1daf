"""Discourse: the accounts of the forum and what their owners wrote in public."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from pathlib import Path

import pytest

from journey_pipeline.ingest import load_contracts
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

USERS = "discourse/user-list-261108-070100.csv"
POSTS = "discourse/posts-for-journey@community-northlamp-test-2026-11-08.dcqresult.csv"
QUERY = Path(__file__).parents[2] / "docs" / "discourse_posts.sql"


def with_rows(name: str, *rows: dict[str, str]) -> str:
    """A sample file with further rows, written as Discourse writes CSV."""
    reader = csv.DictReader(io.StringIO(sample(name).decode()))
    text = io.StringIO()
    writer = csv.DictWriter(text, reader.fieldnames or [], lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows([*reader, *rows])
    return text.getvalue()


def user(number: str, **given: str) -> dict[str, str]:
    flags = {"trust_level": "1", "active": "true", "admin": "false", "moderator": "false", "staged": "false"}
    return {"id": number, "username": f"user{number}", "created_at": "2026-10-01 09:00:00 UTC"} | flags | given


def post(number: str, author: str, **given: str) -> dict[str, str]:
    written = {"topic_id": "90", "post_number": "2", "post_type": "1", "like_count": "0", "archetype": "regular"}
    times = {"created_at": "2026-11-06T20:00:00.000Z", "updated_at": "2026-11-06T20:00:00.000Z"}
    return {"post_id": number, "user_id": author, "username": f"user{author}"} | written | times | given


FILES = {
    USERS: with_rows(
        USERS,
        user("21", username="anon84712", email="anon84712@anonymized.invalid"),
        user("22", email="boss@example.com", admin="true", name='"Bob"'),
        user("23", email="pending@example.com", active="false"),
        user("24", email="back@example.com", suspended_at="2026-01-01 00:00:00 UTC", suspended_till="2026-02-01 UTC"),
        user("-2", username="discobot", email="no_email_found"),
    ).replace("2026-02-01 UTC", "2026-02-01 00:00:00 UTC"),
    POSTS: with_rows(POSTS, post("920", "22"), post("921", "16"), post("922", "24"), post("923", "-2")),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    result = Home(tmp_path)
    result.inbox.mkdir()
    return result


def test_the_system_and_its_robots_are_nobody(rows: Rows) -> None:
    assert rows("""
        select identifier_value, discourse_user_id, is_countable from staging.stg_discourse__users
        where identifier_value like '-%' order by 1
    """) == [("-1", None, False), ("-2", None, False)]
    for table, column in (("touchpoints", "identifier_value"), ("profile_attributes", "identifier_value")):
        assert rows(f"select count(*) from events.{table} where source = 'discourse' and {column} like '-%'") == [(0,)]


def test_a_mail_sender_who_never_came_has_not_signed_up_but_has_a_mail(rows: Rows) -> None:
    assert rows("select count(*) from events.touchpoints where identifier_value = '15' and source = 'discourse'") == [
        (0,)
    ]
    assert rows("""
        select confidence from events.identifier_edges where a_value = '15' and b_value = 'lurk3r@example.test'
    """) == [("deterministic",)]


def test_only_what_members_wrote_in_public_counts(rows: Rows) -> None:
    assert rows("""
        select page_path, interaction_type, identifier_value, stage_evidence from events.touchpoints
        where source = 'discourse' and page_path not like '/t/90/%' order by 1
    """) == [
        ("/t/77/1", "topic_created", "11", "advocacy"),
        ("/t/77/2", "post_created", "14", "advocacy"),
        ("/t/78/1", "topic_created", "12", "advocacy"),
        ("/t/78/2", "post_created", "11", "advocacy"),
    ]


@pytest.mark.parametrize(
    ("number", "why"),
    [("903", "small action"), ("905", "message"), ("906", "deleted"), ("908", "whisper"), ("923", "robot")],
)
def test_all_else_is_kept_and_not_counted(rows: Rows, number: str, why: str) -> None:
    assert rows(f"select is_countable from staging.stg_discourse__posts where post_id = '{number}'") == [(False,)], why


def test_a_suspended_account_has_no_say_until_it_is_back(rows: Rows) -> None:
    assert rows("""
        select post_id, is_countable from staging.stg_discourse__posts where post_id in ('921', '922') order by 1
    """) == [("921", False), ("922", True)]
    assert rows("""
        select count(*) from events.touchpoints where source = 'discourse' and identifier_value = '16'
    """) == [(0,)]


def test_administrators_are_our_own_people(rows: Rows) -> None:
    assert rows("""
        select distinct is_internal_test from events.touchpoints
        where source = 'discourse' and identifier_value = '22'
    """) == [(True,)]


def test_an_anonymised_account_has_no_mail(rows: Rows) -> None:
    assert rows("""
        select email, is_anonymised from staging.stg_discourse__users where identifier_value = '21'
    """) == [(None, True)]
    assert rows("select count(*) from events.identifier_edges where b_value like '%.invalid'") == [(0,)]


def test_a_mail_nobody_confirmed_joins_nobody(rows: Rows) -> None:
    assert rows("select confidence from events.identifier_edges where b_value = 'pending@example.com'") == [("weak",)]


def test_the_single_sign_on_tells_our_own_login(rows: Rows) -> None:
    assert rows("""
        select a_value, b_value, evidence, confidence from events.identifier_edges
        where source = 'discourse' and b_type = 'user_id' order by 1
    """) == [("11", "u_1001", "login", "deterministic"), ("12", "u_1002", "login", "deterministic")]


def test_further_mails_of_one_account_are_its_aliases(rows: Rows) -> None:
    assert rows("""
        select b_value, evidence from events.identifier_edges where source = 'discourse' and a_value = '13' order by 1
    """) == [
        ("p.raman@example.test", "alias"),
        ("pr@example.test", "alias"),
        ("priya@raman.example.test", "same_record"),
    ]


def test_a_lifetime_count_is_no_event_and_the_trust_level_is_seen_at_the_export(rows: Rows) -> None:
    assert rows("""
        select attribute, value, observed_at from events.profile_attributes
        where source = 'discourse' and identifier_value = '11'
    """) == [("trust_level", "2", datetime(2026, 11, 8, 7, 1))]
    assert rows("""
        select interaction_type, count(*) from events.touchpoints
        where source = 'discourse' and identifier_value = '13' group by 1
    """) == [("signed_up", 1)]


def test_fields_of_the_site_are_kept_whatever_they_are_called(home: Home) -> None:
    head, *body = sample(USERS).decode().splitlines()
    renamed = head.replace("Company (custom", "Lamp (custom").replace(
        "group_names", "Room (custom user field),group_names"
    )
    home.put(USERS, "\n".join([renamed, *(re.sub(r",([^,]*)$", r",Kitchen,\1", line) for line in body)]))
    assert home.load_one().outcome == "loaded"
    assert home.rows("select distinct _extra ->> 'Room (custom user field)' from raw.discourse__users") == [
        ("Kitchen",)
    ]


def test_the_newest_list_is_the_one_that_counts_by_the_date_in_its_name(home: Home) -> None:
    content = sample(USERS).decode()
    home.put("discourse/user-list-261108-070100.csv", content)
    home.put("discourse/user-list-261101-070100.csv", content.replace("maya_o", "maya_old"))
    home.load()
    assert home.rows("select distinct _exported_at from raw.discourse__users where _is_current") == [
        (datetime(2026, 11, 8, 7, 1),)
    ]
    assert home.rows("select username from raw.discourse__users where _is_current and id = '11'") == [("maya_o",)]


def test_a_like_changes_a_post_without_a_new_version(home: Home) -> None:
    content = sample(POSTS).decode()
    home.put("discourse/posts-for-journey-2026-11-01.dcqresult.csv", content)
    home.put("discourse/posts-for-journey-2026-11-08.dcqresult.csv", content.replace("maya_o,1,3,0", "maya_o,1,5,0"))
    home.load()
    assert home.rows("select like_count from raw.discourse__posts where post_id = '901' and _is_current") == [("5",)]


def test_the_query_delivers_the_columns_of_the_contract() -> None:
    body = QUERY.read_text().split("\nselect\n", 1)[1].split("\nfrom posts", 1)[0]
    lines = [line.strip().rstrip(",") for line in body.splitlines() if not line.strip().startswith("--")]
    names = [line.rsplit(" as ", 1)[-1].rsplit(".", 1)[-1] for line in lines]
    # The order does not matter to the loader, the names do.
    assert sorted(names) == sorted(load_contracts()["discourse__posts"].column_names)


def test_the_samples_hold_what_was_counted(home: Home) -> None:
    home.put("discourse/user-list-261108-070100-42.zip", sample("discourse/user-list-261108-070100-42.zip"))
    home.put(USERS, sample(USERS))
    home.put(POSTS, sample(POSTS))
    assert sorted(outcome.outcome for outcome in home.load().values()) == ["duplicate", "loaded", "loaded"]
    assert home.rows("select count(*) from raw.discourse__users where _is_current") == [(7,)]
    assert home.rows("select count(*) from raw.discourse__posts where _is_current") == [(8,)]
    assert home.rows("select name from raw.discourse__users where id = '12'") == [('"Lindqvist, Jonas"',)]
