"""What is true in the market, for tests and benchmarks alone: no transformation may read it.

Tables: people, stages, incremental, spend_totals, control_totals, and changes where some are planted. Add a control
total when a released number should reconcile with the files, here or, for what only one vendor tells, in its writer.
Must not be here: anything estimated.
"""

from pathlib import Path

import duckdb
import numpy as np

from journey_pipeline.world.behaviour import Outcomes
from journey_pipeline.world.parameters import CHANNELS, STAGES
from journey_pipeline.world.tables import load

JOURNEY_GAP_SECONDS = 90 * 86_400
REENTRY_SECONDS = 30 * 86_400
TOUCH_SECONDS = 45 * 86_400  # an order was touched by a channel if it was visited in the 45 days before

# Every identifier a person owns, those the writers noted included. The second person of a shared tablet owns its
# client id as well.
PEOPLE = """
with found as (
    select person, 'ga_client_id' as identifier_type, client_id as identifier_value
    from sessions where person >= 0 and client_id is not null
    union select person, 'user_id', user_id from people where user_id is not null
    union select person, 'email', email from people
    union select person, 'email', second_email from people where second_email is not null
    union select person, 'phone', phone from people where phone is not null
    union select person, 'order_name', order_number::varchar from orders where person >= 0
    union select person, 'shopify_customer_id', shopify_customer_id from people
        where person in (select person from orders where not is_over_counter)
    union select person, click.identifier_type, click.identifier_value
    from (
        select person, unnest([
            {identifier_type: 'gclid', identifier_value: gclid}, {identifier_type: 'fbclid', identifier_value: fbclid},
            {identifier_type: 'msclkid', identifier_value: msclkid},
            {identifier_type: 'li_fat_id', identifier_value: li_fat_id},
            {identifier_type: 'ttclid', identifier_value: ttclid}
        ]) as click
        from sessions where person >= 0 and click_id is not null
    ) where click.identifier_value is not null
    union from owned
)
select person_id, identifier_type, identifier_value,
    count(*) over (partition by identifier_type, identifier_value) > 1 as is_shared
from found join people using (person) order by person_id, identifier_type, identifier_value
"""

# Stage evidence of every interaction a person really had, whether or not an export shows whose it was.
_EVIDENCE = """
create or replace temp table evidence as
with found as (
    select s.person, e.microsecond as moment, case
            when s.kind = 5 and n.event_name in ('share',
                'refer_friend') or n.event_name = 'post_created' then 5
            when n.event_name in ('app_open', 'feature_used') then 4
            when n.event_name in ('view_item', 'add_to_cart', 'begin_checkout', 'generate_lead') then 2
            when s.kind < 3 and n.event_name in ('session_start', 'first_visit',
                'page_view') then 1 end as stage
    from events as e join sessions as s using (session) join event_names as n using (code)
    union all select person, created_at * 1000000, 3 from orders
    union all select d.person, h.moved_at * 1000000, if(h.stage = 5, 3, 2)
        from deal_stages as h join deals as d using (deal) where h.stage <> 6
    union all select person, created_at * 1000000, 4 from tickets where kind <> 0
    union all select person, submitted_at * 1000000, if(recommend >= 9, 5, 4) from answers where is_complete
    union all select person, clicked_at * 1000000, 1 from mail_clicks
    union all select person, (min(started_at) - 60) * 1000000, 4 from sessions where kind = 4
        and person in (select person from owned where identifier_type = 'discourse_user_id') group by person
)
select person, moment, stage, row_number() over (order by moment, person, stage) as id
from found where stage is not null and person >= 0
"""

