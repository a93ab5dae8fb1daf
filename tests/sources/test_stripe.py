"""Stripe: payments as the dashboard and the API tell them, refunds with and without a date."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import ORDER_RANKS, sample
from tests.sql.conftest import Rows

HEADER = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Amount Refunded,"
    "Converted Currency,Mode,Status,Customer ID,Customer Email,PaymentIntent ID,order_id (metadata)\n"
)
OLD_HEADER = (
    "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,"
    "Converted Amount Refunded,Fee,Tax,Converted Currency,Mode,Status,Statement Descriptor,Customer ID,"
    "Customer Description,Customer Email,Captured,Card ID,Card Last4,Card Fingerprint,Card Name,Invoice ID,"
    "Transfer,PaymentIntent ID\n"
)


def paid(charge: str, amount: str, refunded: str = "0.00", more: str = "Live,Paid,,{}@example.com,pi_{},") -> str:
    rest = more.replace("{}", charge)
    return f"{charge},2026-10-20 10:00:00,{amount},{refunded},eur,true,{amount},{refunded},eur,{rest}\n"


def charge(name: str, created: datetime, **given: Any) -> str:
    seconds = int((created - datetime(1970, 1, 1)).total_seconds())
    row = {"id": name, "object": "charge", "amount": 5000, "amount_refunded": 0, "captured": True, "created": seconds}
    row |= {"currency": "eur", "customer": None, "livemode": True, "metadata": {}, "paid": True, "status": "succeeded"}
    return json.dumps(row | given) + "\n"


def refund(name: str, of: str, created: datetime, status: str, amount: int = 1000) -> str:
    seconds = int((created - datetime(1970, 1, 1)).total_seconds())
    row = {"id": name, "object": "refund", "amount": amount, "charge": of, "created": seconds, "currency": "eur"}
    return json.dumps(row | {"status": status}) + "\n"


NOON = datetime(2026, 10, 20, 12)
FILES = {
    "stripe/sample/unified_payments.csv": sample("stripe/unified_payments.csv"),
    "stripe/sample/charges.jsonl": sample("stripe/charges.jsonl"),
    "stripe/sample/refunds.jsonl": sample("stripe/refunds.jsonl"),
    "stripe/old/payments.csv": OLD_HEADER
    + "ch_old,A lamp,Payment complete.,25/10/2026 09:30,80.00,0.00,gbp,92.00,0.00,1.20,0.00,eur,Live,Paid,NORTHLAMP,"
    + "cus_old,,old@example.com,true,card_1,4242,fpr_x,Old Name,,,pi_old\n",
    # Three weekly exports of one charge: 10 paid back, then 25, then the last refund failed and 10 stand.
    "stripe/2026-10-26/unified_payments.csv": HEADER + paid("ch_weekly", "100.00", "10.00"),
    "stripe/2026-11-02/unified_payments.csv": HEADER + paid("ch_weekly", "100.00", "25.00"),
    "stripe/2026-11-08/unified_payments.csv": HEADER + paid("ch_weekly", "100.00", "10.00") + paid("ch_next", "1.00"),
    "stripe/2026-11-01/charges.jsonl": charge("ch_failed_back", NOON, receipt_email="back@example.com")
    + charge("ch_try1", NOON, status="failed", paid=False, captured=False, payment_intent="pi_retry")
    + charge("ch_try2", NOON, status="failed", paid=False, captured=False, payment_intent="pi_retry")
    + charge("ch_try3", NOON, payment_intent="pi_retry", customer="cus_retry")
    + charge("ch_held", NOON, captured=False)
    + charge("ch_sandbox", NOON, livemode=False)
    + charge("ch_kwd", NOON, currency="chf", amount=12345),
    "stripe/2026-11-01/refunds.jsonl": refund("re_back", "ch_failed_back", datetime(2026, 10, 30), "succeeded"),
    "stripe/2026-11-05/refunds.jsonl": refund("re_back", "ch_failed_back", datetime(2026, 10, 30), "failed"),
}


def facts(rows: Rows, *charges: str) -> list[tuple[Any, ...]]:
    """Payments and their repayments of some charges, by time."""
    keys = ", ".join(f"'{name}'" for name in charges)
    return rows(f"""
        with originals as (
            select conversion_id, adjusts_conversion_id, occurred_at, gross_amount, currency, is_test, order_ref
            from events.conversions where source = 'stripe' and conversion_type = 'payment'
        )
        select order_ref, occurred_at, gross_amount, currency, is_test from originals
        where order_ref in ({keys}) order by order_ref, occurred_at, gross_amount desc
    """)


def test_the_sample_has_the_counts_and_sums_of_the_catalogue(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(gross_amount) filter (where status = 'paid' and not is_test and currency = 'EUR')
        from staging.stg_stripe__payments
        where source_file_id in (select _file_id from raw.stripe__payments where _file_name like '%sample%')
    """) == [(6, Decimal("4989.9"))]
    assert rows("""
        select count(*), sum(cast(amount as bigint)) from raw.stripe__charges where _file_name like '%sample%'
    """) == [(5, 529990)]
    assert rows("select count(*) from raw.stripe__refunds where _file_name like '%sample%'") == [(3,)]


