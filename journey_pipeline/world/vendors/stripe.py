"""Stripe: the payments of the shop's orders, first as monthly CSV downloads, later as objects of the API.

One month is told by both. Must not be here: what was bought, or what is given back.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.parameters import TEST_EMAIL
from journey_pipeline.world.vendors import Delivery, count, csv_cell, csv_line, files, lines, own

HEADER = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Amount Refunded,"
    "Converted Currency,Fee,Taxes On Fee,Mode,Status,Description,Statement Descriptor,Customer ID,Customer Email,"
    "Invoice ID,Payment Source Type,PaymentIntent ID,order_id (metadata)"
)
CSV_SHARE = 0.5  # of the months came as downloads before the API was connected
FAILS_EVERY = 23  # every so many-th order was paid at the second attempt

# A failed attempt comes a minute before the payment; test mode payments are planted.
_CHARGES = f"""
create or replace temp table stripe_charges as
with paid as (
    select o.*, p.email, 'cus_' || substr(md5('stripe-' || person), 1, 14) as customer
    from orders as o join people as p using (person)
    where not is_test and not is_cancelled and not is_over_counter
),
attempts as (
    select *, created_at + 5 as charged_at, 'succeeded' as status, true as livemode, 'a' as attempt from paid
    union all
    select * replace (0 as refunded_cents), created_at - 55, 'failed', true, 'b' from paid
    where order_number % {FAILS_EVERY} = 4
    union all
    select * replace ('{TEST_EMAIL}' as email, 'cus_test' as customer, 0 as refunded_cents, 100 as total_cents),
        created_at + 20, 'succeeded', false, 't'
    from paid where $planted and order_number % 50 = 9
)
select *, 'ch_3P' || substr(md5('charge-' || order_number || attempt), 1, 16) as charge_id,
    utc_time(charged_at, '%Y-%m') as month, order_number * 10 + ascii(attempt) - 97 as place
from attempts order by place
"""
_MONEY = "format('{{:,}}', ({0} // 100)::bigint) || '.' || lpad(({0} % 100)::bigint::varchar, 2, '0')"
_OK = "status = 'succeeded'"
CELLS = (
    "charge_id", "utc_time(charged_at, '%Y-%m-%d %H:%M:%S')", _MONEY.format("total_cents"),
    "decimal_text(refunded_cents)",
    "'eur'", f"({_OK})::varchar", f"if({_OK}, decimal_text(total_cents), '')",
    f"if({_OK}, decimal_text(refunded_cents), '')", f"if({_OK}, 'eur', '')",
    f"if({_OK}, decimal_text(total_cents * 15 // 1000 + 25), '0.00')", "'0.00'", "if(livemode, 'Live', 'Test')",
    "case when status = 'failed' then 'Failed' when refunded_cents >= total_cents then 'Refunded' else 'Paid' end",
    "'Northlamp #' || order_number", "'NORTHLAMP'", "customer", "email", "''", "'card'",
    "'pi_' || substr(charge_id, 4)",
    "order_number",
)  # fmt: skip
_API = f"""
select 'stripe/charges_' || month || '.jsonl' as file, place, to_json({{
    id: charge_id, object: 'charge', amount: total_cents, amount_captured: if({_OK}, total_cents, 0),
    amount_refunded: refunded_cents, balance_transaction: 'txn_' || substr(charge_id, 4),
    billing_details: {{email: email, name: null, phone: null}}, captured: {_OK}, created: charged_at, currency: 'eur',
    customer: customer, description: null, disputed: false, invoice: null, livemode: livemode,
    metadata: {{order_id: order_number::varchar}}, paid: {_OK}, payment_intent: 'pi_' || substr(charge_id, 4),
    payment_method_details: {{type: 'card', card: {{brand: 'visa', country: 'DE', last4: '4242'}}}},
        receipt_email: email,
    refunded: refunded_cents >= total_cents, status: status
}}) as line
from stripe_charges where list_contains($months, month)
"""
_REFUNDS = """
select refund_number as place, to_json({
    id: 're_' || refund_number, object: 'refund', amount: refund_cents, charge: charge_id, created: refunded_at + 3,
    currency: 'eur', reason: 'requested_by_customer', status: 'succeeded'
}) as line
from refunds join stripe_charges using (order_number) where status = 'succeeded' and livemode and refunded_at + 3 < $end
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write payments of the early months as CSV, charges of the later ones and all refunds as JSON lines."""
    con.execute(_CHARGES, {"planted": delivery.is_planted})
    paid = f"from stripe_charges where {_OK} and livemode"
    own(con, "stripe_customer_id", f"select person, customer {paid}")
    count(con, "payments", f"select 'paid', count(*) {paid}")
    count(con, "payments", "select 'failed', count(*) from stripe_charges where status = 'failed'")
    count(con, "payment_amount", f"select 'paid', sum(total_cents) / 100.0 {paid}")
    count(con, "payment_refund_amount", f"select 'all', sum(refunded_cents) / 100.0 {paid}")
    delivery.plant(con, "select 'stripe.test_mode_payment', count(*) from stripe_charges where not livemode")
    months = [row[0] for row in con.execute("select distinct month from stripe_charges order by 1").fetchall()]
    turn = int(len(months) * CSV_SHARE)
    line = csv_line([csv_cell(cell) for cell in CELLS])
    for month in months[: turn + 1]:
        rows = lines(con, f"select place, {line} as line from stripe_charges where month = $1", [month])
        delivery.write_text(f"stripe/unified_payments_{month}.csv", f"{HEADER}\n{rows}")
    for name, text in files(con, _API, {"months": months[turn:]}).items():
        delivery.write_text(name, text)
    day = calendar.day(calendar.days)
    delivery.write_text(f"stripe/refunds_{day}.jsonl", lines(con, _REFUNDS, {"end": calendar.end_at}))