# A new journey starts after 90 quiet days, or at the first early evidence 30 days after a purchase or later
# stage. A stage is reached at the first evidence of it or of a later one.
STAGE_ENTRIES = f"""
with looked as (
    select *, lag(moment) over history as previous_at,
        max(case when stage >= 3 then moment end) over (
            partition by person order by moment, stage, id rows between unbounded preceding and 1 preceding
        ) as late_at
    from evidence window history as (partition by person order by moment, stage, id)
),
returned as (
    select *, coalesce(stage <= 2 and moment >= late_at + {REENTRY_SECONDS * 1_000_000}, false) as is_return
        from looked
),
counted as (
    select *, row_number() over (partition by person, late_at, is_return order by moment, stage,
        id) as return_number
    from returned
),
numbered as (
    select *, 1 + sum(case when moment - previous_at > {JOURNEY_GAP_SECONDS * 1_000_000}
            or (is_return and return_number = 1) then 1 else 0 end)
        over (partition by person order by moment, stage, id rows unbounded preceding) as journey_number
    from counted
)
select person_id, journey_number::bigint as journey_number, name as stage,
    make_timestamp(min(moment)::bigint) as entered_at
from numbered join people using (person)
join (select unnest(range(1, {len(STAGES) + 1})) as number,
    unnest({list(STAGES)}) as name) on number <= numbered.stage
group by person_id, journey_number, number, name
order by person_id, journey_number, number
"""

CONTROL_TOTALS = """
with facts (metric, dimension, value) as (
    select 'orders', if(is_test, 'test', financial_status), count(*) from orders group by 2
    union all select 'order_amount', if(is_test, 'test', financial_status), sum(total_cents) / 100.0
        from orders group by 2
    union all select 'tax_amount', 'all', sum(tax_cents) / 100.0 from orders
    union all select 'shipping_amount', 'all', sum(shipping_cents) / 100.0 from orders
    union all select 'discount_amount', 'all', sum(discount_cents) / 100.0 from orders
    union all select 'refunds', 'all', count(*) from refunds
    union all select 'refund_amount', 'all', sum(refund_cents) / 100.0 from refunds
    union all select 'survey_answers', if(is_complete, 'completed', 'started'), count(*)
        from answers group by 2
    union all select 'survey_scores', 'nps', count(*) from answers where recommend >= 0 and is_complete
    union all select 'survey_scores', 'nps_' || case when recommend >= 9 then 'promoters' when recommend >= 7
        then 'passives' else 'detractors' end, count(*) from answers where recommend >= 0
            and is_complete group by 2
    union all select 'survey_scores', 'delivery', count(*) from answers where delivery >= 0 and is_complete
        and tool <> 'delighted'
    union all select 'answers_complete', tool, count(*) from answers where is_complete group by 2
    union all select 'answers_started', tool, count(*) from answers where not is_complete group by 2
    union all select 'answers_nps', tool, count(*) from answers where recommend >= 0 and is_complete group by 2
    union all select 'deals', case stage when 5 then 'closedwon' when 6 then 'closedlost' else 'open' end,
        count(*) from deal_states group by 2
    union all select 'deal_won_amount', crm, sum(amount_cents) / 100.0 from deal_states where stage = 5 group by 2
    union all select 'deals_won', crm, count(*) from deal_states where stage = 5 group by 2
    union all select 'deal_stage_changes', 'all', count(*) from deal_stages
    union all select 'ga4_distinct_events', event_name, count(*) from events join event_names using (code)
        join sessions using (session) where is_tracked and tracker = 'ga4' group by 2
    union all select 'ga4_anonymous_events', 'all', count(*) from events join sessions using (session)
        where is_tracked and is_anonymous and tracker = 'ga4'
    union all select 'ga4_bot_events', 'all', count(*) from events join sessions using (session)
        where kind = 6
    union all select 'spend_amount', platform, sum(final_cost_cents) / 100.0 from ad_days group by 2
    union all select metric, dimension, sum(value) from counted group by 1, 2
)
select metric, dimension, round(coalesce(value, 0), 2)::decimal(18, 6) as value
from facts order by metric, dimension
"""

