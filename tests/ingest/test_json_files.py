"""JSON lines: exact values, unknown keys, and the smallest file that shows each fault."""

import json

import pytest

from tests.ingest.home import SAMPLES, Home

NAME = "zendesk/satisfaction_ratings.jsonl"
RATING = (
    '{"id":71000,"requester_id":9001,"ticket_id":1595,"score":"good","created_at":"2026-11-05T09:00:00Z",'
    '"updated_at":"2026-11-05T09:00:00Z","comment":null}\n'
)
OTHER = RATING.replace("71000", "71001")


@pytest.mark.parametrize(
    ("content", "code", "record", "line"),
    [
        pytest.param("", "E_EMPTY_FILE", None, None, id="no bytes"),
        pytest.param("\n \n", "E_EMPTY_FILE", None, None, id="no content"),
        pytest.param("<html>503</html>", "E_JSON", None, None, id="html"),
        pytest.param(RATING + RATING[:40], "E_JSON", 2, 2, id="cut"),
        pytest.param(RATING + OTHER.replace(":", "=", 1) + RATING, "E_JSON", 2, 2, id="bad line"),
        pytest.param(RATING + "\n\n[1]\n", "E_JSON", 2, 4, id="a list after blank lines"),
        pytest.param(RATING + "5\n", "E_JSON", 2, 2, id="a number"),
        pytest.param(RATING + "null\n", "E_JSON", 2, 2, id="null"),
        pytest.param("{\n" + RATING[1:], "E_JSON", 1, 1, id="spread over lines"),
        pytest.param(RATING + OTHER.replace('"score"', '"id":1,"score"'), "E_JSON", 2, 2, id="key given twice"),
        pytest.param(RATING + '{"a":' * 200_000 + "1" + "}" * 200_000, "E_VALUE", 2, 2, id="nested deeply"),
        pytest.param(RATING.replace("score", "points"), "E_MISSING_COLUMN", None, None, id="missing key"),
        pytest.param('{"error":"unauthorized"}\n', "E_MISSING_COLUMN", None, None, id="error body"),
        pytest.param(
            RATING.replace('"score"', '"Score":1,"score"'), "E_DUPLICATE_COLUMN", None, None, id="two for one"
        ),
        pytest.param(RATING.replace("good", "go\0od"), "E_NUL", None, 1, id="nul"),
        pytest.param(RATING.encode() + b'{"id":"\xff"}\n', "E_ENCODING", None, 2, id="not utf-8"),
        pytest.param(RATING + RATING, "E_DUPLICATE_KEY", 2, 2, id="key repeated"),
        pytest.param(RATING + OTHER.replace("71001", '"x1"'), "E_VALUE", 2, 2, id="not a number"),
        pytest.param(RATING + OTHER.replace("2026-11", "2026-13"), "E_VALUE", 2, 2, id="no such month"),
        pytest.param(RATING + OTHER.replace('"good"', "null"), "E_VALUE", 2, 2, id="required value missing"),
    ],
)
def test_fault(home: Home, content: bytes | str, code: str, record: int | None, line: int | None) -> None:
    home.put(NAME, content)
    outcome = home.load_one()
    assert outcome.outcome == "quarantined"
    assert outcome.fault is not None
    assert (outcome.fault.code, outcome.fault.record, outcome.fault.line) == (code, record, line)
    assert home.rows("select count(*) from raw.zendesk__satisfaction_ratings") == [(0,)]


def test_values_inside_nested_objects_are_held_to_the_contract(home: Home) -> None:
    home.put_sample("google_ads/campaign_stats_api.jsonl", "google_ads/campaign_stats.jsonl")
    path = home.inbox / "google_ads/campaign_stats.jsonl"
    path.write_text(path.read_text().replace('"costMicros":"1020050000"', '"costMicros":"-1020050000"'))
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.line, fault.column) == ("E_VALUE", 2, "metrics.costMicros")


@pytest.mark.parametrize(
    ("sample", "key", "value", "column"),
    [
        ("mixpanel/2026-11-01.jsonl", "properties", "person@secret.example", "properties"),
        ("mixpanel/2026-11-01.jsonl", "properties", 5, "properties"),
        ("mixpanel/2026-11-01.jsonl", "properties", "{a", "properties"),
        ("google_ads/campaign_stats_api.jsonl", "metrics", "5", "metrics"),
        ("stripe/charges.jsonl", "billing_details", ["Maya"], "billing_details"),
        ("mailchimp/reports_c2b4c1c0d9_email-activity.jsonl", "activity", {"action": "open"}, "activity"),
        ("mailchimp/reports_c2b4c1c0d9_email-activity.jsonl", "activity", "open", "activity"),
    ],
)
def test_what_should_have_members_and_has_none_is_named(
    home: Home, sample: str, key: str, value: object, column: str
) -> None:
    lines = (SAMPLES / sample).read_text().splitlines()
    record = json.loads(lines[1])
    assert key in record
    home.put(sample, "\n".join([lines[0], json.dumps(record | {key: value})]))
    assert home.load_one().outcome == "quarantined"
    held = home.rows("select distinct line, column_name, left(expected, 6) from raw.quarantine")
    assert (2, column, "a JSON") in held
    assert {line for line, _, _ in held} == {2}


