"""The world as DuckDB tables, the one place vendor writers read from.

Tables: people, sessions (with how the visit looks from outside), events, orders, order_lines, refunds,
tickets, answers, forms, deals, deal_stages. Add a column when a writer needs it. Must not be here: a vendor's
layout.
"""

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from journey_pipeline.world.clock import Calendar, stream
from journey_pipeline.world.commerce import Columns
from journey_pipeline.world.parameters import (
    APP_HOST,
    BASKETS,
    CHANNELS,
    COMMUNITY_HOST,
    PRODUCTS,
    STORE_HOST,
    Parameters,
)
from journey_pipeline.world.people import People
from journey_pipeline.world.sessions import EVENTS, Events, Sessions, first_seen, is_anonymous

CATEGORIES = ("mobile", "desktop", "tablet")
FIRST_MACHINE = 2_100_000_000  # above every number a person's device can have


def load(con: duckdb.DuckDBPyConnection, name: str, columns: Columns) -> None:
    """Create a table from arrays of equal length."""
    con.register("drawn", pa.table({key: pa.array(values) for key, values in columns.items()}))
    con.execute(f"create table {name} as select * from drawn")
    con.unregister("drawn")


def define_clock(con: duckdb.DuckDBPyConnection, calendar: Calendar) -> None:
    """Create the macros that turn UTC epoch seconds into vendors' time texts, and cents into decimals."""
    shifts = sorted(zip(calendar.shift_at.tolist(), calendar.shift_offset.tolist(), strict=True), reverse=True)
    cases = " ".join(f"when instant >= {at} then {offset}" for at, offset in shifts)
    con.execute(f"create macro zone_offset(instant) as case {cases} else {shifts[-1][1]} end")
    con.execute(
        "create macro utc_time(instant, pattern) as strftime(make_timestamp((instant * 1000000)::bigint), pattern)"
    )
    con.execute("create macro local_time(instant, pattern) as utc_time(instant + zone_offset(instant), pattern)")
    con.execute("create macro iso(instant) as utc_time(instant, '%Y-%m-%dT%H:%M:%SZ')")
    con.execute("create macro decimal_text(cents) as printf('%d.%02d', (cents // 100)::bigint, (cents % 100)::bigint)")


def load_catalogue(con: duckdb.DuckDBPyConnection) -> None:
    """Create `channels`, `products` and `basket_lines` from the parameters."""
    load(con, "channels", {
        "channel": np.arange(len(CHANNELS)),
        "channel_name": np.array([c.name for c in CHANNELS]),
        "campaign_id": np.array([c.campaign_id for c in CHANNELS]),
        "campaign": np.array([c.campaign for c in CHANNELS]),
    })  # fmt: skip
    load(con, "products", {
        "product": np.arange(len(PRODUCTS)),
        "sku": np.array([p[0] for p in PRODUCTS]),
        "product_name": np.array([p[1] for p in PRODUCTS]),
        "price_cents": np.array([p[2] for p in PRODUCTS]),
    })  # fmt: skip
    lines = [(b, n, *line) for b, basket in enumerate(BASKETS) for n, line in enumerate(basket)]
    columns = np.array(lines, dtype=np.int64).T
    load(con, "basket_lines", dict(zip(("basket", "line", "product", "quantity"), columns, strict=True)))


def load_sessions(
    con: duckdb.DuckDBPyConnection, seed: int, sessions: Sessions, people: People, calendar: Calendar
) -> None:
    """Create `sessions`: identifiers after consent, landing page, referrer, UTM and click ids of each visit.

    `client_id`, `user_id` are null when analytics consent was denied. Paid Google clicks carry a gclid unless
    ads consent was denied or the browser stripped it (3 %); then UTM parameters tell the campaign.
    """
    draw, count = stream(seed, "traffic"), len(sessions.person)
    devices = max(len(people.device_number), int(sessions.device.max(initial=0)) + 1)
    extra = devices - len(people.device_number)
    numbers = np.concatenate([people.device_number, FIRST_MACHINE + np.arange(extra)])
    categories = np.concatenate([people.device_category, np.ones(extra, np.int64)])
    person = sessions.person
    consent = np.where(person >= 0, people.consent[np.maximum(person, 0)], 0)
    load(con, "drawn_sessions", {
        "session": np.arange(count), "person": person, "day": sessions.day, "channel": sessions.channel,
        "kind": sessions.kind, "decision": sessions.decision, "started_at": sessions.start,
        "session_number": sessions.number, "device": sessions.device,
        "device_number": numbers[sessions.device],
        "device_category": np.array(CATEGORIES)[categories[sessions.device]],
        "device_first_at": first_seen(sessions, devices)[sessions.device],
        "is_logged_in": sessions.is_logged_in,
        "is_anonymous": is_anonymous(sessions, people), "consent": consent,
        "pick": draw.integers(0, 100, count), "choice": draw.integers(0, 100, count),
        "month": np.array([f"{calendar.day(n):%Y-%m}" for n in range(calendar.days)])[sessions.day],
        "local_month": np.array([calendar.day(n).month for n in range(calendar.days)])[sessions.day],
    })  # fmt: skip
    con.execute(_SESSIONS_SQL)
    con.execute("drop table drawn_sessions")


