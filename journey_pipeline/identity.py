"""Identifier edges -> customers: the connected components that the guards allow.

Pure: integers in, integers out; the graph layer keeps the identifiers in SQL. Add a guard here as one function
over the arrays. Must not be here: strings, SQL, channel logic.

Guards, in order (sources: METHODS section 3 as published with this project's documentation; the linear-time
components are scipy's):

1. a soft identifier seen directly with two different hard identifiers of one kind is shared (a family tablet, a
   kiosk): it contributes no edge;
2. a click identifier seen with two different devices of one kind is shared (a forwarded link): it contributes no
   edge. Two kinds of device id are one browser seen by two trackers;
3. where a component still holds two hard identifiers of one kind, its edges are taken again from the strongest
   and oldest on, and one that would join the two is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

KEPT, SHARED_IDENTIFIER, SHARED_CLICK, HARD_CONFLICT = range(4)
REASONS: Sequence[str] = ("kept", "shared_identifier", "shared_click", "hard_conflict")


@dataclass(frozen=True)
class Resolution:
    """`label[node]`: the component of each node. `reason[edge]`: why an edge was left out, `KEPT` where not."""

    label: NDArray[np.int64]
    reason: NDArray[np.int8]


def resolve(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    priority: NDArray[np.int64],
    first_seen: NDArray[np.int64],
    hard_kind: NDArray[np.int16],
    is_click: NDArray[np.bool_],
    device_kind: NDArray[np.int16],
) -> Resolution:
    """Resolve identifiers into customers.

    Args:
        a, b: node numbers of each edge's ends, 0 <= n < nodes.
        priority: strength of each edge's evidence, lower is stronger.
        first_seen: when each edge was first observed (microseconds); breaks ties of priority, then a, then b.
        hard_kind: per node, 0 for a soft identifier, else the number of its hard kind.
        is_click: per node.
        device_kind: per node, 0 for what is no device, else the number of its kind.

    Returns:
        A Resolution whose labels do not depend on the order of the edges.
    """
    nodes = len(hard_kind)
    reason = np.zeros(len(a), dtype=np.int8)
    shared = _touches_two(a, b, group=hard_kind, of=hard_kind == 0, nodes=nodes)
    reason[shared[a] | shared[b]] = SHARED_IDENTIFIER
    forwarded = _touches_two(a, b, group=device_kind, of=is_click, nodes=nodes)
    reason[(forwarded[a] | forwarded[b]) & (reason == KEPT)] = SHARED_CLICK
    # An explicit merge of two hard identifiers is a decision, not a coincidence: it is never demoted.
    reason[(hard_kind[a] > 0) & (hard_kind[b] > 0)] = KEPT

    label = _components(a, b, reason == KEPT, nodes)
    for component in _conflicting(label, hard_kind, a, b, reason):
        edges = np.flatnonzero((label[a] == component) & (reason == KEPT))
        edges = edges[np.lexsort((b[edges], a[edges], first_seen[edges], priority[edges]))]
        reason[_edges_that_would_join(edges, a, b, hard_kind)] = HARD_CONFLICT
    return Resolution(_components(a, b, reason == KEPT, nodes), reason)


def _touches_two(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    *,
    group: NDArray[np.int16],
    of: NDArray[np.bool_],
    nodes: int,
) -> NDArray[np.bool_]:
    """Per node in `of`: does it share an edge with two or more different nodes of one non-zero group?"""
    centre = np.concatenate([a, b])
    other = np.concatenate([b, a])
    wanted = of[centre] & (group[other] > 0)
    found = np.zeros(nodes, dtype=bool)
    groups = int(group.max(initial=0)) + 1
    found[_keys_with_two_values(centre[wanted] * groups + group[other[wanted]], other[wanted]) // groups] = True
    return found


def _keys_with_two_values(key: NDArray[np.int64], value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keys that occur with more than one distinct value: those whose least value is not their greatest."""
    if not len(key):
        return key
    order = np.argsort(key)
    key, value = key[order], value[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    differs = np.minimum.reduceat(value, starts) != np.maximum.reduceat(value, starts)
    repeated: NDArray[np.int64] = key[starts[differs]]
    return repeated


def _components(a: NDArray[np.int64], b: NDArray[np.int64], keep: NDArray[np.bool_], nodes: int) -> NDArray[np.int64]:
    graph = coo_array((np.ones(int(keep.sum()), dtype=np.int8), (a[keep], b[keep])), shape=(nodes, nodes))
    labels: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def _conflicting(
    label: NDArray[np.int64],
    hard_kind: NDArray[np.int16],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    reason: NDArray[np.int8],
) -> NDArray[np.int64]:
    """Components with two hard identifiers of one kind that no explicit merge has made one."""
    merged = _components(a, b, (hard_kind[a] > 0) & (hard_kind[a] == hard_kind[b]) & (reason == KEPT), len(label))
    hard = np.flatnonzero(hard_kind > 0)
    kinds = int(hard_kind.max(initial=0)) + 1
    return np.unique(_keys_with_two_values(label[hard] * kinds + hard_kind[hard], merged[hard]) // kinds)


def _edges_that_would_join(
    edges: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64], hard_kind: NDArray[np.int16]
) -> list[int]:
    """Grow the components edge by edge; return the edges that would join two hard identifiers of one kind.

    Only components that hold a conflict come here, so the loop is over exceptions, not over the data.
    """
    parent: dict[int, int] = {}
    held: dict[int, dict[int, int]] = {}  # root -> hard kind -> a hard node of that kind

    def find(node: int) -> int:
        root = node
        while parent.setdefault(root, root) != root:
            root = parent[root]
        while parent[node] != root:
            parent[node], node = root, parent[node]
        return root

    def hards(root: int) -> dict[int, int]:
        return held.setdefault(root, {int(hard_kind[root]): root} if hard_kind[root] else {})

    left_out = []
    for edge in edges.tolist():
        left, right = find(int(a[edge])), find(int(b[edge]))
        if left == right:
            continue
        mine, theirs = hards(left), hards(right)
        explicit = hard_kind[a[edge]] > 0 and hard_kind[a[edge]] == hard_kind[b[edge]]
        if not explicit and any(kind in theirs for kind in mine):
            left_out.append(edge)
            continue
        parent[right] = left
        mine.update({kind: node for kind, node in theirs.items() if kind not in mine})
    return left_out
