"""What sources say about a person -> probable links between identifiers, and the pairs a person should look at.

Holds the way of names: out of the raw tables, through temporary tables that are dropped again, into `matching`, never
into a table that stays. Add a source by naming its columns under `person` in its contract; its staging model says whom
they describe. Must not be here: what makes a match (`matching`), what becomes of a link (`identity`).

A link adds to what is known and changes none of it: one that would show an identifier beside a second account of one
kind is not handed on, because the guard against shared identifiers would answer by leaving out the sure edges as well.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from journey_pipeline import matching
from journey_pipeline.ingest import load_contracts
from journey_pipeline.ingest.contract import PersonAttribute
from journey_pipeline.settings import MatchingSwitch


def write_links(connection: duckdb.DuckDBPyConnection, switch: MatchingSwitch) -> None:
    """Create `temp.probable_links` and `identity.review`; both are empty while matching is off.

    Args:
        connection: the warehouse, with raw, staging, events and the seeds.
        switch: whether, and at which probabilities.

    Raises:
        MatchingError: it is switched on, and the extra is not installed.
    """
    connection.execute(
        """
        create or replace temp table probable_links (
            a_type varchar, a_value uuid, b_type varchar, b_value uuid,
            evidence varchar, confidence varchar, first_seen_at timestamp);
        create or replace table identity.review (
            a_type varchar, a_hash varchar, b_type varchar, b_hash varchar, match_probability double, reason varchar)
        """
    )
    if not switch.enabled:
        return
    _gather(connection)
    try:
        settings = matching.MatchingSettings(merge_at=switch.merge_at, review_at=switch.review_at)
        matches = matching.match(connection, "temp.person_records", settings)
        connection.register("matched_pairs", matches.pairs)
        _hand_on(connection)
        connection.unregister("matched_pairs")
    except matching.NothingToLearnError:
        return  # the first weeks of a deployment
    finally:
        connection.execute("drop table temp.person_records")


def _gather(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `temp.person_records`: per identifier, what its newest record says; blocked identifiers are nobody."""
    sources = sorted(load_contracts().items())
    told = " union all by name ".join(_told(name, c.identity.person) for name, c in sources if c.identity.person)
    connection.execute(
        f"""
        create or replace temp table person_records as
        select identifier_type || ':' || identifier_value as record_id, told.*
        from ({told}) as told
        where identifier_value is not null
            and created_at < (select as_of from raw.run_parameters)
            -- The last digit of a pseudonym says that its value is blocked (`pseudonyms`).
            and right(identifier_value::varchar, 1) not in ('2', '3')
        qualify row_number() over (
            partition by identifier_type, identifier_value
            order by created_at desc, source_file_id desc, source_row_number desc
        ) = 1
        """
    )


def _told(source: str, columns: Mapping[PersonAttribute, str]) -> str:
    """SQL for one source: whom a record is about, by its staging model, and what it says, from the raw table."""
    expressions: dict[str, str] = {
        attribute: f"raw.{column}" for attribute, column in columns.items() if attribute != "full_name"
    }
    if name := columns.get("full_name"):
        # The last word is the surname; a name of one word is one, too.
        words = f"regexp_extract(trim(raw.{name}), '^(?:(.*)\\s)?(\\S+)$', {{}})"
        expressions |= {"given_name": words.format(1), "surname": words.format(2)}
    attributes = ", ".join(
        f"{expressions.get(attribute, 'null')}::varchar as {attribute}" for attribute in matching.ATTRIBUTES
    )
    return f"""
        select staged.identifier_type, staged.identifier_value, staged.created_at, staged.source_file_id,
            staged.source_row_number, {attributes}
        from staging.stg_{source} as staged
        inner join raw.{source} as raw
            on staged.source_file_id = raw._file_id and staged.source_row_number = raw._row_number
    """


def _hand_on(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill both tables from `matched_pairs`."""
    connection.execute(
        """
        create or replace temp table judged_pairs as
        with kinds as (select identifier_type as kind from seeds.identifier_types where strength = 'hard'),
        pairs as (
            select
                a.identifier_type as a_type, a.identifier_value as a_value,
                b.identifier_type as b_type, b.identifier_value as b_value,
                greatest(a.created_at, b.created_at) as first_seen_at,
                match_probability,
                case
                    when fits_two_people then 'fits_two_people'
                    when decision = 'review' then 'uncertain'
                    when a_type = b_type and a_type in (from kinds) then 'two_accounts'
                end as reason
            from matched_pairs
            inner join temp.person_records as a on record_a = a.record_id
            inner join temp.person_records as b on record_b = b.record_id
        ),
        seen as (
            select a_type, a_value, b_type, b_value from events.identifier_edges where confidence <> 'weak'
            union all
            select a_type, a_value, b_type, b_value from pairs where reason is null
        ),
        beside_two_accounts as (
            select identifier_type, identifier_value, kind
            from (
                select a_type as identifier_type, a_value as identifier_value, b_type as kind, b_value as account
                from seen
                union all
                select b_type, b_value, a_type, a_value from seen
            )
            where kind in (from kinds)
            group by identifier_type, identifier_value, kind
            having count(distinct account) > 1
        )
        select * replace (coalesce(reason, if(exists (
            from beside_two_accounts as two
            where (two.identifier_type, two.identifier_value, two.kind) in (
                (a_type, a_value, b_type), (b_type, b_value, a_type))
        ), 'two_accounts', null)) as reason)
        from pairs
        """
    )
    connection.execute(
        """
        insert into temp.probable_links
        select a_type, a_value, b_type, b_value, 'probable', 'probable', first_seen_at
        from temp.judged_pairs where reason is null;
        insert into identity.review
        select a_type, a_value::varchar, b_type, b_value::varchar, match_probability, reason
        from temp.judged_pairs where reason is not null
        order by all;
        drop table temp.judged_pairs
        """
    )