@pytest.mark.parametrize("value", [{}, [], None])
def test_an_empty_object_may_be_written_as_an_empty_list(home: Home, value: object) -> None:
    """Some vendors' languages know no difference between the two."""
    sample = "stripe/charges.jsonl"
    records = [json.loads(line) | {"billing_details": value} for line in (SAMPLES / sample).read_text().splitlines()]
    home.put(sample, "\n".join(map(json.dumps, records)))
    assert home.load_one().outcome == "loaded"


@pytest.mark.parametrize(
    ("told", "is_held"),
    [("1970-01-01T00:00:00Z", True), ("1999-12-31T23:59:59Z", True), ("2000-01-01T00:00:00Z", False)],
)
def test_a_clock_that_was_never_set_is_no_time(home: Home, told: str, is_held: bool) -> None:
    home.put(NAME, RATING + OTHER.replace('"updated_at":"2026-11-05T09:00:00Z"', f'"updated_at":"{told}"'))
    outcome = home.load_one()
    assert (outcome.outcome == "quarantined") == is_held
    if is_held:
        assert outcome.fault is not None
        assert (outcome.fault.column, outcome.fault.line) == ("updated_at", 2)


def test_a_time_inside_an_object_is_held_to_the_same(home: Home) -> None:
    sample = "mixpanel/2026-11-01.jsonl"
    lines = (SAMPLES / sample).read_text().splitlines()
    record = json.loads(lines[1])
    record["properties"]["time"] = 0
    home.put(sample, "\n".join([lines[0], json.dumps(record)]))
    assert home.load_one().outcome == "quarantined"
    told = home.rows("select line, column_name from raw.quarantine where rule = 'earliest'")
    assert told == [(2, "properties.time")]


def test_blank_lines_and_crlf_are_harmless(home: Home) -> None:
    home.put(NAME, (RATING + "\n" + OTHER + "\n\n").replace("\n", "\r\n"))
    assert home.load_one().accepted == 2


def test_numbers_keep_their_value(home: Home) -> None:
    exact = '{"big":9007199254740993,"bigger":123456789012345678901234567890,"amount":0.12345678901234568}'
    home.put(NAME, RATING.replace("71000", "9007199254740993").replace("null", exact))
    home.load()
    assert home.rows("select id, comment from raw.zendesk__satisfaction_ratings") == [("9007199254740993", exact)]


def test_escapes_are_decoded_and_null_is_null(home: Home) -> None:
    home.put(NAME, RATING.replace("null", r'"a \u0026 b \"quoted\" \ud83d\ude42"') + OTHER)
    home.load()
    assert home.rows("select comment from raw.zendesk__satisfaction_ratings order by id") == [
        ('a & b "quoted" 🙂',),
        (None,),
    ]


def test_unknown_keys_are_kept_aside_and_named(home: Home) -> None:
    home.put(NAME, RATING + OTHER.replace('"comment"', '"x.y \'z":{"deep":[1]},"comment"'))
    outcome = home.load_one()
    assert outcome.warnings == ("unknown columns kept in _extra: x.y 'z",)
    assert home.rows("select _extra from raw.zendesk__satisfaction_ratings order by id") == [
        (None,),
        ('{"x.y \'z":{"deep":[1]}}',),
    ]


def test_a_key_that_is_a_wildcard_is_one_key(home: Home) -> None:
    home.put(NAME, RATING.replace('{"id"', '{"*":"star","id"'))
    home.load()
    assert home.rows("select _extra from raw.zendesk__satisfaction_ratings") == [('{"*":"star"}',)]


def test_camel_case_and_snake_case_keys_are_the_same_column(home: Home) -> None:
    form = '{"formId":"f","conversionId":"c1","submittedAt":1793520600000,"values":[],"pageUrl":null}\n'
    home.put("hubspot/form_submissions.jsonl", form)
    home.put(
        "hubspot/form_submissions_2.jsonl",
        '{"form_id":"f","conversion_id":"c2","submitted_at":1793520600001,"values":[]}\n',
    )
    home.load()
    assert home.rows("select conversion_id, submitted_at from raw.hubspot__form_submissions order by 1") == [
        ("c1", "1793520600000"),
        ("c2", "1793520600001"),
    ]
