"""The truth reconciles with the files, and the causes in the world are those its parameters declare."""

import codecs
import csv
import gzip
import io
import json
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from journey_pipeline.world.behaviour import simulate
from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.parameters import CHANNEL_CODE, CHANNELS, PARAMETERS
from journey_pipeline.world.people import make_people


def records(written, pattern):
    for path in written.files(pattern):
        yield from (json.loads(line) for line in path.read_text().splitlines())


@pytest.fixture(scope="module")
def orders(written):
    rows = []
    for path in written.files("shopify/orders_export_*.csv"):
        rows += csv.DictReader(io.StringIO(path.read_text()))
    return rows


@pytest.fixture(scope="module")
def hits(written):
    """Distinct GA4 rows of all deliveries, as (day, client, user, name, microsecond, parameters)."""
    found = set()
    for path in written.files("ga4/**/*"):
        if path.name.endswith(".json.gz"):
            rows = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
        elif path.suffix == ".parquet":
            rows = pq.read_table(path).to_pylist()
        else:
            continue
        for row in rows:
            parameters = tuple(
                (p["key"], next(str(v) for v in p["value"].values() if v is not None)) for p in row["event_params"]
            )
            found.add((row["event_date"], row.get("user_pseudo_id"), row.get("user_id"), row["event_name"],
                       int(row["event_timestamp"]), parameters))  # fmt: skip
    return found


def test_orders_reconcile_to_the_cent(written, orders):
    heads = [row for row in orders if row["Id"]]
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for row in heads:
        amounts["test" if row["Discount Code"] == "TEST100" else row["Financial Status"]] += Decimal(row["Total"])
        assert Decimal(row["Subtotal"]) + Decimal(row["Shipping"]) == Decimal(row["Total"])
    assert len({row["Name"] for row in orders}) == len(heads) == written.total("orders")
    for status, amount in amounts.items():
        assert written.total("order_amount", status) == amount
    assert amounts["test"] == 0
    assert sum(Decimal(row["Taxes"]) for row in heads) == written.total("tax_amount")
    goods: dict[str, Decimal] = defaultdict(Decimal)
    for row in orders:
        goods[row["Name"]] += Decimal(row["Lineitem price"]) * int(row["Lineitem quantity"])
    for row in heads:
        assert goods[row["Name"]] - Decimal(row["Discount Amount"]) == Decimal(row["Subtotal"])


def test_refunds_reconcile_between_csv_bulk_and_truth(written, orders):
    dated: dict[str, Decimal] = defaultdict(Decimal)
    for record in records(written, "shopify/bulk-*.jsonl"):
        if "/Refund/" in record["id"]:
            order = record["__parentId"].split("/")[-1]
            dated[order] += Decimal(record["totalRefundedSet"]["shopMoney"]["amount"])
    in_csv = {row["Id"]: Decimal(row["Refunded Amount"]) for row in orders if row["Id"]}
    assert dated == {order: amount for order, amount in in_csv.items() if amount}
    assert sum(dated.values()) == written.total("refund_amount") > 0
    for row in orders:
        if row["Id"]:
            assert in_csv[row["Id"]] <= Decimal(row["Total"])


def test_spend_is_the_last_download_of_each_day(written):
    latest: dict[tuple[str, str], Decimal] = {}
    every = Decimal(0)
    for path in sorted(written.files("google_ads/*report*.csv"), key=lambda p: p.stem[-10:]):
        raw = path.read_bytes()
        wide = raw.startswith(codecs.BOM_UTF16_LE)
        text = raw.decode("utf-16" if wide else "utf-8").split("\n", 2)[2]
        rows = list(csv.DictReader(io.StringIO(text), delimiter="\t" if wide else ","))
        cost = {(r["Day"], r["Campaign ID"]): Decimal(r["Cost"].replace(",", "")) for r in rows[:-2]}
        assert Decimal(rows[-1]["Cost"].replace(",", "")) == sum(cost.values())
        every += sum(cost.values())
        latest |= cost
    assert sum(latest.values()) == written.total("spend_amount", "google_ads") < every
    true = written.truth(
        "select spend_date::varchar, campaign_id, cost_amount from spend_totals where platform = 'google_ads'"
    )
    assert latest == {(day, campaign): cost for day, campaign, cost in true}


def test_ga4_distinct_rows_and_purchases_reconcile(written, hits, orders):
    counted = Counter(name for _, _, _, name, _, _ in hits)
    done, measured = (
        dict(written.truth(f"select dimension, value::bigint from control_totals where metric = '{metric}'"))
        for metric in ("ga4_distinct_events", "ga4_measurements")
    )
    assert measured.keys() == {"LCP", "INP", "CLS", "FCP", "TTFB", "error", "rage_click"}
    measured["exception"] = measured.pop("error")
    assert counted == done | measured
    bought = [dict(parameters)["transaction_id"] for _, _, _, name, _, parameters in hits if name == "purchase"]
    names = {row["Name"].removeprefix("#") for row in orders}
    assert set(bought) <= names
    assert len(set(bought)) > 0.9 * len(names)
    assert len(bought) > len(set(bought)), "some pages are reloaded"


