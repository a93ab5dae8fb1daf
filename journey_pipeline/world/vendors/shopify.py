"""Shopify: monthly order exports (one row per line item) and a bulk export with dated refunds.

Add a column's text to `ORDER_CELLS` or `LINE_CELLS`. Must not be here: what was bought.
"""

import duckdb

from journey_pipeline.world.parameters import TEST_EMAIL
from journey_pipeline.world.vendors import Delivery, csv_cell, csv_line, lines

HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,"
    "Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,"
    "Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,"
    "Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,"
    "Billing Country,Billing Phone,Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,"
    "Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,"
    "Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,"
    "Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,"
    "Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,"
    "Payment ID,Payment Terms Name,Next Payment Due At,Payment References"
)
STAMP = "%Y-%m-%d %H:%M:%S"


def _local(column: str) -> str:
    """SQL for a local time with its offset, empty when the instant is 0."""
    return (
        f"if({column} > 0, local_time({column}, '{STAMP}') || ' +' || "
        f"lpad((zone_offset({column}) // 3600)::varchar, 2, '0') || '00', '')"
    )


# Texts of the order's first row only; every other column of the header is empty.
ORDER_CELLS: dict[str, str] = {
    "Financial Status": "financial_status",
    "Paid at": f"if(is_cancelled, '', {_local('created_at')})",
    "Fulfillment Status": "if(shipped_at > 0, 'fulfilled', 'unfulfilled')",
    "Fulfilled at": _local("shipped_at"),
    "Accepts Marketing": "if(is_subscribed, 'yes', 'no')",
    "Currency": "'EUR'",
    "Subtotal": "decimal_text(total_cents - shipping_cents)",
    "Shipping": "decimal_text(shipping_cents)",
    "Taxes": "decimal_text(tax_cents)",
    "Total": "decimal_text(total_cents)",
    "Discount Code": "if(is_test, 'TEST100', if(is_discounted, 'AUTUMN10', ''))",
    "Discount Amount": "decimal_text(discount_cents)",
    "Shipping Method": "if(is_over_counter, '', 'DHL')",
    "Billing Name": "buyer",
    "Billing Zip": "if(is_over_counter, '', '''10115')",
    "Billing Country": "country",
    "Shipping Name": "buyer",
    "Shipping Zip": "if(is_over_counter, '', '''10115')",
    "Shipping Country": "country",
    "Notes": "if(order_number % 53 = 7, 'Please, no' || chr(10) || 'plastic', '')",
    "Note Attributes": "notes",
    "Cancelled at": _local("cancelled_at"),
    "Payment Method": "'Shopify Payments'",
    "Payment Reference": "'r' || order_id",
    "Refunded Amount": "decimal_text(refunded_cents)",
    "Outstanding Balance": "'0.00'",
    "Id": "order_id",
    "Risk Level": "'Low'",
    "Source": "if(is_over_counter, 'pos', 'web')",
    "Tax 1 Name": "'MwSt 19%'",
    "Tax 1 Value": "decimal_text(tax_cents)",
    "Phone": "order_phone",
    "Payment ID": "'r' || order_id",
    "Payment References": "'r' || order_id",
}
# Texts of every row.
LINE_CELLS: dict[str, str] = {
    "Name": "'#' || order_number",
    "Email": "order_email",
    "Created at": _local("created_at"),
    "Lineitem quantity": "quantity",
    "Lineitem name": "product_name",
    "Lineitem price": "decimal_text(price_cents)",
    "Lineitem sku": "sku",
    "Lineitem requires shipping": "'true'",
    "Lineitem taxable": "'true'",
    "Lineitem fulfillment status": "if(shipped_at > 0, 'fulfilled', 'pending')",
    "Vendor": "'Northlamp'",
    "Lineitem discount": "'0.00'",
}

