"""Payments, deals, conversations, answers and posts add up, and none of them is told by two systems that both count."""

import csv
import io
import json
import zipfile
from collections import Counter
from decimal import Decimal

from tests.world.conftest import Written


def objects(written: Written, pattern: str) -> list[dict]:
    return [json.loads(line) for path in written.files(pattern) for line in path.read_text().splitlines()]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def zip_tables(written: Written, pattern: str) -> dict[str, list[dict[str, str]]]:
    (path,) = written.files(pattern)
    with zipfile.ZipFile(path) as archive:
        return {name.rsplit("/", 1)[-1]: rows(archive.read(name).decode()) for name in archive.namelist()}


def test_payments_by_csv_and_api_are_the_shops_orders_once(written):
    paid, back = {}, {}
    for path in written.files("stripe/unified_payments_*.csv"):
        for row in rows(path.read_text()):
            if row["Status"] != "Failed":
                assert row["Mode"] == "Live"
                paid[row["id"]] = Decimal(row["Amount"].replace(",", "")), row["order_id (metadata)"]
                back[row["id"]] = Decimal(row["Amount Refunded"])
    charges = {row["id"]: row for row in objects(written, "stripe/charges_*.jsonl") if row["status"] == "succeeded"}
    assert paid.keys() & charges.keys(), "one month is told by both"
    for key, row in charges.items():
        told = Decimal(row["amount"]) / 100, row["metadata"]["order_id"]
        assert paid.setdefault(key, told) == told
        assert back.setdefault(key, Decimal(row["amount_refunded"]) / 100) == Decimal(row["amount_refunded"]) / 100
    assert len(paid) == written.total("payments", "paid") > 50
    assert sum(amount for amount, _ in paid.values()) == written.total("payment_amount")
    assert sum(back.values()) == written.total("payment_refund_amount") == written.total("refund_amount")
    refunds = objects(written, "stripe/refunds_*.jsonl")
    assert sum(Decimal(refund["amount"]) / 100 for refund in refunds) == written.total("refund_amount")
    assert {refund["charge"] for refund in refunds} <= paid.keys()
    ordered = {
        row["Name"].removeprefix("#"): row for path in written.files("shopify/orders_export_*.csv")
        for row in rows(path.read_text()) if row["Id"]
    }  # fmt: skip
    orders = [order for _, order in paid.values()]
    assert len(set(orders)) == len(orders)
    assert all(Decimal(ordered[order]["Total"]) == amount for amount, order in paid.values())


def test_salesforce_keeps_other_deals_than_hubspot_and_every_stage_of_them(written):
    tables = zip_tables(written, "salesforce/**/*.ZIP")
    assert set(tables) >= {"Lead.csv", "Opportunity.csv", "OpportunityHistory.csv"}
    won = [row for row in tables["Opportunity.csv"] if row["IsWon"] == "true"]
    assert len(won) == written.total("deals_won", "salesforce")
    assert sum(Decimal(row["Amount"]) for row in won) == written.total("deal_won_amount", "salesforce")
    assert len(tables["Lead.csv"]) == written.total("leads", "salesforce") > 0
    for name, table in tables.items():
        assert {len(row["Id"]) for row in table} == {18}, name
    stages = Counter(row["OpportunityId"] for row in tables["OpportunityHistory.csv"])
    assert stages.keys() == {row["Id"] for row in tables["Opportunity.csv"]}
    deals = objects(written, "hubspot/deals_properties*.jsonl")
    changes = sum(stages.values()) + sum(len(d["propertiesWithHistory"]["dealstage"]) for d in deals)
    assert changes == written.total("deal_stage_changes")
    assert len(deals) + len(stages) == written.total("deals")


def test_intercom_answers_what_zendesk_does_not(written):
    latest = {}
    for row in objects(written, "intercom/conversations_*.jsonl"):
        if row["updated_at"] >= latest.get(row["id"], row)["updated_at"]:
            latest[row["id"]] = row
    assert len(latest) == written.total("conversations") > 0
    stars = Counter(str(row["conversation_rating"]["rating"]) for row in latest.values() if row["conversation_rating"])
    true = written.truth("select dimension, value::bigint from control_totals where metric = 'conversation_ratings'")
    assert stars == dict(true)
    tickets = {str(ticket["id"]) for ticket in objects(written, "zendesk/export-*")}
    assert not tickets & latest.keys()
    receipts = zip_tables(written, "intercom/content_export_*.zip")["receipts.csv"]
    assert len(receipts) == written.total("app_messages", "sent") > 0
    for column, word in (("first_open", "opened"), ("first_click", "clicked"), ("first_completion", "completed")):
        assert sum(bool(row[column]) for row in receipts) == written.total("app_messages", word), word


def test_four_survey_tools_share_the_answers(written):
    typeform = sum(len(rows(path.read_text())) for path in written.files("typeform/*.csv"))
    qualtrics = [row for path in written.files("qualtrics/*.csv") for row in rows(path.read_text("utf-8-sig"))[2:]]
    monkey = [row for path in written.files("surveymonkey/*.csv") for row in rows(path.read_text())[1:]]
    legacy = objects(written, "delighted_legacy/*.jsonl")
    assert typeform + len(qualtrics) + len(monkey) + len(legacy) == written.total("survey_answers")
    scored = {
        "qualtrics": sum(row["Q1"] != "" for row in qualtrics),
        "surveymonkey": sum(row["How likely are you to recommend Northlamp?"] != "" for row in monkey),
        "delighted": len(legacy),
    }
    for tool, count in scored.items():
        assert count == written.total("answers_nps", tool), tool
    assert all(row["ResponseId"].startswith("R_") for row in qualtrics)
    assert {answer["survey_type"] for answer in legacy} == {"nps"}


def test_the_forum_lists_every_member_and_what_members_wrote(written):
    (members,) = zip_tables(written, "discourse/user-list-*.zip").values()
    people = [row for row in members if row["id"] != "-1"]
    assert len(members) == len(people) + 1, "the forum itself is a member"
    assert len(people) == written.total("signups") > 0
    (path,) = written.files("discourse/*.dcqresult.csv")
    posts = rows(path.read_text())
    assert len(posts) == written.total("posts") > 0
    assert {row["user_id"] for row in posts} <= {row["id"] for row in people}
    users = {u for (u,) in written.truth("select identifier_value from people where identifier_type = 'user_id'")}
    assert {row["external_id"] for row in people} <= users
