"""Mailchimp: three files of one audience, reports of what mail did, and who of it was a machine."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import md5

from tests.ingest.conftest import home  # noqa: F401 - a fixture
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

HEADER = (
    "Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,TIMEZONE,CC,"
    "LAST_CHANGED,LEID,EUID,{left}NOTES,TAGS\n"
)
SUBSCRIBED = HEADER.format(left="")
UNSUBSCRIBED = HEADER.format(left="UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,")
NONSUBSCRIBED = HEADER.format(left="")
# Another audience calls its merge fields otherwise, and has one that nobody foresaw.
RENAMED = (
    SUBSCRIBED.replace("First Name", "Vorname")
    .replace("Phone Number", "Telefonnummer")
    .replace("Last Name", "Lieblingslampe")
)


def archive(members: dict[str, str]) -> bytes:
    """A zip as the audience export brings it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for name, text in members.items():
            target.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


def recipient(campaign: str, email: str, *activity: dict[str, str], email_id: str | None = None) -> str:
    """One line of a campaign's report."""
    line = {
        "campaign_id": campaign,
        "list_id": "l1",
        "email_id": email_id or md5(email.lower().encode()).hexdigest(),
        "email_address": email,
        "activity": list(activity),
    }
    return json.dumps(line) + "\n"


def act(action: str, at: str, **more: str) -> dict[str, str]:
    return {"action": action, "timestamp": f"2026-11-03T{at}+00:00", **more}


# The site's own record of a click on it.
HIT = {
    "event_date": "20261103",
    "event_timestamp": "1793696400000000",
    "event_name": "page_view",
    "user_pseudo_id": "71.72",
    "stream_id": "1",
    "event_params": [
        {"key": "page_location", "value": {"string_value": "https://www.example.test/?mc_cid=m2&mc_eid=aaaa00000b"}}
    ],
}
TAGGED = "https://www.example.test/arc?utm_source=Letter&utm_medium=email&utm_campaign=spring&mc_eid=aaaa00000a"

FILES = {
    "ga4/mailchimp/events_20261103.jsonl": json.dumps(HIT) + "\n",
    "mailchimp/sample/audience_export_8e423a4179.zip": sample("mailchimp/audience_export_8e423a4179.zip"),
    # The same files once more, unpacked by hand.
    **{
        f"mailchimp/sample/{status}_email_audience_export_8e423a4179.csv": sample(
            f"mailchimp/{status}_email_audience_export_8e423a4179.csv"
        )
        for status in ("subscribed", "unsubscribed", "cleaned")
    },
    "mailchimp/sample/reports_c2b4c1c0d9_email-activity.jsonl": sample(
        "mailchimp/reports_c2b4c1c0d9_email-activity.jsonl"
    ),
    "mailchimp/sample/reports_c2b4c1c0d9_unsubscribed.jsonl": sample("mailchimp/reports_c2b4c1c0d9_unsubscribed.jsonl"),
    "mailchimp/mess/2026-11-01/audience_export_m.zip": archive(
        {
            "subscribed_email_audience_export_m.csv": SUBSCRIBED
            + "old@example.com,,,,1,,2026-01-01 10:00:00,,,2026-10-01 10:00:00,7001,aaaa00000a,,\n"
            + "leaver@example.com,,,,1,,2026-01-02 10:00:00,,,2026-10-01 10:00:00,7002,aaaa00000b,,\n",
            "cleaned_email_audience_export_m.csv": HEADER.format(
                left="CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,"
            ),
        }
    ),
    # A week later one member has another address and one has left.
    "mailchimp/mess/2026-11-08/audience_export_m.zip": archive(
        {
            "subscribed_email_audience_export_m.csv": SUBSCRIBED
            + "new@example.com,,,,1,,2026-01-01 10:00:00,,,2026-11-02 10:00:00,7001,aaaa00000a,,\n",
            "unsubscribed_email_audience_export_m.csv": UNSUBSCRIBED
            + "leaver@example.com,,,,1,,2026-01-02 10:00:00,,,2026-11-03 12:00:00,7002,aaaa00000b,"
            + "2026-11-03 12:00:00,Spring News,m2,NORMAL,,\n",
            "nonsubscribed_email_audience_export_m.csv": NONSUBSCRIBED
            + "shopper@example.com,,,,1,,2026-01-02 10:00:00,,,2026-11-03 12:00:00,7003,aaaa00000c,,\n",
        }
    ),
    "mailchimp/mess/other/subscribed_email_audience_export_n.csv": RENAMED
    + "f@example.com,Ida,Arc,'+49 30 555 0000,3,,2026-05-02 09:00:00,Europe/Berlin,de,"
    + '2026-05-02 09:00:00,8001,bbbb00000a,,"""DE\\, sale"",""VIP"""\n',
    "mailchimp/mess/reports_m1_email-activity.jsonl": recipient("m1", "idle@example.com")
    + recipient("m1", "first@example.com", act("open", "06:00:00", ip="203.0.113.9"))
    + recipient("m1", "twice@example.com", *[act("open", "07:00:00", ip="203.0.113.9")] * 2)
    + recipient("m1", "proxy@example.com", act("open", "06:00:02", ip="17.58.1.1"), act("open", "07:00:00"))
    + recipient(
        "m1",
        "scanned@example.com",
        *[act("click", f"06:00:0{i}", url=f"https://www.example.test/{i}") for i in (1, 2, 3)],
        act("click", "08:00:00", url="https://www.example.test/1"),
    )
    + recipient("m1", "human@example.com", *[act("click", "09:00:00", url=TAGGED)] * 2)
    + recipient("m1", "moved@example.com", act("bounce", "06:00:09", type="soft"), email_id="0" * 32),
    # The report of a later day repeats the earlier one.
    "mailchimp/mess/2026-11-08/reports_m1_email-activity.jsonl": recipient(
        "m1", "first@example.com", act("open", "06:00:00", ip="203.0.113.9"), act("open", "10:00:00", ip="203.0.113.9")
    ),
}
SENT = "source = 'mailchimp' and campaign_id = 'm1'"