def test_a_partial_refund_lowers_a_payment_that_stays_paid(rows: Rows) -> None:
    assert facts(rows, "1047") == [
        ("1047", datetime(2026, 11, 1, 8, 21, 50), Decimal("129.9"), "EUR", False),
        ("1047", datetime(2026, 11, 6, 10, 0), Decimal("-15"), "EUR", False),
    ]
    assert rows("select sum(gross_amount), sum(net_amount) from events.conversions where order_ref = '1050'"
                " and source = 'stripe' and conversion_type = 'payment'") == [(0, 0)]  # fmt: skip


def test_failed_and_uncaptured_charges_are_staged_and_no_payments(rows: Rows) -> None:
    assert rows("""
        select charge_id, is_paid from staging.stg_stripe__charges
        where charge_id in ('ch_3PfailC', 'ch_held', 'ch_3PmayaA') order by 1
    """) == [("ch_3PfailC", False), ("ch_3PmayaA", True), ("ch_held", False)]
    assert facts(rows, "1048", "ch_held") == []


def test_test_mode_is_kept_and_marked(rows: Rows) -> None:
    assert [row[4] for row in facts(rows, "ch_sandbox")] == [True]
    assert [row[4] for row in facts(rows, "ch_3PtestF")] == [True]


def test_yen_are_whole_and_other_amounts_are_in_hundredths(rows: Rows) -> None:
    assert [row[2:4] for row in facts(rows, "ch_3PjpyE", "ch_kwd")] == [
        (Decimal("12000"), "JPY"),
        (Decimal("123.45"), "CHF"),
    ]


def test_the_customers_currency_is_charged_and_the_settled_one_stands_beside(rows: Rows) -> None:
    assert rows("""
        select gross_amount, currency, settled_amount, settled_currency from staging.stg_stripe__payments
        where charge_id = 'ch_3PjpyE'
    """) == [(Decimal("12000"), "JPY", Decimal("73.1"), "EUR")]


def test_the_older_columns_and_their_day_first_dates_are_read(rows: Rows) -> None:
    assert facts(rows, "ch_old") == [("ch_old", datetime(2026, 10, 25, 9, 30), Decimal("80"), "GBP", False)]


def test_a_card_is_never_an_identifier(rows: Rows) -> None:
    assert rows("""
        select count(*) from events.identifier_edges
        where source = 'stripe' and (a_value like 'fpr%' or b_value like 'fpr%')
    """) == [(0,)]