_BUYERS = f"""
create or replace temp table shop_orders as
select o.*, p.shopify_customer_id, p.email as customer_email, coalesce(p.country, 'DE') as country,
    coalesce(p.is_subscribed, false) as is_subscribed, local_time(o.created_at, '%Y-%m') as month,
    if(o.is_test, 'Test Test', if(is_over_counter, '', p.first_name || ' ' || p.last_name)) as buyer,
    case when o.is_test then '{TEST_EMAIL}' when is_over_counter then null
        when order_number % 10 < 3 then coalesce(p.second_email, p.email) else p.email end as order_email,
    if(order_number % 2 = 0 and not is_over_counter, p.phone, null) as order_phone,
    if(o.has_notes and not is_over_counter, concat_ws(chr(10), 'utm_source: ' || s.utm_source,
        'utm_medium: ' || s.utm_medium, 'gclid: ' || s.gclid), '') as notes,
    s.landing_url, s.utm_source, s.utm_medium, s.utm_campaign
from orders as o
left join people as p using (person)
left join sessions as s on s.session = o.session
order by order_number
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Write `orders_export_<n>.csv` per month and one bulk file."""
    con.execute(_BUYERS)
    months = [row[0] for row in con.execute("select distinct month from shop_orders order by 1").fetchall()]
    names = HEADER.split(",")
    first = csv_line([csv_cell(LINE_CELLS.get(n) or ORDER_CELLS.get(n, "''")) for n in names])
    other = csv_line([csv_cell(LINE_CELLS.get(n, "''")) for n in names])
    for number, month in enumerate(months, 1):
        rows = lines(
            con,
            f"select line_id as place, case when line = 0 then {first} else {other} end as line "
            "from shop_orders join order_lines using (order_number) where month = $1",
            [month],
        )
        delivery.write_text(f"shopify/orders_export_{number}.csv", f"{HEADER}\n{rows}")
    if months:
        delivery.write_text("shopify/bulk-4000000000001.jsonl", lines(con, _BULK, [months[-1]]))


_MONEY = """'{{"shopMoney":{{"amount":"' || ({cents} / 100.0)::double || '","currencyCode":"EUR"}}}}'"""

# Every refunded order of all time and every order of the last month, children after their order.
_BULK = f"""
with chosen as (
    select *, 'gid://shopify/Order/' || order_id as gid from shop_orders
        where refunded_cents > 0 or month = $1
),
texts as (
    select order_number * 1000 as place, concat('{{"id":"', gid, '","name":"#', order_number,
        '","createdAt":"', iso(created_at), '","updatedAt":"',
        iso(greatest(created_at + 5, cancelled_at, shipped_at, coalesce(last_at, 0))), '","email":',
        coalesce('"' || order_email || '"', 'null'), ',"phone":', coalesce('"' || order_phone || '"', 'null'),
        ',"test":', is_test, ',"displayFinancialStatus":"', upper(financial_status), '","cancelledAt":',
        if(cancelled_at > 0, '"' || iso(cancelled_at) || '"', 'null'),
        ',"currencyCode":"EUR","presentmentCurrencyCode":"',
        case country when 'SE' then 'SEK' when 'GB' then 'GBP' else 'EUR' end,
        '","currentTotalPriceSet":', {_MONEY.format(cents="(total_cents - refunded_cents)")},
        ',"totalPriceSet":', {_MONEY.format(cents="total_cents")}, ',"customer":',
        coalesce('{{"id":"gid://shopify/Customer/' || if(is_over_counter, null, shopify_customer_id)
            || '","email":"' || customer_email || '"}}', 'null'),
        ',"customerJourneySummary":', if(is_test or is_over_counter, 'null', concat(
            '{{"firstVisit":{{"landingPage":"', replace(landing_url, 'https://www.northlamp.test', ''),
            '","utmParameters":', if(utm_source is null, 'null', concat('{{"source":"', utm_source,
                '","medium":"',
                utm_medium, '","campaign":', coalesce('"' || utm_campaign || '"', 'null'), '}}')), '}}}}')),
                    '}}') as line
    from chosen
    union all
    select order_number * 1000 + 1 + l.line, concat('{{"id":"gid://shopify/LineItem/', line_id, '","sku":"',
        sku, '","quantity":', quantity, ',"__parentId":"', gid, '"}}')
    from chosen join order_lines as l using (order_number)
    union all
    select order_number * 1000 + 500 + row_number() over (partition by order_number order by refund_number),
        concat('{{"id":"gid://shopify/Refund/', 900 + refund_number, '","createdAt":"', iso(refunded_at),
        '","totalRefundedSet":', {_MONEY.format(cents="refund_cents")}, ',"__parentId":"', gid, '"}}')
    from chosen join refunds using (order_number)
)
select * from texts
"""
