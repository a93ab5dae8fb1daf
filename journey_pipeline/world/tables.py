"""The world as DuckDB tables, the one place vendor writers read from.

Tables: people, sessions (with how the visit looks from outside), events, orders, order_lines, refunds,
tickets, answers, forms, deals, deal_stages. Add a column when a writer needs it. Must not be here: a vendor's
layout.
"""

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from journey_pipeline.world.assignment import TRACKERS
from journey_pipeline.world.clock import Calendar, Ints, stream
from journey_pipeline.world.commerce import Columns
from journey_pipeline.world.parameters import (
    APP_HOST,
    BASKETS,
    BLOG_HOST,
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
    # A number that looks drawn and is always the same for the same number, between 0 and 1,000,002.
    con.execute("create macro scatter(number) as ((number)::bigint % 1000003 * 7919 + 104729) % 1000003")
    con.execute("create macro decimal_text(cents) as printf('%d.%02d', (cents // 100)::bigint, (cents % 100)::bigint)")


def load_catalogue(con: duckdb.DuckDBPyConnection) -> None:
    """Create `channels`, `products` and `basket_lines` from the parameters."""
    load(con, "channels", {
        "channel": np.arange(len(CHANNELS)),
        "channel_name": np.array([c.name for c in CHANNELS]),
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
    con: duckdb.DuckDBPyConnection, seed: int, sessions: Sessions, people: People, calendar: Calendar,
    trackers: Ints, ads: Ints,
) -> None:  # fmt: skip
    """Create `sessions`: identifiers after consent, landing page, referrer, UTM and click ids of each visit.

    `client_id`, `user_id` are null when analytics consent was denied; `client_id` is GA4's and null for what another
    tracker saw. Paid Google clicks carry a gclid unless ads consent was denied or the browser stripped it (3 %); then
    UTM parameters tell the campaign. Other platforms tag every link.
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
        "tracker": np.array(TRACKERS)[trackers], "ad": ads,
        "is_anonymous": is_anonymous(sessions, people), "consent": consent,
        "pick": draw.integers(0, 100, count), "choice": draw.integers(0, 100, count),
        "month": np.array([f"{calendar.day(n):%Y-%m}" for n in range(calendar.days)])[sessions.day],
    })  # fmt: skip
    con.execute(_SESSIONS_SQL)
    con.execute("drop table drawn_sessions")


_SESSIONS_SQL = f"""
create table sessions as
with placed as (
    select d.*, c.channel_name, a.platform, a.campaign_tag, a.campaign_id, a.campaign as ads_campaign,
        case when not is_anonymous and tracker = 'ga4' then device_number || '.' || device_first_at end as client_id,
        case when is_logged_in and not is_anonymous then p.user_id end as user_id,
        case when tracker = 'snowplow' then '{BLOG_HOST}' when kind = 3 then '{APP_HOST}'
            when kind = 4 then '{COMMUNITY_HOST}' else '{STORE_HOST}' end as host,
        case when tracker = 'snowplow' then '/guide/' || ['light-layers', 'warm-or-cold', 'brass'][1 + choice % 3]
            when kind = 3 then '/home' when kind = 4 then '/latest' when kind = 5 then '/account/friends'
            when kind = 2 or a.platform = 'linkedin_ads' then '/pro'
            when channel_name in ('email', 'paid_social') then '/sale'
            when channel_name in ('referral', 'ai_assistant', 'organic_social') then '/guide'
            when choice < 30 then '/' else '/lamps' end as path,
        a.platform = 'google_ads' and d.consent = 0 and pick >= 3 as has_gclid,
        case when channel_name = 'email' and p.mail_tool = 'mailchimp' then mail_euid end as mc_eid,
        coalesce(p.country, 'DE') as country
    from drawn_sessions as d
    join channels as c using (channel)
    left join people as p using (person)
    left join ads as a using (ad)
),
marked as (
    select * replace (coalesce(has_gclid, false) as has_gclid),
        case when has_gclid then 'Cj0KCQiA' || to_base(100000000000 + session * 7919, 36)
            || '_wcB' end as gclid,
        case when platform = 'meta_ads'
            then 'IwAR0' || lower(to_base(100000000000 + session * 6101, 36)) end as fbclid,
        case when platform = 'microsoft_ads' then md5('msclkid-' || session) end as msclkid,
        case when platform = 'linkedin_ads' and consent = 0
            then substr(md5('li-' || session), 1, 8) || '-0000-4000-8000-' || substr(md5('li-' || session), 9, 12)
        end as li_fat_id,
        case when platform = 'tiktok_ads' and consent = 0
            then 'E.C.P.' || to_base(100000000000 + session * 5303, 36) end as ttclid,
        case when kind >= 3 then null
            when platform = 'google_ads' and (not has_gclid or choice < 50) then 'google'
            when platform = 'microsoft_ads' then 'bing'
            when platform = 'linkedin_ads' then 'linkedin'
            when platform = 'tiktok_ads' then 'tiktok'
            when platform = 'meta_ads' then ['Facebook', 'facebook', 'instagram'][1 + choice % 3]
            when channel_name = 'organic_social' then 'instagram'
            when channel_name = 'email' then 'newsletter'
            when channel_name = 'affiliates' then 'awin' end as utm_source,
        case when platform in ('google_ads', 'microsoft_ads') then 'cpc' when platform = 'linkedin_ads'
            then 'paid-social'
            when channel_name = 'paid_social' then 'paid_social'
            when channel_name = 'organic_social' then 'social' when channel_name = 'email' then 'email'
            when channel_name = 'affiliates' then 'affiliate' end as medium,
        case when platform is not null and not has_gclid then campaign_tag
            when channel_name = 'email' then 'news-' || month
            when channel_name = 'affiliates' then 'coupon-portal' end as campaign_name,
        case when kind >= 3 then null
            when platform = 'microsoft_ads' then 'https://www.bing.com/'
            when channel_name = 'organic_search' then
                if(choice < 85, 'https://www.google.com/', 'https://www.bing.com/')
            when channel_name in ('paid_search_brand', 'paid_search_generic', 'cross_network')
                then 'https://www.google.com/'
            when channel_name = 'referral' then 'https://lampblog.test/'
            when channel_name = 'ai_assistant' then 'https://chatgpt.com/' end as referrer
    from placed
),
tagged as (
    select * exclude (medium, campaign_name, campaign_tag),
        coalesce(gclid, fbclid, msclkid, li_fat_id, ttclid) as click_id,
        if(utm_source is not null, medium, null) as utm_medium,
        if(utm_source is not null, campaign_name, null) as utm_campaign
    from marked
)
select * exclude (ads_campaign, campaign_id, pick),
    if(gclid is not null, ads_campaign, null) as ads_campaign,
    if(gclid is not null, campaign_id, null) as ads_campaign_id,
    'https://' || host || path || coalesce('?' || nullif(concat_ws('&',
        'utm_source=' || utm_source, 'utm_medium=' || utm_medium,
        'utm_campaign=' || replace(replace(utm_campaign, ' ', '%20'), '|', '%7C'),
        'gclid=' || gclid, 'fbclid=' || fbclid, 'msclkid=' || msclkid, 'li_fat_id=' || li_fat_id,
        'ttclid=' || ttclid, 'mc_eid=' || mc_eid), ''), '') as landing_url
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


def load_sales(con: duckdb.DuckDBPyConnection, deals: Columns, stages: Columns) -> None:
    """Create `deals`, `deal_stages`, and `deal_states` with the last stage of each deal and when it was entered."""
    load(con, "deals", deals)
    load(con, "deal_stages", stages)
    con.execute(
        """
        create table deal_states as
        select d.*, p.last_name, 124449000 + deal as deal_id, h.stage, h.moved_at as entered_at
        from deals as d join people as p using (person)
        join (select deal, arg_max(stage, position) as stage, max(moved_at) as moved_at
            from deal_stages group by 1) as h using (deal)
        order by deal
        """
    )


def duplicated(seed: int, count: int, rates: Parameters) -> NDArray[np.bool_]:
    """Which events a delivery repeats byte for byte."""
    return stream(seed, "duplicates").random(count) < rates.duplicate_share
