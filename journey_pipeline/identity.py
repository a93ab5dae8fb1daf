"""Identifier edges -> customers: the connected components that the guards allow.

Pure: integers in, integers out; the graph layer keeps the identifiers in SQL. Add a guard here as one function
over the arrays, and its numbers to the seeds. Must not be here: strings, SQL, channel logic.

Guards, in order (docs/identity.md; after Segment's limits per identifier and Snowplow's shared nodes; the linear-time
components are scipy's):

1. an unverified claim (a form, a survey's hidden field) never makes an edge to a hard identifier;
2. a soft identifier seen directly with two different hard identifiers of one kind is shared (a family tablet, a
   kiosk): it contributes no edge. Hard identifiers that were merged explicitly are one;
3. an identifier seen with more others of one type within a window than its limit allows is shared (a poisoned
   mailbox, a counter's phone number): it contributes no edge;
4. a soft identifier whose soft neighbours belong directly to more different hard identifiers of one kind than a couple
   has is shared as well (a mailbox typed at a counter): it contributes no edge;
5. a click identifier seen with two different devices of one kind is shared (a forwarded link): it contributes no
   edge. Two kinds of device id are one browser seen by two trackers;
6. where a component still holds two hard identifiers of one kind, its edges are taken again from the strongest
   and oldest on, and one that would join the two is left out;
7. a component of more identifiers than any person has is taken again without probable links, then with deterministic
   evidence alone, and taken apart when that is still too large.

A probable link counts for nothing in guards 2 to 5: it costs no sure edge, and joins nothing that they found shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

KEPT, UNVERIFIED_CLAIM, SHARED_IDENTIFIER, OVER_LIMIT, SHARED_CLICK, HARD_CONFLICT, OVER_CAP = range(7)
_POSTPONED = -1
REASONS: Sequence[str] = (
    "kept",
    "unverified_claim",
    "shared_identifier",
    "over_limit",
    "shared_click",
    "hard_conflict",
    "over_cap",
)

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
NOBODY = -1


@dataclass(frozen=True)
class Nodes:
    """Identifiers, one entry per node.

    Attributes:
        type: number of the identifier type.
        hard_kind: 0 for what is not hard, else the number of its hard kind.
        device_kind: 0 for what is no device, else the number of its kind.
        is_click: whether it identifies a click and not a person.
    """

    type: Numbers
    hard_kind: Numbers
    device_kind: Numbers
    is_click: Flags

    def __len__(self) -> int:
        return len(self.type)


@dataclass(frozen=True)
class Edges:
    """Pairs of identifiers, one entry per pair.

    Attributes:
        a, b: node numbers, 0 <= n < nodes, a <> b.
        priority: strength of the evidence, lower is stronger.
        first_seen: when the pair was first observed (microseconds); breaks ties of priority, then a, then b.
        is_claim: nobody verified that the two belong together.
        is_deterministic: a system says so of its own users or records, not a coincidence of one moment.
        is_probable: two records are alike; no system says that they belong together.
    """

    a: Numbers
    b: Numbers
    priority: Numbers
    first_seen: Numbers
    is_claim: Flags
    is_deterministic: Flags
    is_probable: Flags

    def __len__(self) -> int:
        return len(self.a)


@dataclass(frozen=True)
class Limit:
    """At most `most` different identifiers of type `other` seen with one of `type` within `window` microseconds."""

    type: int
    other: int
    most: int
    window: int


@dataclass(frozen=True)
class Resolution:
    """What came of the graph.

    Attributes:
        label: per node, the number of its component.
        reason: per edge, why it was left out, `KEPT` where not.
        culprit: per edge left out, the node that is at fault; `NOBODY` where kept.
    """

    label: Numbers
    reason: NDArray[np.int8]
    culprit: Numbers


def resolve(nodes: Nodes, edges: Edges, limits: Sequence[Limit] = (), cap: int = 0, accounts: int = 0) -> Resolution:
    """Resolve identifiers into customers.

    Args:
        nodes: the identifiers.
        edges: the pairs seen.
        limits: how many of one type may be seen with one of another.
        cap: most identifiers of one customer, clicks not counted; 0 for none.
        accounts: most hard identifiers of one kind that the neighbours of one soft identifier may belong to; 0 for any.

    Returns:
        A Resolution that does not depend on the order of the edges.
    """
    outcome = _Outcome(nodes, edges)
    a, b = edges.a, edges.b
    # An explicit merge of two hard identifiers is a decision, not a coincidence: no guard demotes it.
    decided = (
        (nodes.hard_kind[a] > 0) & (nodes.hard_kind[a] == nodes.hard_kind[b]) & ~(edges.is_claim | edges.is_probable)
    )
    is_hard = nodes.hard_kind > 0
    softer = np.where(is_hard[a], b, a)  # the end that is at fault where the other is an account
    outcome.leave_out(edges.is_claim & (is_hard[a] | is_hard[b]), UNVERIFIED_CLAIM, softer)
    outcome.leave_out(edges.is_probable, _POSTPONED, softer)
    # Hard identifiers by what they were merged into, everything else by itself.
    owner = outcome.components(decided)
    outcome.leave_out_all_of(_touches_two(outcome, nodes.hard_kind, ~is_hard, owner), SHARED_IDENTIFIER)
    outcome.leave_out_all_of(_over_limit(outcome, limits), OVER_LIMIT)
    if accounts:
        outcome.leave_out_all_of(_surrounds_more(outcome, owner, accounts), SHARED_IDENTIFIER)
    outcome.leave_out_all_of(
        _touches_two(outcome, nodes.device_kind, nodes.is_click, np.arange(len(nodes))), SHARED_CLICK
    )
    outcome.keep(decided)
    outcome.take_up_postponed()
    _without_conflicts(outcome, decided)
    if cap:
        _within_cap(outcome, cap)
    return Resolution(outcome.components(), outcome.reason, outcome.culprit)


class _Outcome:
    """The verdict on every edge so far."""

    def __init__(self, nodes: Nodes, edges: Edges) -> None:
        self.nodes, self.edges = nodes, edges
        self.reason = np.zeros(len(edges), np.int8)
        self.culprit = np.full(len(edges), NOBODY, np.int64)
        self.found_guilty = np.full(len(nodes), KEPT, np.int8)  # per node, why it joins nobody

    @property
    def kept(self) -> Flags:
        kept: Flags = self.reason == KEPT
        return kept

    def keep(self, which: Flags) -> None:
        self.reason[which] = KEPT
        self.culprit[which] = NOBODY

    def leave_out(self, which: Flags, reason: int, culprit: Numbers) -> None:
        """Leave out edges that are not yet, each by the fault of one of its ends."""
        which = which & self.kept
        self.reason[which] = reason
        self.culprit[which] = culprit[which]

    def leave_out_all_of(self, guilty: Flags, reason: int) -> None:
        """Leave out every edge of the guilty nodes."""
        if not guilty.any():
            return
        a, b = self.edges.a, self.edges.b
        self.leave_out(guilty[a] | guilty[b], reason, np.where(guilty[a], a, b))
        self.found_guilty[guilty] = reason

    def take_up_postponed(self) -> None:
        """Keep the postponed edges but those of a node that lost its others."""
        a, b = self.edges.a, self.edges.b
        postponed = self.reason == _POSTPONED
        self.keep(postponed)
        for reason in (SHARED_IDENTIFIER, OVER_LIMIT, SHARED_CLICK):
            guilty = self.found_guilty == reason
            self.leave_out(postponed & (guilty[a] | guilty[b]), reason, np.where(guilty[a], a, b))

    def both_ways(self) -> tuple[Numbers, Numbers]:
        """Ends of the edges kept so far, each edge once in each direction."""
        a, b = self.edges.a[self.kept], self.edges.b[self.kept]
        return np.concatenate([a, b]), np.concatenate([b, a])

    def busier(self) -> Numbers:
        """Per edge, the end with more edges, the softer one where the other is an account."""
        a, b, size = self.edges.a, self.edges.b, len(self.nodes)
        degree = np.bincount(a, minlength=size) + np.bincount(b, minlength=size)
        degree[self.nodes.hard_kind > 0] = 0
        busier: Numbers = np.where(degree[a] >= degree[b], a, b)
        return busier

    def components(self, only: Flags | None = None) -> Numbers:
        kept = self.kept if only is None else only
        size = len(self.nodes)
        ends = (self.edges.a[kept], self.edges.b[kept])
        graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(size, size))
        labels: Numbers = connected_components(graph, directed=False)[1].astype(np.int64)
        return labels

    def strongest_first(self, which: Flags) -> Numbers:
        edges = np.flatnonzero(which)
        e = self.edges
        order: Numbers = edges[np.lexsort((e.b[edges], e.a[edges], e.first_seen[edges], e.priority[edges]))]
        return order


def _touches_two(outcome: _Outcome, group: Numbers, of: Flags, owner: Numbers) -> Flags:
    """Per node in `of`: does it share an edge with nodes of one non-zero group that two or more owners have?"""
    centre, other = outcome.both_ways()
    wanted = of[centre] & (group[other] > 0)
    found = np.zeros(len(outcome.nodes), dtype=bool)
    groups = int(group.max(initial=0)) + 1
    key, owners = centre[wanted] * groups + group[other[wanted]], owner[other[wanted]]
    found[_keys_with_two_values(key, owners) // groups] = True
    return found


def _surrounds_more(outcome: _Outcome, owner: Numbers, most: int) -> Flags:
    """Per soft node: do its soft neighbours share an edge with hard nodes of one kind of more than `most` owners?

    Called when no soft node has two owners of one kind any more, so each neighbour stands for at most one of a kind.
    """
    hard_kind = outcome.nodes.hard_kind
    found = np.zeros(len(hard_kind), dtype=bool)
    centre, other = outcome.both_ways()
    between = (hard_kind[centre] == 0) & (hard_kind[other] == 0) & ~outcome.nodes.is_click[centre]
    centre, other = centre[between], other[between]
    for kind in np.unique(hard_kind[hard_kind > 0]):
        account = np.full(len(hard_kind), NOBODY, np.int64)
        for soft, hard in ((outcome.edges.a, outcome.edges.b), (outcome.edges.b, outcome.edges.a)):
            direct = outcome.kept & (hard_kind[hard] == kind) & (hard_kind[soft] == 0)
            account[soft[direct]] = owner[hard[direct]]
        known = account[other] != NOBODY
        pairs = np.unique(centre[known] * len(hard_kind) + account[other[known]])
        found |= np.bincount(pairs // len(hard_kind), minlength=len(hard_kind)) > most
    return found


def _keys_with_two_values(key: Numbers, value: Numbers) -> Numbers:
    """Keys that occur with more than one distinct value: those whose least value is not their greatest."""
    if not len(key):
        return key
    order = np.argsort(key)
    key, value = key[order], value[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    differs = np.minimum.reduceat(value, starts) != np.maximum.reduceat(value, starts)
    repeated: Numbers = key[starts[differs]]
    return repeated


def _over_limit(outcome: _Outcome, limits: Sequence[Limit]) -> Flags:
    """Per node: does any window hold more of another type than a limit of its own type allows?

    A pair is one edge, so an edge is a different other, first seen when the edge was.
    """
    edges, types, kept = outcome.edges, outcome.nodes.type, outcome.kept
    guilty = np.zeros(len(outcome.nodes), dtype=bool)
    kinds = int(types.max(initial=0)) + 1
    windows: dict[int, list[Limit]] = {}  # by pair of types, as one number
    for limit in limits:
        if max(limit.type, limit.other) < kinds:
            windows.setdefault(limit.type * kinds + limit.other, []).append(limit)
    is_limited = np.zeros(kinds * kinds, dtype=bool)
    is_limited[list(windows)] = True
    centres, pairs, times = [], [], []
    for centre, other in ((edges.a, edges.b), (edges.b, edges.a)):
        pair = types[centre] * kinds + types[other]
        wanted = is_limited[pair] & kept
        centres.append(centre[wanted])
        pairs.append(pair[wanted])
        times.append(edges.first_seen[wanted])
    middle, pair, seen = np.concatenate(centres), np.concatenate(pairs), np.concatenate(times)
    order = np.lexsort((seen, middle, pair))
    middle, pair, seen = middle[order], pair[order], seen[order]
    for number, limit in ((number, limit) for number, several in windows.items() for limit in several):
        start, end = np.searchsorted(pair, (number, number + 1))
        # In order of time, a window is over-full where the edge `most` places later still lies inside it.
        first, last = slice(start, max(start, end - limit.most)), slice(min(start + limit.most, end), end)
        crowded = (middle[last] == middle[first]) & (seen[last] - seen[first] < limit.window)
        guilty[middle[last][crowded]] = True
    return guilty


def _without_conflicts(outcome: _Outcome, decided: Flags) -> None:
    """Leave out the edges by which a component comes to hold two hard identifiers of one kind."""
    hard_kind = outcome.nodes.hard_kind
    label = outcome.components()
    merged = outcome.components(decided & outcome.kept)
    hard = np.flatnonzero(hard_kind > 0)
    kinds = int(hard_kind.max(initial=0)) + 1
    conflicting = np.zeros(len(label), dtype=bool)
    conflicting[_keys_with_two_values(label[hard] * kinds + hard_kind[hard], merged[hard]) // kinds] = True
    if not conflicting.any():
        return
    order = outcome.strongest_first(conflicting[label[outcome.edges.a]] & outcome.kept)
    joining = np.zeros(len(outcome.edges), dtype=bool)
    joining[_edges_that_would_join(order, outcome, decided)] = True
    outcome.leave_out(joining, HARD_CONFLICT, outcome.busier())


def _edges_that_would_join(order: Numbers, outcome: _Outcome, decided: Flags) -> Numbers:
    """Grow the components edge by edge; return the edges that would join two hard identifiers of one kind.

    Only components that hold a conflict come here, so the loop is over exceptions, not over the data.
    """
    edges, hard_kind = outcome.edges, outcome.nodes.hard_kind
    parent: dict[int, int] = {}
    kinds: dict[int, int] = {}  # root -> the hard kinds it holds, one bit each

    def find(node: int) -> int:
        root = node
        while (above := parent.get(root, root)) != root:
            root = above
        while (above := parent.get(node, node)) != root:
            parent[node], node = root, above
        return root

    left_out = []
    for edge, a, b, explicit in zip(
        order.tolist(), edges.a[order].tolist(), edges.b[order].tolist(), decided[order].tolist(), strict=True
    ):
        left, right = find(a), find(b)
        if left == right:
            continue
        mine = kinds[left] if left in kinds else _bit(hard_kind[left])
        theirs = kinds[right] if right in kinds else _bit(hard_kind[right])
        if mine & theirs and not explicit:
            left_out.append(edge)
            continue
        parent[right] = left
        kinds[left] = mine | theirs
    return np.array(left_out, np.int64)


def _bit(kind: np.int64) -> int:
    return 1 << int(kind) - 1 if kind else 0


def _within_cap(outcome: _Outcome, cap: int) -> None:
    """Take components apart that hold more identifiers than any person has."""
    edges, busier = outcome.edges, outcome.busier()
    for spared in (~edges.is_probable, edges.is_deterministic, np.zeros(len(edges), dtype=bool)):
        label = outcome.components()
        size = np.bincount(label, weights=~outcome.nodes.is_click)
        outcome.leave_out((size > cap)[label[edges.a]] & ~spared, OVER_CAP, busier)