_SESSIONS_SQL = f"""
create table sessions as
with placed as (
    select d.*, c.channel_name, c.campaign as ads_campaign, c.campaign_id,
        case when not is_anonymous then device_number || '.' || device_first_at end as client_id,
        case when is_logged_in and not is_anonymous then p.user_id end as user_id,
        case kind when 3 then '{APP_HOST}' when 4 then '{COMMUNITY_HOST}' else '{STORE_HOST}' end as host,
        case when kind = 3 then '/home' when kind = 4 then '/latest' when kind = 5 then '/account/friends'
            when kind = 2 then '/pro' when channel_name in ('email', 'paid_social') then '/sale'
            when channel_name in ('referral', 'ai_assistant', 'organic_social') then '/guide'
            when choice < 30 then '/' else '/lamps' end as path,
        kind < 3 and c.campaign_id <> '' and d.consent = 0 and pick >= 3 as has_gclid,
        coalesce(p.country, 'DE') as country
    from drawn_sessions as d
    join channels as c using (channel)
    left join people as p using (person)
),
marked as (
    select *,
        case when has_gclid then 'Cj0KCQiA' || to_base(100000000000 + session * 7919, 36)
            || '_wcB' end as gclid,
        case when channel_name = 'paid_social' and kind < 3
            then 'IwAR0' || lower(to_base(100000000000 + session * 6101, 36)) end as fbclid,
        case when kind >= 3 then null
            when campaign_id <> '' and (not has_gclid or choice < 50) then 'google'
            when channel_name = 'paid_social' then ['Facebook', 'facebook', 'instagram'][1 + choice % 3]
            when channel_name = 'organic_social' then 'instagram'
            when channel_name = 'email' then 'newsletter'
            when channel_name = 'affiliates' then 'awin' end as utm_source,
        case when campaign_id <> '' then 'cpc' when channel_name = 'paid_social' then 'paid_social'
            when channel_name = 'organic_social' then 'social' when channel_name = 'email' then 'email'
            when channel_name = 'affiliates' then 'affiliate' end as medium,
        case when campaign_id <> '' and not has_gclid then ads_campaign
            when channel_name = 'paid_social' then if(local_month between 4 and 8, 'Summer Light',
                'Autumn Sale')
            when channel_name = 'email' then 'news-' || month
            when channel_name = 'affiliates' then 'coupon-portal' end as campaign_name,
        case when kind >= 3 then null
            when channel_name = 'organic_search' then
                if(choice < 85, 'https://www.google.com/', 'https://www.bing.com/')
            when channel_name in ('paid_search_brand', 'paid_search_generic', 'cross_network')
                then 'https://www.google.com/'
            when channel_name = 'referral' then 'https://lampblog.test/'
            when channel_name = 'ai_assistant' then 'https://chatgpt.com/' end as referrer
    from placed
),
tagged as (
    select * exclude (medium, campaign_name),
        if(utm_source is not null, medium, null) as utm_medium,
        if(utm_source is not null, campaign_name, null) as utm_campaign
    from marked
)
select * exclude (ads_campaign, campaign_id, device_number, pick, local_month, month),
    if(gclid is not null, ads_campaign, null) as ads_campaign,
    if(gclid is not null, campaign_id, null) as ads_campaign_id,
    'https://' || host || path || coalesce('?' || nullif(concat_ws('&',
        'utm_source=' || utm_source, 'utm_medium=' || utm_medium,
        'utm_campaign=' || replace(replace(utm_campaign, ' ', '%20'), '|', '%7C'),
        'gclid=' || gclid, 'fbclid=' || fbclid), ''), '') as landing_url
from tagged
order by session
"""


def load_events(con: duckdb.DuckDBPyConnection, events: Events) -> None:
    """Create `events` in their total order, and `event_names`."""
    load(con, "event_names", {"code": np.arange(len(EVENTS)), "event_name": np.array(EVENTS)})
    load(con, "events", {
        "position": events.order, "session": events.session, "code": events.code, "page": events.page,
        "microsecond": events.microsecond, "day": events.day, "is_reload": events.is_reload,
        "is_tracked": events.is_tracked,
    })  # fmt: skip


def load_orders(con: duckdb.DuckDBPyConnection, orders: Columns, refunds: Columns) -> None:
    """Create `orders` (state at the end of the market), `order_lines` and `refunds`."""
    load(con, "drawn_orders", orders)
    load(con, "refunds", refunds)
    con.execute(
        """
        create table orders as
        select o.*, 7410000000000 + order_number as order_id, coalesce(r.cents,
            0)::bigint as refunded_cents, r.last_at,
            case when is_cancelled then 'voided' when r.cents is null then 'paid'
                when r.cents >= total_cents then 'refunded' else 'partially_refunded' end as financial_status
        from drawn_orders as o
        left join (
            select order_number, sum(refund_cents) as cents, max(refunded_at) as last_at
                from refunds group by 1
        ) as r using (order_number)
        order by order_number
        """
    )
    con.execute("drop table drawn_orders")
    con.execute(
        """
        create table order_lines as
        select order_number, order_number * 10 + line as line_id, line, sku, product_name, price_cents,
            quantity
        from orders join basket_lines using (basket) join products using (product)
        order by order_number, line
        """
    )


def duplicated(seed: int, count: int, rates: Parameters) -> NDArray[np.bool_]:
    """Which events a delivery repeats byte for byte."""
    return stream(seed, "duplicates").random(count) < rates.duplicate_share
