"""Klaviyo: metrics, profiles and a month of events per file, as JSON:API objects; orders it saw are told again.

Must not be here: who is sent what, or what they do with it.
"""

from datetime import timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, files, lines, own

METRICS = {
    "Received Email": "Q4q6PC", "Opened Email": "Rk1opn", "Clicked Email": "Sc9clk",
    "Unsubscribed from Email Marketing": "Un5sub", "Placed Order": "Pl7ord", "Bounced Email": "Bn2cmp",
}  # fmt: skip
ACTIONS = {"open": "Opened Email", "click": "Clicked Email", "bounce": "Bounced Email",
           "unsubscribe": "Unsubscribed from Email Marketing"}  # fmt: skip
ISO = "%Y-%m-%dT%H:%M:%S+00:00"
PROFILE = "'01PROF' || lpad(upper(to_base(100000000 + person * 7907, 36)), 10, '0')"

_EVENTS = f"""
create or replace temp table klaviyo_events as
with sent as (
    select person, sent_at as happened_at, 'Received Email' as metric, campaign_id, tag, title, null::text as url,
        null::bigint as order_id, null::bigint as cents, false as is_machine, 0 as kind
    from mail_recipients where tool = 'klaviyo' and sent_at < $end
),
done as (
    select a.person, a.done_at, map_extract_value(map({list(ACTIONS)}, {list(ACTIONS.values())}), a.action),
        a.campaign_id, c.tag, c.title,
        if(a.url is null, null, a.url || if(contains(a.url, '?'), '&', '?') || '_kx=' || md5('kx-' || a.person)),
        null, null, false, 1
    from mail_actions as a join mail_campaigns as c using (campaign_id) where a.tool = 'klaviyo'
),
planted as (
    select person, sent_at + 2, 'Opened Email', campaign_id, tag, title, null, null, null, true, 2
    from mail_recipients where tool = 'klaviyo' and $planted and not bounces and person % 14 = 3 and sent_at + 2 < $end
),
placed as (
    select person, created_at, 'Placed Order', null, null, null, null, order_id, total_cents, false, 3
    from orders join people using (person)
    where mail_tool = 'klaviyo' and not is_test and not is_over_counter
)
select *, {PROFILE} as profile,
    row_number() over (order by happened_at, kind, person, metric, campaign_id, order_id, url) as number
from (from sent union all from done union all from planted union all from placed)
"""
_LINES = f"""
select utc_time(happened_at, 'klaviyo/events_%Y-%m.jsonl') as file, number as place,
    to_json({{
        type: 'event', id: '5kEvt' || lpad(number::varchar, 8, '0'),
        attributes: {{
            timestamp: happened_at, datetime: utc_time(happened_at, '{ISO}'), uuid: '00000000-7778-11eb-8001-'
                || lpad(number::varchar, 12, '0'),
            event_properties: case
                when order_id is not null then to_json({{'$event_id': order_id::varchar, '$value': cents / 100.0,
                    '$currency_code': 'EUR', OrderId: order_id::varchar}})
                when metric like 'Unsub%' then to_json({{'Campaign Name': title, '$message': campaign_id,
                    method: 'ONE_CLICK'}})
                when url is not null then to_json({{Subject: title, 'Campaign Name': tag, '$message': campaign_id,
                    URL: url}})
                when metric like 'Opened%' then to_json({{Subject: title, 'Campaign Name': tag, '$message': campaign_id,
                    machine_open: is_machine}})
                else to_json({{Subject: title, 'Campaign Name': tag, '$message': campaign_id}}) end
        }},
        relationships: {{profile: {{data: {{type: 'profile', id: profile}}}},
            metric: {{data: {{type: 'metric', id: map_extract_value(map({list(METRICS)}, {list(METRICS.values())}),
                metric)}}}}, attributions: {{data: []::text[]}}}}
    }}) as line
from klaviyo_events
"""
_PROFILES = f"""
with known as (
    select m.person, {PROFILE} as profile, p.*, $start_at - 86400 * (m.person % 300) - 50000 as since,
        u.done_at as left_at
    from mail_members as m join people as p using (person)
    left join mail_actions as u on u.person = m.person and u.action = 'unsubscribe'
    where m.tool = 'klaviyo'
    union all
    select o.person, {PROFILE}, p.*, o.first_at, null
    from (select person, min(happened_at) as first_at from klaviyo_events
        where person not in (select person from mail_members)
        group by 1) as o
    join people as p using (person)
)
select person as place, to_json({{
    type: 'profile', id: profile,
    attributes: {{
        email: email, phone_number: if(person % 3 = 0, phone, null), external_id: if(person % 2 = 1, user_id, null),
        first_name: first_name, created: utc_time(since, '{ISO}'), updated: utc_time(coalesce(left_at, since), '{ISO}'),
        subscriptions: {{email: {{marketing: {{
            consent: case when left_at is not null then 'UNSUBSCRIBED'
                when person in (select person from mail_members) then 'SUBSCRIBED' else 'NEVER_SUBSCRIBED' end,
            consent_timestamp: if(person in (select person from mail_members),
                utc_time(coalesce(left_at, since), '{ISO}'), null), method: 'FORM'}}}}}}
    }}
}}) as line
from (select * exclude (person_1) from known)
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write the events of each month, and metrics and profiles of the last day."""
    con.execute(_EVENTS, {"planted": delivery.is_planted, "end": calendar.end_at})
    own(con, "klaviyo_profile_id", "select person, profile from klaviyo_events union "
        f"select person, {PROFILE} from mail_members where tool = 'klaviyo'")  # fmt: skip
    real = "from klaviyo_events where not is_machine"
    count(con, "mail_sent", f"select 'klaviyo', count(*) {real} and metric = 'Received Email'")
    count(con, "mail_actions", f"select 'klaviyo_' || lower(split_part(metric, ' ', 1)), count(*) {real} "
          "and metric <> 'Placed Order' group by 1")  # fmt: skip
    count(con, "klaviyo_orders", f"select 'all', count(*) {real} and metric = 'Placed Order'")
    delivery.plant(con, "select 'klaviyo.machine_open', count(*) from klaviyo_events where is_machine")
    day = calendar.day(calendar.days) - timedelta(1)
    metrics = "".join(
        f'{{"type":"metric","id":"{key}","attributes":{{"name":"{name}","integration":{{"name":"Klaviyo"}}}}}}\n'
        for name, key in METRICS.items()
    )
    delivery.write_text(f"klaviyo/metrics_{day}.jsonl", metrics)
    delivery.write_text(f"klaviyo/profiles_{day}.jsonl", lines(con, _PROFILES, {"start_at": int(calendar.midnight[0])}))
    for name, text in files(con, _LINES).items():
        delivery.write_text(name, text)