def test_tickets_ratings_answers_and_deals_reconcile(written):
    tickets = {record["id"] for record in records(written, "zendesk/export-*")}
    assert len(tickets) == written.total("tickets") - written.total("tickets", "solved")
    ratings = {
        r["id"]: r["score"] for r in records(written, "zendesk/satisfaction_ratings*") if r["score"] != "offered"
    }
    for score in ("good", "bad"):
        assert Counter(ratings.values())[score] == written.total("ratings", score)
    answers = []
    for path in written.files("typeform/*.csv"):
        answers += list(csv.reader(io.StringIO(path.read_text())))[1:]
    told = written.total("answers_complete", "typeform") + written.total("answers_started", "typeform")
    assert len(answers) == told > 5
    assert sum(row[1] != "" and row[10] == "completed" for row in answers) == written.total("answers_nps", "typeform")
    won = [d for d in records(written, "hubspot/deals_prop*") if d["properties"]["dealstage"] == "closedwon"]
    assert len(won) == written.total("deals_won", "hubspot")
    assert sum(Decimal(d["properties"]["amount"]) for d in won) == written.total("deal_won_amount", "hubspot")


def test_every_identifier_belongs_to_someone(written, hits):
    known = defaultdict(set)
    for kind, value in written.truth("select identifier_type, identifier_value from people"):
        known[kind].add(value)
    clients = Counter(client for _, client, _, _, _, _ in hits if client)
    strangers = {client for client in clients if client not in known["ga_client_id"]}
    assert all(clients[c] >= 700 or c.startswith("21000000") for c in strangers), (
        "only machines and tests have no owner"
    )
    assert {user for _, _, user, _, _, _ in hits if user} <= known["user_id"]
    once = written.truth(
        "select count(*) from (select identifier_type, count(*) as owners, bool_or(is_shared) as shared from people "
        "group by identifier_type, identifier_value) "
        "where (owners > 1) <> shared or (owners > 1 and identifier_type <> 'ga_client_id')"
    )
    assert once == [(0,)]


def test_shared_tablets_show_two_logins(written, hits):
    shared = {c for (c,) in written.truth("select identifier_value from people where is_shared")}
    users = defaultdict(set)
    for _, client, user, _, _, _ in hits:
        if client in shared and user:
            users[client].add(user)
    assert shared
    assert all(len(found) == 2 for found in users.values())
    assert users.keys() == shared


def test_stages_are_reached_in_order_and_inside_the_market(written):
    order = ["awareness", "consideration", "purchase", "experience", "advocacy"]
    rows = written.truth(
        "select person_id, journey_number, list(stage order by entered_at, list_position("
        f"{order}, stage)), min(entered_at), max(entered_at) from stages group by 1, 2"
    )
    assert len(rows) > 500
    reached = Counter(len(stages) for _, _, stages, _, _ in rows)
    assert all(stages == order[: len(stages)] for _, _, stages, _, _ in rows)
    assert set(reached) == {1, 2, 3, 4, 5}
    assert str(max(last for *_, last in rows)) < "2026-11-15 23:00"
    assert str(min(first for *_, first, _ in rows)) >= "2026-08-09 22:00"


def test_incremental_rows_say_what_the_world_did(written):
    rows = {r[0]: r[1:] for r in written.truth(
        "select channel, conversions, incremental_conversions, all_conversions, revenue, incremental_revenue "
        "from incremental where conversion_type = 'order'")}  # fmt: skip
    assert set(rows) == {c.name for c in CHANNELS} | {"all_bought"}
    orders = int(written.total("orders") - written.total("orders", "test") - written.total("orders", "voided"))
    amount = written.total("order_amount") - written.total("order_amount", "voided")
    assert {(row[2], row[3]) for row in rows.values()} == {(orders, amount)}
    brand, joint = rows["paid_search_brand"], rows["all_bought"]
    assert brand[0] > 0.2 * orders
    assert brand[1] <= 0.1 * brand[0]
    assert joint[1] > max(row[1] for name, row in rows.items() if name != "all_bought")


@pytest.mark.parametrize("seed", [1])
def test_push_channels_cause_orders_and_harvesters_do_not(seed):
    calendar = Calendar.before(date(2026, 11, 16), 20)
    people = make_people(seed, 12_000, calendar, PARAMETERS)
    visits, decisions, outcomes = simulate(seed, people, calendar, PARAMETERS, lambda share: None)
    lost = {c.name: int(outcomes.orders[0] - outcomes.orders[1 + CHANNEL_CODE[c.name]]) for c in CHANNELS}
    orders = int(outcomes.orders[0])
    assert orders > 500
    for push in ("paid_video", "paid_social", "email"):
        assert lost[push] > 0.01 * orders, push
    for pull in ("paid_search_generic", "cross_network"):
        assert lost[pull] > 0.03 * orders, pull
    closing = visits.decision >= 0
    for harvester in ("paid_search_brand", "affiliates"):
        closed = int((closing & (visits.channel == CHANNEL_CODE[harvester])).sum())
        assert closed > 0.08 * orders, harvester
        assert abs(lost[harvester]) < 0.015 * orders, harvester
    for earned in ("organic_social", "organic_search", "referral", "ai_assistant", "direct"):
        assert abs(lost[earned]) < 0.015 * orders, earned
    assert int(outcomes.orders[0] - outcomes.orders[-1]) > max(lost.values())
    refused = decisions.is_cancelled & ~decisions.is_deal
    assert int((~decisions.is_deal).sum() - refused.sum()) == orders
