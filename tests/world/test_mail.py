"""Both mail tools: every visit by e-mail is a click of its own, and actions follow the mail they belong to."""

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from datetime import datetime


def lines_of(written, pattern):
    for path in written.files(pattern):
        yield from map(json.loads, path.read_text().splitlines())


def test_mailchimp_reports_hold_every_recipient_once_and_every_action(written):
    recipients = list(lines_of(written, "mailchimp/*email-activity.jsonl"))
    assert len({(row["campaign_id"], row["email_id"]) for row in recipients}) == len(recipients)
    assert len(recipients) == written.total("mail_sent", "mailchimp") > 0
    done = Counter(action["action"] for row in recipients for action in row["activity"])
    assert done == {name: written.total("mail_actions", f"mailchimp_{name}") for name in ("open", "click", "bounce")}
    for row in recipients:
        assert row["email_id"] == hashlib.md5(row["email_address"].lower().encode()).hexdigest()
        at = [action["timestamp"] for action in row["activity"]]
        assert at == sorted(at)
    left = list(lines_of(written, "mailchimp/*unsubscribed.jsonl"))
    assert len(left) == written.total("mail_actions", "mailchimp_unsubscribe") > 0


def test_the_audience_has_each_member_in_the_file_of_its_status(written):
    (path,) = written.files("mailchimp/audience_export_*.zip")
    members: dict[str, list[dict[str, str]]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert archive.getinfo(name).date_time == (1980, 1, 1, 0, 0, 0), "a clock in a zip changes its bytes"
            rows = list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))
            members[name.split("_")[0]] = rows
    assert set(members) == {"subscribed", "unsubscribed", "cleaned"}
    assert len(members["unsubscribed"]) == written.total("mail_actions", "mailchimp_unsubscribe")
    assert len(members["cleaned"]) == written.total("mail_actions", "mailchimp_bounce")
    euids = {row["EUID"] for rows in members.values() for row in rows}
    true = {e for (e,) in written.truth("select identifier_value from people where identifier_type = 'mailchimp_euid'")}
    assert euids == true


def test_klaviyo_events_add_up_and_belong_to_a_profile(written):
    metrics = {row["id"]: row["attributes"]["name"] for row in lines_of(written, "klaviyo/metrics*.jsonl")}
    profiles = {row["id"]: row["attributes"] for row in lines_of(written, "klaviyo/profiles*.jsonl")}
    told = Counter()
    for event in lines_of(written, "klaviyo/events*.jsonl"):
        relations, attributes = event["relationships"], event["attributes"]
        told[metrics[relations["metric"]["data"]["id"]]] += 1
        assert relations["profile"]["data"]["id"] in profiles
        assert datetime.fromisoformat(attributes["datetime"]).timestamp() == attributes["timestamp"]
    assert told["Received Email"] == written.total("mail_sent", "klaviyo")
    assert told["Placed Order"] == written.total("klaviyo_orders") > 0
    names = {"opened": "Opened Email", "clicked": "Clicked Email", "bounced": "Bounced Email",
             "unsubscribed": "Unsubscribed from Email Marketing"}  # fmt: skip
    for word, name in names.items():
        assert told[name] == written.total("mail_actions", f"klaviyo_{word}"), name
    mails = [row["email"] for row in profiles.values()]
    assert len(set(mails)) == len(mails)


def test_nobody_gets_mail_from_two_tools_or_acts_before_it_was_sent(written):
    chimp = {row["email_address"] for row in lines_of(written, "mailchimp/*email-activity.jsonl")}
    klaviyo = {row["attributes"]["email"] for row in lines_of(written, "klaviyo/profiles*.jsonl")}
    assert chimp
    assert not chimp & klaviyo
    metrics = {row["id"]: row["attributes"]["name"] for row in lines_of(written, "klaviyo/metrics*.jsonl")}
    sent, clicks = {}, 0
    for event in lines_of(written, "klaviyo/events*.jsonl"):
        name = metrics[event["relationships"]["metric"]["data"]["id"]]
        key = event["relationships"]["profile"]["data"]["id"], event["attributes"]["event_properties"].get("$message")
        if name == "Received Email":
            sent[key] = event["attributes"]["timestamp"]
        elif name != "Placed Order":
            clicks += name == "Clicked Email"
            assert sent[key] < event["attributes"]["timestamp"]
    assert clicks > 0
