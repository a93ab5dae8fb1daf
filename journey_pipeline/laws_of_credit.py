"""Laws of credit and spend, as functions of a warehouse connection.

Add a law of what conversions are credited with, and its line in the registry of `laws`. Must not be here: how credit is
given (SQL in `journeys`, `attribution`).
"""

from __future__ import annotations

from journey_pipeline.law import Connection, Outcome, offending


def credit_sums_to_conversions(connection: Connection) -> Outcome:
    """Per week, conversion type and model, credit adds up to the conversions and value to their value.

    The hazard models speak of some types and of the weeks of their window alone.
    """
    return offending(
        connection,
        """
        with counted as (
            select week, conversion_type, count(*) as conversions, sum(value) as value
            from journeys.attributed_conversions group by all
        ),
        spans as (
            select conversion_type, model, min(week) as since from marts.attribution
            where model in (select model from marts.attribution_models) group by all
        ),
        expected as (
            select * from counted cross join (
                select distinct model from marts.attribution
                where not is_influence and model not in (select model from marts.attribution_models)
            )
            union all
            select counted.*, spans.model from counted join spans using (conversion_type)
            where counted.week >= spans.since
        ),
        credited as (
            select week, conversion_type, model, sum(credit) as credit, sum(value) as value
            from marts.attribution where not is_influence group by all
        )
        select week, conversion_type, model, coalesce(credit, 0) as credit, coalesce(conversions, 0) as conversions
        from credited full join expected using (week, conversion_type, model)
        where abs(coalesce(credit, 0) - coalesce(conversions, 0)) > 1e-9 * greatest(coalesce(conversions, 0), 1)
            or abs(coalesce(credited.value, 0) - coalesce(expected.value, 0))
                > 1e-6 * greatest(coalesce(conversions, 0), 1)
        """,
    )


def credit_of_touches_is_whole(connection: Connection) -> Outcome:
    """Per conversion and model the credit of its touches is one, per week and channel it is that of `attribution`."""
    return offending(
        connection,
        """
        with credited as (
            select conversion_id, conversion_type, model, channel, sum(credit) as credit
            from marts.credits where model is not null and not is_influence group by all
        ),
        conversions as (
            select conversion_id, conversion_type, model, sum(credit) as credit from credited group by all
        ),
        channels as (
            select week, conversion_type, model, channel, sum(credit)::double as touches, count(*) as conversions
            from credited join journeys.attributed_conversions using (conversion_id, conversion_type) group by all
        ),
        published as (
            select week, conversion_type, model, channel, sum(credit) as published
            from marts.attribution where model in (select model from conversions) group by all
        )
        select conversion_id as credited, conversion_type, model, credit, 1 as expected
        from conversions where abs(credit - 1) > 1e-9
        union all
        select channel || ' ' || week, conversion_type, model, coalesce(touches, 0), coalesce(published, 0)
        from channels full join published using (week, conversion_type, model, channel)
        where abs(coalesce(touches, 0) - coalesce(published, 0)) > 1e-9 * greatest(coalesce(conversions, 0), 1)
        """,
    )


def spend_is_conserved(connection: Connection) -> Outcome:
    """Every model shows the whole spend of the weeks it speaks of, whether it led to a conversion or not."""
    return offending(
        connection,
        """
        with shown as (
            select conversion_type, model, sum(spend) as shown, min(week) as since
            from marts.attribution group by conversion_type, model
        )
        select conversion_type, model, min(shown) as shown, sum(cells.spend) as spent
        from shown left join journeys.spend_cells as cells
            on cells.week >= since or model not in (select model from marts.attribution_models)
        group by conversion_type, model
        having abs(coalesce(shown, 0) - coalesce(spent, 0)) > 0.000001 * greatest(coalesce(spent, 0), 1)
        """,
    )


def credit_is_steady(connection: Connection) -> Outcome:
    """Shares of credit move by no more than chance from week to week, and paths without a conversion are there.

    It only warns, of the last four weeks.
    """
    found = offending(
        connection,
        """
        select week, conversion_type, model, round(total_variation_distance, 3) as moved, largest_change_channel,
            round(null_share, 3) as null_share
        from marts.attribution_stability
        where week > (select max(week) - 28 from marts.attribution_stability) and (is_unsteady or has_few_nulls)
        """,
    )
    return Outcome(found.failing, found.description, refuses=False)
