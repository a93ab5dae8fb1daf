"""The identity tables in the warehouse: identifiers in, customers out, the graph itself left to `identity`.

Strings stay in SQL and only numbers reach Python. Must not be here: guards (`identity`), channel logic.
"""

from __future__ import annotations

import hashlib

import duckdb
import numpy as np

from journey_pipeline import identity, person_records
from journey_pipeline.settings import MatchingSwitch

# Evidence, strongest first. Weak evidence (an IP, a device shared by design) never links on its own.
_PRIORITY = """
    case evidence when 'explicit_merge' then 0 when 'alias' then 1 when 'login' then 2 when 'same_record' then 3
        when 'hashed_equality' then 4 when 'probable' then 6 else 5 end
"""


def build(connection: duckdb.DuckDBPyConnection, key: bytes, matching: MatchingSwitch | None = None) -> dict[str, int]:
    """Create `identity.identifiers`, `identity.exceptions` and `identity.review`; return counts for the UI.

    Args:
        connection: the warehouse, with the events tables and the seeds built.
        key: secret of the pseudonyms (HMAC-SHA256).
        matching: whether records without a shared key are linked too, and how sure a link must be; off when left out.
    """
    connection.execute("create schema if not exists identity")
    _hash_macro(connection, key)
    person_records.write_links(connection, matching or MatchingSwitch())
    _number_identifiers(connection)
    nodes = connection.execute(
        "select hard_kind, is_click, device_kind from temp.identifier_nodes order by node"
    ).fetchnumpy()
    edges = connection.execute("select a, b, priority, first_seen from temp.edge_numbers order by edge").fetchnumpy()
    resolution = identity.resolve(
        np.asarray(edges["a"], np.int64),
        np.asarray(edges["b"], np.int64),
        np.asarray(edges["priority"], np.int64),
        np.asarray(edges["first_seen"], np.int64),
        np.asarray(nodes["hard_kind"], np.int16),
        np.asarray(nodes["is_click"], bool),
        np.asarray(nodes["device_kind"], np.int16),
    )
    _write_identifiers(connection, resolution)
    _write_exceptions(connection, resolution)
    counts = connection.execute(
        """
        select count(distinct customer_id), max(n) from (
            select customer_id, count(*) as n from identity.identifiers where customer_id is not null group by all)
        """
    ).fetchall()[0]
    return {"customers": int(counts[0]), "largest_customer_identifiers": int(counts[1] or 0)}


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
        hard as (
            select identifier_type, row_number() over (order by identifier_type) as hard_kind
            from seeds.identifier_types where strength = 'hard'
        ),
        devices as (
            select identifier_type, row_number() over (order by identifier_type) as device_kind
            from seeds.identifier_types where is_device
        )
        select
            row_number() over (order by first_seen_at, merged.identifier_type, identifier_value) - 1 as node,
            merged.*,
            coalesce(hard.hard_kind, 0)::smallint as hard_kind,
            coalesce(types.strength = 'click', false) as is_click,
            coalesce(devices.device_kind, 0)::smallint as device_kind,
            exists (
                select 1 from seeds.blocked_identifiers as blocked
                where blocked.identifier_type in (merged.identifier_type, 'any')
                    and regexp_full_match(merged.identifier_value, blocked.pattern)
            ) as is_blocked
        from merged
        left join seeds.identifier_types as types using (identifier_type)
        left join hard using (identifier_type)
        left join devices using (identifier_type)
        """
    )
    connection.execute(
        f"""
        create or replace temp table edge_numbers as
        with numbered as (
            select l.node as a, r.node as b, {_PRIORITY} as priority, epoch_us(e.first_seen_at) as first_seen
            from (
                select a_type, a_value, b_type, b_value, evidence, confidence, first_seen_at
                from events.identifier_edges
                union all
                select * from temp.probable_links
            ) as e
            inner join temp.identifier_nodes as l
                on e.a_type = l.identifier_type and e.a_value = l.identifier_value
            inner join temp.identifier_nodes as r
                on e.b_type = r.identifier_type and e.b_value = r.identifier_value
            where e.confidence <> 'weak' and not l.is_blocked and not r.is_blocked and l.node <> r.node
        )
        select row_number() over (order by a, b) - 1 as edge, a, b, min(priority) as priority,
            min(first_seen) as first_seen
        from numbered group by a, b
        """
    )


def _hash_macro(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """HMAC-SHA256 (RFC 2104) as a SQL macro, because DuckDB has sha256 but no HMAC; the key stays in memory."""
    padded = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    pads = [bytes(byte ^ pad for byte in padded).hex() for pad in (0x36, 0x5C)]
    connection.execute(
        f"""
        create or replace temp macro pseudonym(kind, text) as
            sha256(unhex('{pads[1]}') || unhex(sha256(unhex('{pads[0]}') || encode(kind || ':' || text))))
        """
    )


def _write_identifiers(connection: duckdb.DuckDBPyConnection, resolution: identity.Resolution) -> None:
    labels = {"node": np.arange(len(resolution.label), dtype=np.int64), "label": resolution.label}
    connection.register("component_labels", _frame(labels))
    # Nodes are numbered by first sight, so the least node of a component is its anchor.
    connection.execute(
        """
        create or replace table identity.identifiers as
        with labelled as (
            select nodes.*, min(node) over (partition by label) as anchor
            from temp.identifier_nodes as nodes inner join component_labels using (node)
        ),
        hashed as (
            select *, pseudonym(identifier_type, identifier_value) as identifier_hash from labelled
        )
        select
            hashed.identifier_type,
            hashed.identifier_value,
            hashed.identifier_hash,
            case when not hashed.is_blocked then 'cus_' || substr(anchors.identifier_hash, 1, 16) end as customer_id,
            hashed.first_seen_at,
            hashed.last_seen_at,
            hashed.is_blocked
        from hashed inner join hashed as anchors on hashed.anchor = anchors.node
        order by hashed.node
        """
    )
    connection.unregister("component_labels")


def _write_exceptions(connection: duckdb.DuckDBPyConnection, resolution: identity.Resolution) -> None:
    left_out = np.flatnonzero(resolution.reason != identity.KEPT)
    reasons = np.asarray(identity.REASONS, dtype=object)[resolution.reason[left_out]]
    connection.register("left_out", _frame({"edge": left_out.astype(np.int64), "reason": reasons.astype(str)}))
    connection.execute(
        """
        create or replace table identity.exceptions as
        select
            left_out.reason,
            a.identifier_type as a_type,
            pseudonym(a.identifier_type, a.identifier_value) as a_hash,
            b.identifier_type as b_type,
            pseudonym(b.identifier_type, b.identifier_value) as b_hash
        from left_out
        inner join temp.edge_numbers as edges using (edge)
        inner join temp.identifier_nodes as a on edges.a = a.node
        inner join temp.identifier_nodes as b on edges.b = b.node
        order by edge
        """
    )
    connection.unregister("left_out")


def _frame(columns: dict[str, np.ndarray]) -> object:
    import pandas as pd

    return pd.DataFrame(columns)