def test_a_zip_and_its_unpacked_members_are_one_audience(rows: Rows) -> None:
    assert rows("select count(*) from raw.mailchimp__subscribed where leid like '50%'") == [(4,)]
    assert rows("""
        select email_status, count(*) from staging.stg_mailchimp__members
        where member_id like '50%' group by 1 order by 1
    """) == [("cleaned", 1), ("subscribed", 4), ("unsubscribed", 1)]


def test_the_sample_report_has_twelve_actions_of_which_two_are_the_same(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(json_array_length(activity)) from raw.mailchimp__email_activity
        where campaign_id = 'c2b4c1c0d9'
    """) == [(8, 12)]
    assert rows("""
        select interaction_type, is_machine, count(*) from events.touchpoints
        where source = 'mailchimp' and campaign_id = 'c2b4c1c0d9' group by all order by all
    """) == [
        ("email_bounced", False, 1),
        ("email_clicked", False, 1),
        ("email_clicked", True, 3),
        ("email_opened", True, 6),
        ("email_sent", False, 8),
        ("email_unsubscribed", False, 1),
    ]


def test_an_open_by_a_mail_proxy_is_a_machine_and_no_open_is_stage_evidence(rows: Rows) -> None:
    assert rows(f"""
        select is_machine, count(*) from events.touchpoints
        where {SENT} and identifier_value = 'proxy@example.com' and interaction_type = 'email_opened'
        group by 1 order by 1
    """) == [(False, 1), (True, 1)]
    assert rows("select count(*) from seeds.stage_map where interaction_type in ('email_opened', 'email_sent')") == [
        (0,)
    ]


def test_three_links_within_two_seconds_are_a_scanner_and_a_later_click_is_not(rows: Rows) -> None:
    assert rows(f"""
        select occurred_at::varchar, is_machine from events.touchpoints
        where {SENT} and identifier_value = 'scanned@example.com' and interaction_type = 'email_clicked' order by 1
    """) == [
        ("2026-11-03 06:00:01", True),
        ("2026-11-03 06:00:02", True),
        ("2026-11-03 06:00:03", True),
        ("2026-11-03 08:00:00", False),
    ]


def test_equal_actions_of_one_second_count_once(rows: Rows) -> None:
    assert rows(f"""
        select count(*) from events.touchpoints
        where {SENT} and identifier_value = 'twice@example.com' and interaction_type = 'email_opened'
    """) == [(1,)]


def test_who_did_nothing_was_sent_the_mail_all_the_same(rows: Rows) -> None:
    assert rows(f"""
        select interaction_type, direction, occurred_at::varchar, occurred_at_precision from events.touchpoints
        where {SENT} and identifier_value = 'idle@example.com'
    """) == [("email_sent", "outbound", "2026-11-03 06:00:00", "day")]


def test_a_later_report_replaces_the_earlier_one_of_a_recipient(rows: Rows) -> None:
    assert rows(f"""
        select interaction_type, count(*) from events.touchpoints
        where {SENT} and identifier_value = 'first@example.com' group by 1 order by 1
    """) == [("email_opened", 2), ("email_sent", 1)]


def test_a_click_brings_a_visitor_by_email_with_or_without_a_tag(rows: Rows) -> None:
    assert rows(f"""
        select identifier_value, utm_source, utm_medium, campaign, channel, family, page_path from events.touchpoints
        where {SENT} and interaction_type = 'email_clicked' and not is_machine order by 1
    """) == [
        ("human@example.com", "letter", "email", "spring", "email", "email", "/arc"),
        ("scanned@example.com", "mailchimp", "email", "m1", "email", "email", "/1"),
    ]
    assert rows(f"""
        select count(*) from events.touchpoints
        where {SENT} and interaction_type <> 'email_clicked' and channel is not null
    """) == [(0,)]


def test_an_imported_member_without_optin_time_has_confirmed(rows: Rows) -> None:
    assert rows("""
        select state, method, occurred_at::varchar from events.consents
        where source = 'mailchimp' and identifier_value = 'jonas.lindqvist@example.com'
    """) == [("granted", "double_opt_in", "2026-05-02 09:00:00")]


def test_a_withdrawal_told_by_audience_and_report_is_one(rows: Rows) -> None:
    assert rows("""
        select state, method, occurred_at::varchar, evidence_ref from events.consents
        where source = 'mailchimp' and identifier_value = 'aoife.byrne+shop@example.com' order by 3
    """) == [
        ("granted", "double_opt_in", "2026-01-05 10:01:00", None),
        ("withdrawn", "explicit", "2026-11-02 07:15:00", "c2b4c1c0d9"),
    ]


def test_a_member_that_left_has_moved_and_decided_twice(rows: Rows) -> None:
    assert rows("""
        select email_status from staging.stg_mailchimp__members
        where email = 'leaver@example.com' order by changed_at desc limit 1
    """) == [("unsubscribed",)]
    assert rows("""
        select state, count(*) from events.consents where identifier_value = 'leaver@example.com' group by 1 order by 1
    """) == [("granted", 1), ("withdrawn", 1)]
    assert rows("""
        select campaign, campaign_id, direction from events.touchpoints
        where identifier_value = 'leaver@example.com' and interaction_type = 'email_unsubscribed'
    """) == [("Spring News", "m2", "inbound")]


def test_cleaning_and_not_subscribing_are_no_decisions(rows: Rows) -> None:
    assert rows("""
        select count(*) from events.consents
        where identifier_value = 'old.mailbox@example.test' and state <> 'granted'
            or identifier_value = 'shopper@example.com'
    """) == [(0,)]


def test_merge_fields_are_found_under_other_labels_and_unknown_ones_kept(rows: Rows) -> None:
    assert rows("""
        select first_name, phone_number, _extra from raw.mailchimp__subscribed where leid = '8001'
    """) == [("Ida", "+49 30 555 0000", '{"Lieblingslampe":"Arc"}')]


def test_a_phone_behind_an_apostrophe_is_a_number(rows: Rows) -> None:
    assert rows("select phone from staging.stg_mailchimp__members where email = 'f@example.com'") == [("+49305550000",)]


def test_a_tag_may_hold_a_comma(rows: Rows) -> None:
    assert rows("""
        select value from events.profile_attributes where identifier_value = 'f@example.com' and attribute = 'tags'
    """) == [("DE, sale; VIP",)]


def test_a_changed_address_is_the_same_member(rows: Rows) -> None:
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges
        where b_type = 'mailchimp_euid' and b_value = 'aaaa00000a' order by 1
    """) == [
        ("human@example.com", "aaaa00000a", "strong"),
        ("new@example.com", "aaaa00000a", "deterministic"),
        ("old@example.com", "aaaa00000a", "deterministic"),
    ]
    assert rows("""
        select a_value, evidence, confidence from events.identifier_edges
        where b_type = 'email_md5' and b_value = repeat('0', 32)
    """) == [("moved@example.com", "same_record", "strong")]


def test_an_address_and_its_md5_are_the_same_by_arithmetic(rows: Rows) -> None:
    assert rows("""
        select a_value, evidence, confidence from events.identifier_edges
        where source = 'mailchimp' and b_type = 'email_md5' and b_value = '6b5013fe47c8532617cce2bf98748e5c'
    """) == [("jonas.lindqvist@example.com", "hashed_equality", "deterministic")]


def test_a_file_without_the_address_column_is_held(home: Home) -> None:  # noqa: F811
    home.put("mailchimp/subscribed_x.csv", SUBSCRIBED.replace("Email Address", "Adress") + "a@example.com" + "," * 13)
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column) == ("E_MISSING_COLUMN", "email_address")


def test_an_empty_status_file_is_no_fault(home: Home) -> None:  # noqa: F811
    home.put("mailchimp/unsubscribed_x.csv", UNSUBSCRIBED)
    assert home.load_one().fault is None


def test_a_visit_by_a_link_of_the_mail_is_that_members(rows: Rows) -> None:
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges
        where source = 'ga4' and b_type = 'mailchimp_euid'
    """) == [("71.72", "aaaa00000b", "strong")]