SPEND_TOTALS = """
select platform, ad_channel as channel, campaign_id, campaign,
    $start::date + day::integer as spend_date, sum(final_cost_cents / 100.0)::decimal(18, 6) as cost_amount,
    sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks
from ad_days group by all order by spend_date, platform, campaign_id
"""

# What planted changes did (`plants`): as it was, without them, and had no action mended them.
CHANGES = "select * from changes order by week, channel"

# Orders and deals touched by a channel before they were decided.
TOUCHED = f"""
create or replace temp table touched as
with decided as (
    select person, created_at as decided_at, 'order' as conversion_type from orders where person >= 0
        and not is_cancelled
    union all select d.person, d.opened_at, 'opportunity_won' from deals as d
        join deal_states as x using (deal) where x.stage = 5
)
select conversion_type, channel, count(distinct (d.person, d.decided_at)) as conversions
from decided as d join sessions as s on s.person = d.person and s.kind < 3
    and s.started_at between d.decided_at - {TOUCH_SECONDS} and d.decided_at
group by all
"""


def write_truth(con: duckdb.DuckDBPyConnection, folder: Path, outcomes: Outcomes, start: object) -> None:
    """Write the truth tables as Parquet below `folder`; reads the tables the vendor writers leave behind."""
    folder.mkdir(parents=True, exist_ok=True)
    con.execute(_EVIDENCE)
    con.execute(TOUCHED)
    _load_outcomes(con, outcomes)
    _write(con, folder, "people", PEOPLE)
    _write(con, folder, "stages", STAGE_ENTRIES)
    _write(con, folder, "control_totals", CONTROL_TOTALS)
    _write(con, folder, "incremental", INCREMENTAL)
    con.execute(f"create or replace temp table spend_totals as {SPEND_TOTALS}", {"start": start})
    if con.execute("select count(*) from duckdb_tables() where table_name = 'changes'").fetchall() != [(0,)]:
        _write(con, folder, "changes", CHANGES)
    _write(con, folder, "spend_totals", "select * from spend_totals order by spend_date, platform, campaign_id")


# `conversions` and `revenue` are what happened after a touch of the channel (all of it in the joint row);
# the incremental columns are what would not have happened without it.
INCREMENTAL = """
select scenario as channel, conversion_type,
    if(scenario_number = joint_number, factual_conversions, coalesce(t.conversions,
        0))::bigint as conversions,
    (factual_conversions - o.conversions)::bigint as incremental_conversions,
        factual_conversions::bigint as all_conversions,
    (factual_cents / 100.0)::decimal(18, 6) as revenue,
    ((factual_cents - cents) / 100.0)::decimal(18, 6) as incremental_revenue
from outcomes as o left join touched as t using (conversion_type, channel)
where scenario_number > 0 order by scenario_number, conversion_type
"""


def _load_outcomes(con: duckdb.DuckDBPyConnection, outcomes: Outcomes) -> None:
    names = ["factual", *(c.name for c in CHANNELS), "all_bought"]
    size = len(names)
    load(con, "outcomes", {
        "scenario": np.array(names * 2),
        "scenario_number": np.tile(np.arange(size), 2),
        "joint_number": np.full(2 * size, size - 1),
        "channel": np.tile(np.arange(size) - 1, 2),
        "conversion_type": np.repeat(np.array(["order", "opportunity_won"]), size),
        "conversions": np.concatenate([outcomes.orders, outcomes.deals]),
        "cents": np.concatenate([outcomes.order_cents, outcomes.deal_cents]),
        "factual_conversions": np.repeat([outcomes.orders[0], outcomes.deals[0]], size),
        "factual_cents": np.repeat([outcomes.order_cents[0], outcomes.deal_cents[0]], size),
    })  # fmt: skip


def _write(con: duckdb.DuckDBPyConnection, folder: Path, name: str, query: str) -> None:
    con.execute("set threads = 1")  # so that row groups, and with them the bytes, are the same on every machine
    con.execute(f"copy ({query}) to '{folder / name}.parquet' (format parquet, compression zstd)")
