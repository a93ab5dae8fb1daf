"""What identifies a person is found in released text, what only looks like it is not, and nothing found is quoted."""

from __future__ import annotations

import duckdb
import pytest

from journey_pipeline.laws_of_privacy import few_people_are_not_told, text_names_nobody

PERSONAL = {
    "email": ("maya.okafor@example.com", "to=maya%40example.com&x=1", "Fragen an jörg@müller.de!"),
    "phone": (
        "+49 30 1234567",
        "call (555) 012-3344",
        "202-555-0111",
        "030 1234567",
        "0151-23456789",
        "+4915123456789",
    ),
    "ip_address": ("10.1.2.3", "from 192.168.0.1."),
    "ipv6_address": ("2001:db8::ff00:42:8329", "fe80:0:0:0:204:61ff:fe9d:f156"),
    "card_number": ("4111 1111 1111 1111", "paid_5500005555555559", "3782-822463-10005"),
    "iban": ("GB82WEST12345698765432", "FR14 2004 1010 0505 0001 3M02 606"),
}
HARMLESS = (
    "2026-11-16", "2026-11-16 12:30:00", "12:30:45", "20261116-20261122", "youtube.com/@handle.io", "spring @ home",
    "d41d8cd98f00b204e9800998ecf8427e", "325a435e-bd2d-3514-d556-b0f12fd05a50", "00112233-4455-6677-8899-001122334455",
    "12345678901234567", "120210000000000017", "4111111111111112", "0123456789", "1184523377.1793486700", "1.2.3",
    "v10.1.2.3", "a::b", "GB82WEST12345698765433", "website/view_item > email/email_opened", "+20 %",
    "CSAT:1-5:delivery",
)  # fmt: skip


@pytest.fixture
def released() -> duckdb.DuckDBPyConnection:
    """A candidate with one table of text."""
    connection = duckdb.connect()
    connection.execute(
        """
        create schema marts; create schema seeds;
        create table seeds.published_text_allowances (
            table_name varchar, column_name varchar, kind varchar, pattern varchar, reason varchar);
        create table marts.posts (post_id bigint, campaign varchar, labels varchar[], note varchar)
        """
    )
    return connection


def say(released: duckdb.DuckDBPyConnection, *campaigns: str) -> None:
    released.executemany("insert into marts.posts values (1, ?, [], 'calm')", [[text] for text in campaigns])


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts])
def test_an_address_or_a_number_of_a_person_is_found_and_not_quoted(
    released: duckdb.DuckDBPyConnection, kind: str, text: str
) -> None:
    say(released, text, text)
    outcome = text_names_nobody(released)
    assert (outcome.failing, outcome.refuses) == (1, True)
    assert outcome.description.startswith(f"posts.campaign: 1 with a {kind} like ")
    shape = outcome.description.split(" like ")[1].split(";")[0]
    assert not [digit for digit in shape if digit in "012345678"]
    for word in ("maya", "okafor", "jörg", "müller", "WEST", "8329"):
        assert word not in outcome.description


def test_ids_times_and_paths_are_no_addresses(released: duckdb.DuckDBPyConnection) -> None:
    say(released, *HARMLESS)
    assert text_names_nobody(released).description == ""


def test_a_long_number_that_is_an_id_is_no_card(released: duckdb.DuckDBPyConnection) -> None:
    released.execute(
        "create table marts.posted as select '4111111111111111' as content_id, '4111111111111111' as words"
    )
    assert text_names_nobody(released).description.startswith("posted.words: 1 with a card_number")


def test_every_text_column_of_every_table_is_read(released: duckdb.DuckDBPyConnection) -> None:
    released.execute("insert into marts.posts values (1, null, ['calm', 'a@example.com'], '+49 30 1234567')")
    released.execute("create table marts.more as select 7 as more_id, 'b@example.com' as word")
    outcome = text_names_nobody(released)
    assert outcome.failing == 3
    found = [part.split(":")[0] for part in outcome.description.split("; ")[:-1]]
    assert found == ["more.word", "posts.labels", "posts.note"]


def test_an_allowance_holds_for_its_column_kind_and_pattern_alone(released: duckdb.DuckDBPyConnection) -> None:
    say(released, "hello@ourfirm.com", "hello@ourfirm.com or maya@example.com")
    allow = "insert into seeds.published_text_allowances values ('posts', ?, ?, ?, 'our own mailbox')"
    for wrong in (("note", "email", ".*"), ("campaign", "phone", ".*"), ("campaign", "email", "ourfirm")):
        released.execute(allow, wrong)
    assert text_names_nobody(released).failing == 2
    released.execute(allow, ("campaign", "email", r".*@ourfirm\.com"))
    assert text_names_nobody(released).failing == 1


@pytest.mark.parametrize(
    "change",
    [
        "update marts.experience set answers = 4",
        "update marts.comment_themes set comments = 4",
        "update marts.personas set customers = 4",
        "update marts.response_bias set answers_left = 1",
        "update marts.response_bias set score_stayed = 0.5",
        "update marts.segment_metrics set denominator = 4",
    ],
)
def test_a_number_of_a_handful_of_people_refuses(change: str) -> None:
    connection = duckdb.connect()
    connection.execute(
        """
        create schema marts;
        create table marts.segment_metrics as select date '2026-11-09' as week, 'rfm' as segment_set, 'lost' as segment,
            m as metric, n as numerator, d as denominator, null::double as value
            from (values ('customer_share', 1, 4), ('nps', 2, 20), ('csat', null, 4)) as t(m, n, d);
        create table marts.experience as select date '2026-11-09' as week, 'CSAT' as definition_id,
            'rfm' as segment_set, 'lost' as segment,
            20 as answers, 0.5 as score, null::double as reweighted_score, 4.0 as mean_answer;
        create table marts.comment_themes as select date '2026-11-09' as week, 'CSAT' as instrument, 'price' as theme,
            5 as comments, 0.1 as share, 0.1 as negative_share, 0.1 as mean_score_share;
        create table marts.personas as select date '2026-11-09' as week, 'quiet_buyer' as persona, 5 as customers,
            0.5 as channel_share, null::double as revenue_per_customer, null::double as nps;
        create table marts.response_bias as select date '2026-11-09' as week, 'CSAT' as definition_id,
            5 as answers_left, 0.5 as score_left, 4 as answers_stayed, null::double as score_stayed;
        """
    )
    assert few_people_are_not_told(connection).failing == 0
    connection.execute(change)
    outcome = few_people_are_not_told(connection)
    assert (outcome.failing, outcome.refuses) == (1, True)
