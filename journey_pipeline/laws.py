"""Laws across tables that every candidate must obey, as functions of a warehouse connection.

A law returns how many rows break it and names the first of them by ids, weeks and models. Add one as a function
with a one-line docstring and a line in the registry of its word. Must not be here: rules about one table (dbt
tests), and anything that needs a threshold on noise of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from journey_pipeline.coverage import missing_deliveries

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Outcome:
    """How many rows break a law, and the first few of them. A law that does not refuse only warns."""

    failing: int
    description: str = ""
    refuses: bool = True


Law = Callable[[Connection], Outcome]


def _offending(connection: Connection, sql: str) -> Outcome:
    """Run a query that returns only offending rows."""
    relation = connection.sql(f"select *, count(*) over () as offending from ({sql}) order by all limit 3")
    rows = relation.fetchall()
    if not rows:
        return Outcome(0)
    named = [", ".join(f"{c}={v}" for c, v in zip(relation.columns[:-1], row, strict=False)) for row in rows]
    return Outcome(int(rows[0][-1]), "; ".join(named))


def orders_are_conserved(connection: Connection) -> Outcome:
    """Every order delivered before as_of is one conversion, however many exports hold it."""
    return _offending(
        connection,
        """
        select * from (
            select
                (select count(distinct record_key) from (
                    select record_key, created_at from staging.stg_shopify__orders
                    union all select record_key, created_at from staging.stg_shopify__orders_bulk
                ) cross join raw.run_parameters where created_at < as_of) as staged_orders,
                (select count(*) from events.conversions
                    where conversion_type = 'order' and source like 'shopify%') as order_conversions
        ) where staged_orders <> order_conversions
        """,
    )


def credit_sums_to_conversions(connection: Connection) -> Outcome:
    """Per week, conversion type and model, credit adds up to the conversions and value to their value."""
    return _offending(
        connection,
        """
        with counted as (
            select week, conversion_type, count(*) as conversions, sum(value) as value
            from journeys.customer_conversions where is_counted group by all
        ),
        expected as (
            select * from counted cross join (select distinct model from marts.attribution)
        ),
        credited as (
            select week, conversion_type, model, sum(credit) as credit, sum(value) as value
            from marts.attribution group by all
        )
        select week, conversion_type, model, coalesce(credit, 0) as credit, coalesce(conversions, 0) as conversions
        from credited full join expected using (week, conversion_type, model)
        where abs(coalesce(credit, 0) - coalesce(conversions, 0)) > 1e-9 * greatest(coalesce(conversions, 0), 1)
            or abs(coalesce(credited.value, 0) - coalesce(expected.value, 0))
                > 1e-6 * greatest(coalesce(conversions, 0), 1)
        """,
    )


def spend_is_conserved(connection: Connection) -> Outcome:
    """Every model shows the whole spend, whether it led to a conversion or not."""
    return _offending(
        connection,
        """
        select conversion_type, model, sum(spend) as shown, (select sum(spend) from journeys.spend_cells) as spent
        from marts.attribution group by all
        having abs(coalesce(shown, 0) - coalesce(spent, 0)) > 0.000001 * greatest(coalesce(spent, 0), 1)
        """,
    )


def funnel_never_grows(connection: Connection) -> Outcome:
    """No journey enters a later stage before an earlier one."""
    return _offending(
        connection,
        """
        select journey_id from marts.journeys
        where consideration_at < awareness_at or purchase_at < consideration_at
            or experience_at < purchase_at or advocacy_at < experience_at
            or awareness_at is null
        """,
    )


def cohorts_never_grow(connection: Connection) -> Outcome:
    """Of one week's entries no later step is reached more often than a step before it, within the same window."""
    return _offending(
        connection,
        """
        with reached as (
            select c.week, c.funnel, c.mode, c.breakdown, c.member, s.stage_number, c.to_stage, c.converted,
                lag(c.converted) over (
                    partition by c.week, c.funnel, c.mode, c.breakdown, c.member, c.window_seconds, c.from_stage
                    order by s.stage_number) as before
            from marts.stage_conversion as c
            inner join seeds.stages as s on s.funnel = c.funnel and s.stage = c.to_stage and not s.is_optional
            inner join journeys.funnel_transitions as t
                on t.funnel = c.funnel and t.from_stage = c.from_stage and t.to_stage = c.to_stage and t.is_overall
            where c.view = 'cohort' and c.mode <> 'any_order'
        )
        select week, funnel, mode, breakdown, member, to_stage, converted, before from reached where converted > before
        """,
    )


def back_filled_stages_are_few(connection: Connection) -> Outcome:
    """In the weeks of the last quarter at most a fifth of the stages entered were never seen; it only warns."""
    found = _offending(
        connection,
        f"""
        select week, stage, count(*) filter (where is_imputed) as never_seen, count(*) as entered
        from journeys.stage_entries
        where funnel = 'journey' and mode = (select default_mode from seeds.funnels where funnel = 'journey')
            and week >= (select max(week) - 84 from journeys.weeks)
        group by week, stage
        having count(*) >= {_ENOUGH_ENTRIES} and count(*) filter (where is_imputed) > {_MOST_BACK_FILLED} * count(*)
        """,
    )
    return Outcome(found.failing, found.description, refuses=False)