def test_a_payment_without_mail_is_joined_through_its_customer(rows: Rows) -> None:
    assert rows("""
        select identifier_type, identifier_value from events.conversions
        where order_ref = 'ch_3PjpyE' and conversion_type = 'payment'
    """) == [("stripe_customer_id", "cus_x")]
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges
        where source = 'stripe' and b_value = 'cus_x' and a_type = 'email'
    """) == [("chen.wei@example.test", "cus_x", "deterministic")]


def test_a_refund_that_failed_later_never_was(rows: Rows) -> None:
    assert rows("select status, is_refunded from staging.stg_stripe__refunds where record_key in ("
                "select record_key from staging.stg_stripe__refunds where charge_id = 'ch_failed_back')") == [
        ("failed", False)
    ]  # fmt: skip
    assert facts(rows, "ch_failed_back") == [("ch_failed_back", NOON, Decimal("50"), "EUR", False)]


def test_a_retried_payment_is_paid_once(rows: Rows) -> None:
    assert facts(rows, "ch_try1", "ch_try2", "ch_try3") == [("ch_try3", NOON, Decimal("50"), "EUR", False)]


def test_a_refund_without_a_date_keeps_the_day_of_the_first_export_that_shows_it(rows: Rows) -> None:
    assert facts(rows, "ch_weekly") == [
        ("ch_weekly", datetime(2026, 10, 20, 10), Decimal("100"), "EUR", False),
        ("ch_weekly", datetime(2026, 10, 26), Decimal("-10"), "EUR", False),
    ]


def test_the_two_exports_of_a_charge_are_one_payment(rows: Rows) -> None:
    assert rows("""
        select count(*), count(distinct order_ref) from events.conversions
        where source = 'stripe' and conversion_type = 'payment' and adjusts_conversion_id is null and order_ref = '1047'
    """) == [(1, 1)]


def test_payments_are_orders_only_where_no_shop_delivers_any(rows: Rows) -> None:
    orders = "select count(*) from events.conversions where conversion_type = 'order' and source {} 'stripe'"
    refunds = "select count(*) from events.conversions where conversion_type = 'refund' and source = 'stripe'"
    payments = """
        select count(*) from events.conversions
        where conversion_type = 'payment' and source = 'stripe' and {} adjusts_conversion_id is null
    """
    alone = rows(orders.format("<>")) == [(0,)]
    assert rows(orders.format("=")) == (rows(payments.format("")) if alone else [(0,)])
    assert rows(refunds) == (rows(payments.format("not")) if alone else [(0,)])


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        pytest.param("100.00,10.00", '"100,00",10.00', "E_VALUE", "amount", id="decimal comma"),
        pytest.param("2026-10-20 10:00:00", "10/20/2026 10:00", "E_DATE_ORDER", "created_at", id="month first"),
        pytest.param("Status", "State", "E_MISSING_COLUMN", "status", id="status renamed"),
    ],
)
def test_a_file_that_cannot_be_read_surely_is_held(tmp_path: Path, old: str, new: str, code: str, column: str) -> None:
    home, content = Home(tmp_path), HEADER + paid("ch_1", "100.00", "10.00")
    assert old in content
    home.put("stripe/unified_payments.csv", content.replace(old, new))
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column) == (code, column)


def test_a_day_that_no_calendar_has_is_no_mixture(tmp_path: Path) -> None:
    home, content = Home(tmp_path), HEADER + paid("ch_1", "100.00", "10.00") + paid("ch_2", "100.00", "10.00")
    before, after = content.rsplit("2026-10-20 10:00:00", 1)
    home.put("stripe/unified_payments.csv", f"{before}2026-13-01 10:00:00{after}")
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.record, fault.column) == ("E_DATE_ORDER", 2, "created_at")
    assert fault.found == "no date in any of these formats"


def test_an_order_is_placed_where_it_is_counted_whichever_system_tells_it(rows: Rows) -> None:
    """The evidence of a purchase is that of the system of record: payments, where nothing goes before them."""
    told = "select source, order_ref, occurred_at from events.{} where {} and list_contains(?, source) order by all"
    systems = f"{sorted(ORDER_RANKS)}::varchar[]"
    placed = rows(told.format("touchpoints", "interaction_type = 'order_placed'").replace("?", systems))
    counted = rows(told.format("conversions", "conversion_type = 'order'").replace("?", systems))
    assert placed == counted
    assert counted
