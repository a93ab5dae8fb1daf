"""The identity tables in the warehouse: identifiers in, customers out, the graph itself left to `identity`.

Strings stay in SQL and only numbers reach Python. What earlier builds knew comes from `identity_history`. Must not be
here: guards (`identity`), channel logic.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np

from journey_pipeline import identity, person_records
from journey_pipeline.fault_points import point
from journey_pipeline.identity_history import History
from journey_pipeline.settings import MatchingSwitch, shared_numbers

# Evidence, strongest first. Weak evidence (an IP, a device shared by design) never links on its own.
EVIDENCE = ("explicit_merge", "alias", "login", "same_record", "hashed_equality", "form_prefill", "probable")
# What a person typed or a link carried; nobody checked that it is theirs.
CLAIMS = ("form_prefill",)
# The name of a customer, from the pseudonym of the identifier it is named after.
CUSTOMER_ID = "'cus_' || substr(replace(hash, '-', ''), 1, 16)"
MICROSECONDS_PER_DAY = 86_400_000_000
_NO_MATCHING = MatchingSwitch()


@dataclass(frozen=True)
class Summary:
    """Counts of a build, for the UI."""

    customers: int
    largest_customer_identifiers: int
    edges_left_out: int
    merges: int
    splits: int


def build(connection: duckdb.DuckDBPyConnection, history: History, matching: MatchingSwitch = _NO_MATCHING) -> Summary:
    """Create `identity.identifiers`, `identity.links`, `identity.exceptions`, `identity.review` and `identity.changes`.

    Args:
        connection: the warehouse, with the events tables and the seeds built.
        history: what earlier builds found; this build is written down in it.
        matching: whether records without a shared key are linked too, and how sure a link must be.
    """
    connection.execute("create schema if not exists identity")
    person_records.write_links(connection, matching)
    _number_identifiers(connection)
    resolution = identity.resolve(
        _nodes(connection),
        _edges(connection),
        _limits(connection),
        int(shared_numbers()["max_identifiers_per_customer"]),
        int(shared_numbers()["max_accounts_around_identifier"]),
    )
    point("customers_resolved")
    history.read(connection)
    _write_customers(connection, resolution)
    _write_links(connection, resolution)
    point("customers_written")
    history.write(connection)
    customers, largest, left_out, merges, splits = connection.execute(
        """
        with customers as (
            select count(*) as n from identity.identifiers where customer_id is not null group by customer_id)
        select (select count(*) from customers), (select coalesce(max(n), 0) from customers),
            (select count(*) from identity.exceptions),
            (select count(*) from identity.changes where change = 'merge' and is_latest),
            (select count(*) from identity.changes where change = 'split' and is_latest)
        """
    ).fetchall()[0]
    return Summary(customers, largest, left_out, merges, splits)


def _number_identifiers(connection: duckdb.DuckDBPyConnection) -> None:
    """Number identifiers by first sight, type and value, and edges by their ends: no order of rows matters."""
    connection.execute(
        """
        create or replace temp table identifier_nodes as
        with seen as (
            select a_type as identifier_type, a_value as identifier_value, first_seen_at, last_seen_at
                from events.identifier_edges
            union all
            select b_type, b_value, first_seen_at, last_seen_at from events.identifier_edges
            union all
            select identifier_type, identifier_value, min(occurred_at), max(occurred_at)
                from events.touchpoints group by all
            union all
            select visitor_type, visitor_id, min(occurred_at), max(occurred_at) from events.touchpoints group by all
            union all
            select identifier_type, identifier_value, occurred_at, occurred_at from events.conversions
            union all
            select identifier_type, identifier_value, answered_at, answered_at from events.experience_scores
            union all
            select identifier_type, identifier_value, occurred_at, occurred_at from events.consents
            union all
            select identifier_type, identifier_value, observed_at, observed_at from events.profile_attributes
        ),
        merged as (
            select identifier_type, identifier_value, min(first_seen_at) as first_seen_at,
                max(last_seen_at) as last_seen_at
            from seen where identifier_type is not null and identifier_value is not null
            group by identifier_type, identifier_value
        ),
        types as (
            select
                identifier_type,
                row_number() over (order by identifier_type) as type_number,
                if(strength = 'hard', type_number, 0) as hard_kind,
                if(is_device, type_number, 0) as device_kind,
                strength = 'click' as is_click
            from seeds.identifier_types
        )
        select
            row_number() over (order by first_seen_at, merged.identifier_type, identifier_value) - 1 as node,
            merged.*,
            identifier_value::varchar as identifier_hash,
            coalesce(types.type_number, 0) as type_number,
            coalesce(types.hard_kind, 0) as hard_kind,
            coalesce(types.device_kind, 0) as device_kind,
            coalesce(types.is_click, false) as is_click,
            -- The last digit of a pseudonym says it (`pseudonyms`).
            right(identifier_value::varchar, 1) in ('2', '3') as is_blocked
        from merged left join types using (identifier_type)
        """
    )
    ranks = " ".join(f"when '{word}' then {rank}" for rank, word in enumerate(EVIDENCE))
    claims = ", ".join(f"'{word}'" for word in CLAIMS)
    connection.execute(
        f"""
        create or replace temp table edge_numbers as
        with numbered as (
            select
                least(l.node, r.node) as a,
                greatest(l.node, r.node) as b,
                case evidence {ranks} else {len(EVIDENCE)} end as priority,
                e.first_seen_at, e.last_seen_at, source,
                evidence in ({claims}) as is_claim,
                confidence = 'deterministic' as is_deterministic,
                evidence = 'probable' as is_probable
            from (
                select source, a_type, a_value, b_type, b_value, evidence, confidence, first_seen_at, last_seen_at
                from events.identifier_edges
                union all
                select 'matching', *, first_seen_at from temp.probable_links
            ) as e
            inner join temp.identifier_nodes as l
                on e.a_type = l.identifier_type and e.a_value = l.identifier_value
            inner join temp.identifier_nodes as r
                on e.b_type = r.identifier_type and e.b_value = r.identifier_value
            where e.confidence <> 'weak' and not l.is_blocked and not r.is_blocked and l.node <> r.node
        )
        select
            row_number() over (order by a, b) - 1 as edge, a, b,
            min(priority) as priority,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
            bool_and(is_claim) as is_claim,
            bool_or(is_deterministic) as is_deterministic,
            bool_and(is_probable) as is_probable,
            list_sort(list(distinct source)) as sources
        from numbered group by a, b
        """
    )


def _nodes(connection: duckdb.DuckDBPyConnection) -> identity.Nodes:
    found = connection.execute(
        "select type_number, hard_kind, device_kind, is_click from temp.identifier_nodes order by node"
    ).fetchnumpy()
    return identity.Nodes(
        type=np.asarray(found["type_number"], np.int64),
        hard_kind=np.asarray(found["hard_kind"], np.int64),
        device_kind=np.asarray(found["device_kind"], np.int64),
        is_click=np.asarray(found["is_click"], bool),
    )


def _edges(connection: duckdb.DuckDBPyConnection) -> identity.Edges:
    found = connection.execute(
        """
        select a, b, priority, epoch_us(first_seen_at) as first_seen, is_claim, is_deterministic,
            is_probable
        from temp.edge_numbers order by edge
        """
    ).fetchnumpy()
    return identity.Edges(
        a=np.asarray(found["a"], np.int64),
        b=np.asarray(found["b"], np.int64),
        priority=np.asarray(found["priority"], np.int64),
        first_seen=np.asarray(found["first_seen"], np.int64),
        is_claim=np.asarray(found["is_claim"], bool),
        is_deterministic=np.asarray(found["is_deterministic"], bool),
        is_probable=np.asarray(found["is_probable"], bool),
    )


def _limits(connection: duckdb.DuckDBPyConnection) -> list[identity.Limit]:
    rows = connection.execute(
        """
        with types as (
            select identifier_type, row_number() over (order by identifier_type) as number
            from seeds.identifier_types
        )
        select centre.number, other.number, most, window_days
        from seeds.identity_limits as limits
        inner join types as centre on limits.identifier_type = centre.identifier_type
        inner join types as other on limits.other_type = other.identifier_type
        order by all
        """
    ).fetchall()
    return [identity.Limit(kind, other, most, days * MICROSECONDS_PER_DAY) for kind, other, most, days in rows]


def _write_customers(connection: duckdb.DuckDBPyConnection, resolution: identity.Resolution) -> None:
    """Name every component after its anchor: the identifier known for longest, then seen first.

    What a later build learns of a customer therefore changes nothing of its name, however old it is. An anchor that no
    file tells any more still names the part that holds most of its customer.
    """
    connection.execute(f"create or replace temp macro customer_named_after(hash) as {CUSTOMER_ID}")
    connection.register(
        "component_labels",
        _frame({"node": np.arange(len(resolution.label), dtype=np.int64), "label": resolution.label}),
    )
    connection.execute(
        """
        create or replace temp table labelled_nodes as
        select nodes.*, label, known.part as known_part, known.customer_id as former_customer_id,
            coalesce(known.first_seen_at, nodes.first_seen_at) as anchor_seen_at
        from temp.identifier_nodes as nodes
        inner join component_labels using (node)
        left join temp.known_identifiers as known using (identifier_hash)
        """
    )
    connection.unregister("component_labels")
    connection.execute(
        """
        create or replace table identity.identifiers as
        with gone as (
            select known.* from temp.known_identifiers as known
            anti join temp.labelled_nodes using (identifier_hash)
            where known.customer_id = temp.customer_named_after(known.identifier_hash)
        ),
        held as (
            select former_customer_id as customer_id, label, count(*) as identifiers, min(node) as first_node
            from temp.labelled_nodes where former_customer_id is not null and not is_blocked group by all
        ),
        heirs as (
            select gone.*, held.label
            from gone inner join held using (customer_id)
            qualify row_number() over (
                partition by customer_id order by held.identifiers desc, held.first_node) = 1
        ),
        candidates as (
            select label, known_part, anchor_seen_at, identifier_type, identifier_hash from temp.labelled_nodes
            union all
            select label, part, first_seen_at, identifier_type, identifier_hash from heirs
        ),
        anchors as (
            select label, arg_min(
                identifier_hash, (coalesce(known_part, 'new'), anchor_seen_at, identifier_type, identifier_hash)
            ) as anchor_hash
            from candidates group by label
        )
        select
            nodes.identifier_type,
            nodes.identifier_value,
            nodes.identifier_hash,
            case when not nodes.is_blocked then temp.customer_named_after(anchors.anchor_hash) end as customer_id,
            nodes.first_seen_at,
            nodes.last_seen_at,
            nodes.is_blocked
        from temp.labelled_nodes as nodes inner join anchors using (label)
        order by nodes.node
        """
    )


def _write_links(connection: duckdb.DuckDBPyConnection, resolution: identity.Resolution) -> None:
    """Every edge with its verdict: `identity.links` holds the kept ones, `identity.exceptions` those left out."""
    connection.register(
        "edge_verdicts",
        _frame(
            {
                "edge": np.arange(len(resolution.reason), dtype=np.int64),
                "reason": np.asarray(identity.REASONS, dtype=object)[resolution.reason].astype(str),
                "culprit": resolution.culprit,
            }
        ),
    )
    evidence = " ".join(f"when {rank} then '{word}'" for rank, word in enumerate(EVIDENCE))
    connection.execute(
        f"""
        create or replace temp table judged_edges as
        select
            verdicts.reason,
            guilty.identifier_type as culprit_type,
            guilty.identifier_hash as culprit_hash,
            a.identifier_type as a_type,
            a.identifier_hash as a_hash,
            b.identifier_type as b_type,
            b.identifier_hash as b_hash,
            case edges.priority {evidence} else 'other' end as evidence,
            edges.is_deterministic,
            edges.sources,
            edges.first_seen_at,
            edges.last_seen_at
        from edge_verdicts as verdicts
        inner join temp.edge_numbers as edges using (edge)
        inner join temp.identifier_nodes as a on edges.a = a.node
        inner join temp.identifier_nodes as b on edges.b = b.node
        left join temp.identifier_nodes as guilty on verdicts.culprit = guilty.node
        """
    )
    connection.unregister("edge_verdicts")
    connection.execute(
        """
        create or replace table identity.links as
        select a_type, a_hash, b_type, b_hash, evidence, is_deterministic, sources, first_seen_at, last_seen_at
        from temp.judged_edges where reason = 'kept' order by a_hash, b_hash
        """
    )
    connection.execute(
        """
        create or replace table identity.exceptions as
        select * exclude (is_deterministic) from temp.judged_edges where reason <> 'kept' order by a_hash, b_hash
        """
    )


def _frame(columns: dict[str, np.ndarray]) -> object:
    import pandas as pd

    return pd.DataFrame(columns)