def segments_hold_every_customer(connection: Connection) -> Outcome:
    """In the last week every customer is in one segment of each set: the sizes are those of the customers table."""
    return _offending(
        connection,
        """
        with latest as (
            select max(week) as week from journeys.weeks having max(week) is not null
        ),
        listed as (
            select 'rfm' as segment_set, rfm_segment as segment, count(*) as customers
            from marts.customers cross join latest group by all
            union all
            select 'lifecycle', lifecycle, count(*) from marts.customers cross join latest group by all
        ),
        counted as (
            select segment_set, segment, numerator as customers
            from marts.segment_metrics inner join latest using (week) where metric = 'customer_share'
        )
        select segment_set, segment, coalesce(listed.customers, 0) as listed, coalesce(counted.customers, 0) as counted
        from listed full join counted using (segment_set, segment)
        where coalesce(listed.customers, 0) <> coalesce(counted.customers, 0)
        """,
    )


def every_touchpoint_is_shipped(connection: Connection) -> Outcome:
    """The released touchpoints are the canonical ones, none lost and none added."""
    return _offending(
        connection,
        """
        select * from (select (select count(*) from events.touchpoints) as held,
            (select count(*) from marts.touchpoints) as shipped) where held <> shipped
        """,
    )


def sources_deliver(connection: Connection) -> Outcome:
    """Every source delivers in every week what it usually does; what is missing refuses only where declared so."""
    found = missing_deliveries(connection)
    refuses = not found or any(one.refuses for one in found)
    return Outcome(len(found), "; ".join(map(str, found)), refuses)


# An identifier that would have joined this many customers is named; so are merges beyond usual builds.
_ALARMING_CUSTOMERS = 10
_USUAL_MERGES_TIMES = 3
_LARGEST_CUSTOMER_SHARE = 0.05
# More back-filled entries than this of a week's are a gap in tracking; a few journeys say nothing.
_MOST_BACK_FILLED = 0.2
_ENOUGH_ENTRIES = 30


def nobody_is_everybody(connection: Connection) -> Outcome:
    """No customer holds more than a twentieth of all identifiers, once there are a thousand."""
    return _offending(
        connection,
        f"""
        select customer_id, identifiers, round(identifiers / total, 4) as share from (
            select customer_id, count(*) as identifiers, sum(count(*)) over () as total
            from identity.identifiers where customer_id is not null group by customer_id)
        where total >= 1000 and identifiers > {_LARGEST_CUSTOMER_SHARE} * total
        """,
    )


def shared_identifiers_are_few(connection: Connection) -> Outcome:
    """Identifiers that a guard kept from joining many customers are named by their pseudonym; they refuse nothing."""
    found = _offending(
        connection,
        f"""
        select -customers_affected as customers, reason, identifier_type, identifier_hash
        from marts.identity_exceptions where customers_affected >= {_ALARMING_CUSTOMERS}
        """,
    )
    return Outcome(found.failing, found.description.replace("customers=-", "customers="), refuses=False)


def merges_are_usual(connection: Connection) -> Outcome:
    """A build merges no more than three times as many customers as the builds before it on average; it only warns."""
    merged, usual, builds = connection.execute(
        """
        with builds as (
            select changed_as_of, count(*) filter (where change = 'merge') as merges
            from marts.identity_changes group by changed_as_of)
        select coalesce(max(merges) filter (where changed_as_of = as_of), 0),
            avg(merges) filter (where changed_as_of < as_of), count(*) filter (where changed_as_of < as_of)
        from raw.run_parameters left join builds on true group by as_of
        """
    ).fetchall()[0]
    if builds < 3 or merged <= max(_USUAL_MERGES_TIMES * usual, _ALARMING_CUSTOMERS):
        return Outcome(0)
    return Outcome(merged, f"{merged} customers were merged, {usual:.0f} a build before; see identity_changes", False)


# (gate, asset it guards) -> law
EVENTS: dict[tuple[str, str], Law] = {
    ("orders_are_conserved", "events/conversions"): orders_are_conserved,
}
MARTS: dict[tuple[str, str], Law] = {
    ("credit_sums_to_conversions", "marts/attribution"): credit_sums_to_conversions,
    ("spend_is_conserved", "marts/attribution"): spend_is_conserved,
    ("funnel_never_grows", "marts/journeys"): funnel_never_grows,
    ("cohorts_never_grow", "marts/stage_conversion"): cohorts_never_grow,
    ("back_filled_stages_are_few", "marts/stage_conversion"): back_filled_stages_are_few,
    ("segments_hold_every_customer", "marts/segment_metrics"): segments_hold_every_customer,
    ("every_touchpoint_is_shipped", "marts/touchpoints"): every_touchpoint_is_shipped,
    ("sources_deliver", "marts/coverage"): sources_deliver,
    ("nobody_is_everybody", "marts/identifiers"): nobody_is_everybody,
    ("shared_identifiers_are_few", "marts/identity_exceptions"): shared_identifiers_are_few,
    ("merges_are_usual", "marts/identity_changes"): merges_are_usual,
}
