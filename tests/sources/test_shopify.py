"""Shopify: order lines, dates that come late, names that change, and money that was never paid."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

from tests.sql.conftest import Rows

HEADER = (
    "Name,Email,Financial Status,Paid at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,"
    "Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Notes,Note Attributes,Cancelled at,"
    "Refunded Amount,Id,Source\n"
)
# The oldest generation ends at `Cancelled at`: no refunds and no Id.
OLD_HEADER = (
    "Name,Email,Financial Status,Paid at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,"
    "Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Notes,Note Attributes,Cancelled at\n"
)
AT = "2026-10-20 10:00:00 +0200"


def order(name: str, number: str, total: str = "100.00", **given: str) -> str:
    """The first line of an order; `given` replaces single cells."""
    cells = {
        "email": f"{name.strip('#').lower()}@example.com", "status": "paid", "currency": "EUR", "discount": "0.00",
        "created": AT, "notes": "", "attributes": "", "cancelled": "", "refunded": "0.00", "source": "web",
    } | given  # fmt: skip
    return (
        f"{name},{cells['email']},{cells['status']},{AT},no,{cells['currency']},{total},0.00,0.00,{total},,"
        f"{cells['discount']},{cells['created']},1,Lamp,{total},{cells['notes']},{cells['attributes']},"
        f"{cells['cancelled']},{cells['refunded']},{number},{cells['source']}\n"
    )


def line(name: str) -> str:
    """A further line of an order."""
    return f"{name},{name.strip('#').lower()}@example.com,,,,,,,,,,,{AT},1,Bulb,15.00,,,,,,\n"


def bulk(number: int, **given: object) -> str:
    """An order of the bulk export."""
    money = {"shopMoney": {"amount": "95.0", "currencyCode": "EUR"}}
    row: dict[str, object] = {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#B{number}",
        "createdAt": "2026-10-20T08:00:00Z",
    }
    row |= {"updatedAt": "2026-10-20T08:00:00Z", "test": False, "displayFinancialStatus": "PAID", "currencyCode": "EUR"}
    return json.dumps(row | {"totalPriceSet": money} | given) + "\n"


WEEK_1 = (
    HEADER
    + order("#S1", "1")
    + line("#S1")
    + line("#S1")
    + order("#S2", "2", status="paid")
    + order("#S7", "7", total="70.00")
    + order("#S8", "8", total="80.00")
)
WEEK_2 = (
    HEADER
    + order("#S1", "1", total="90.00")
    + order("#S2", "2", status="partially_refunded", refunded="15.00")
    + order("#S3", "3", email="", source="pos")
    + order("#S4", "4", status="voided")
    + order("#S4b", "41", cancelled="2026-10-21 09:00:00 +0200")
    + order("#S5", "5", total="0.00", discount="100.00")
    + order("#S6", "6", notes='"Ring\ntwice, please"', attributes='"utm_source: google\ngclid: Cj0shop"')
    # The shop changed its prefix, and gave an old name to another order.
    + order("NL-S7", "7", total="70.00", refunded="7.00", email="s7@example.com")
    + order("#S8", "88", total="8.00", email="other@example.com")
    + order("#S9", "9", created="2026-10-25 02:30:00 +0200")
    + order("#S10", "10", created="2026-10-25 02:30:00 +0100")
    + order("#S11", "11", total="50.00")
)
OLD = (
    f"#S11,s11@example.com,paid,{AT},no,EUR,50.00,0.00,0.00,50.00,,0.00,{AT},1,Lamp,50.00,,,\n"
    f"#S12,s12@example.com,paid,{AT},no,EUR,12.00,0.00,0.00,12.00,,0.00,{AT},1,Lamp,12.00,,,\n"
    f"#S12,s12@example.com,,,,,,,,,,,{AT},1,Bulb,1.00,,,\n"
)
FILES = {
    "shopify/2026-10-26/orders_export.csv": WEEK_1,
    "shopify/2026-11-02/orders_export_1.csv": WEEK_2,
    "shopify/2026-10-22/orders_export.csv": OLD_HEADER + OLD,
    "shopify/bulk-77.jsonl": bulk(501, presentmentCurrencyCode="SEK") + bulk(502, test=True),
}


def staged(rows: Rows, columns: str, *names: str) -> list[tuple[object, ...]]:
    """Columns of the staged CSV orders of some names, by order id."""
    wanted = ", ".join(f"'{name}'" for name in names)
    return rows(f"select {columns} from staging.stg_shopify__orders where order_name in ({wanted}) order by order_id")


def test_order_values_are_counted_once_however_many_lines_there_are(rows: Rows) -> None:
    assert staged(rows, "order_id, gross_amount", "S1", "S12") == [("1", Decimal("90")), ("S12", Decimal("12"))]


def test_a_refund_is_dated_by_the_first_export_that_shows_it(rows: Rows) -> None:
    assert rows("""
        select conversion_type, occurred_at, gross_amount from events.conversions
        where source = 'shopify' and (order_ref = 'S2') order by occurred_at
    """) == [
        ("order", datetime(2026, 10, 20, 8), Decimal("100")),
        ("refund", datetime(2026, 11, 2), Decimal("-15")),
    ]


def test_a_counter_sale_is_known_by_its_order_only(rows: Rows) -> None:
    assert staged(rows, "identifier_type, identifier_value", "S3") == [("order_name", "S3")]


def test_a_voided_or_cancelled_order_is_offset_though_it_has_a_total(rows: Rows) -> None:
    assert rows("""
        select order_ref, sum(gross_amount), count(*) from events.conversions
        where source = 'shopify' and order_ref in ('S4', 'S4b') group by 1 order by 1
    """) == [("S4", 0, 2), ("S4b", 0, 2)]


def test_test_orders_and_orders_for_nothing_are_marked(rows: Rows) -> None:
    assert staged(rows, "is_test", "S5") == [(True,)]
    assert rows("select order_id from staging.stg_shopify__orders_bulk where is_test") == [("502",)]


def test_line_breaks_in_notes_do_not_break_rows(rows: Rows) -> None:
    assert staged(rows, "utm_source, gclid, click_id_type", "S6") == [("google", "Cj0shop", "gclid")]


def test_money_is_the_shops_and_not_the_customers(rows: Rows) -> None:
    assert rows("select gross_amount, currency from staging.stg_shopify__orders_bulk where order_id = '501'") == [
        (Decimal("95"), "EUR")
    ]


def test_of_overlapping_exports_the_latest_tells_an_order(rows: Rows) -> None:
    assert staged(rows, "financial_status, gross_amount", "S2") == [("partially_refunded", Decimal("100"))]
    # An order the later export does not hold stays.
    assert staged(rows, "gross_amount", "S12") == [(Decimal("12"),)]


def test_an_order_is_its_id_whatever_it_is_called(rows: Rows) -> None:
    assert staged(rows, "order_id, order_name, gross_amount", "S7", "NL-S7") == [("7", "NL-S7", Decimal("70"))]
    assert staged(rows, "order_id, email", "S8") == [("8", "s8@example.com"), ("88", "other@example.com")]
    assert rows("""
        select count(*), sum(gross_amount) from events.conversions
        where source = 'shopify' and conversion_type = 'refund' and order_ref in ('S7', 'NL-S7')
    """) == [(1, Decimal("-7"))]


def test_an_export_without_ids_is_not_a_second_order(rows: Rows) -> None:
    assert staged(rows, "order_id, gross_amount", "S11") == [("11", Decimal("50"))]


def test_both_hours_of_the_autumn_night_are_told_apart(rows: Rows) -> None:
    assert staged(rows, "order_name, created_at", "S9", "S10") == [
        ("S10", datetime(2026, 10, 25, 1, 30)),
        ("S9", datetime(2026, 10, 25, 0, 30)),
    ]
