"""The laws of identity resolution: order never matters, hard identifiers never merge by coincidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline.identity import HARD_CONFLICT, KEPT, SHARED_CLICK, SHARED_IDENTIFIER, Resolution, resolve

LOGIN, SHOP = 1, 2


def run(
    edges: list[tuple[int, int]],
    hard: dict[int, int] | None = None,
    click: set[int] | None = None,
    device: dict[int, int] | None = None,
    priority: list[int] | None = None,
    nodes: int = 0,
) -> Resolution:
    size = max([nodes, *(n + 1 for edge in edges for n in edge)])
    hard_kind = np.zeros(size, np.int16)
    for node, kind in (hard or {}).items():
        hard_kind[node] = kind
    device_kind = np.zeros(size, np.int16)
    for node, kind in (device or {}).items():
        device_kind[node] = kind
    is_click = np.zeros(size, bool)
    is_click[list(click or ())] = True
    a = np.array([edge[0] for edge in edges], np.int64)
    b = np.array([edge[1] for edge in edges], np.int64)
    strength = np.array(priority or [3] * len(edges), np.int64)
    return resolve(a, b, strength, np.arange(len(edges)), hard_kind, is_click, device_kind)


def together(resolution: Resolution, *nodes: int) -> bool:
    return len({int(resolution.label[node]) for node in nodes}) == 1


def test_a_chain_of_a_thousand_identifiers_is_one_customer() -> None:
    assert together(run([(i, i + 1) for i in range(1000)]), *range(1001))


def test_a_tablet_two_people_log_in_on_joins_neither() -> None:
    tablet, one, other, mail = 0, 1, 2, 3
    resolution = run([(tablet, one), (tablet, other), (one, mail)], hard={one: LOGIN, other: LOGIN})
    assert list(resolution.reason) == [SHARED_IDENTIFIER, SHARED_IDENTIFIER, KEPT]
    assert not together(resolution, one, other)
    assert not together(resolution, tablet, one)
    assert together(resolution, one, mail)


def test_a_forwarded_ad_link_joins_no_two_devices() -> None:
    click, phone, laptop = 0, 1, 2
    resolution = run([(click, phone), (click, laptop)], click={click}, device={phone: 1, laptop: 1})
    assert list(resolution.reason) == [SHARED_CLICK, SHARED_CLICK]


def test_one_browser_seen_by_two_trackers_is_no_forwarded_link() -> None:
    click, tracker, other_tracker = 0, 1, 2
    edges = [(click, tracker), (click, other_tracker)]
    assert together(run(edges, click={click}, device={tracker: 1, other_tracker: 2}), click, tracker, other_tracker)


def test_a_click_joins_its_device_to_the_form_it_led_to() -> None:
    click, device, mail = 0, 1, 2
    assert together(run([(click, device), (click, mail)], click={click}, device={device: 1}), click, device, mail)


def test_two_logins_never_merge_through_soft_identifiers_however_long_the_way() -> None:
    one, other = 0, 9
    edges = [(one, 1), (1, 2), (2, 3), (3, other)]
    resolution = run(edges, hard={one: LOGIN, other: LOGIN}, priority=[1, 3, 5, 1])
    assert not together(resolution, one, other)
    # The weakest edge of the way is the one left out.
    assert resolution.reason[2] == HARD_CONFLICT
    assert together(resolution, one, 1, 2)
    assert together(resolution, 3, other)


def test_hard_identifiers_of_different_kinds_are_one_person() -> None:
    assert together(run([(0, 1), (1, 2)], hard={0: LOGIN, 2: SHOP}), 0, 1, 2)


def test_an_explicit_merge_of_two_logins_is_obeyed() -> None:
    resolution = run([(0, 1), (0, 2), (1, 3)], hard={0: LOGIN, 1: LOGIN}, priority=[0, 3, 3])
    assert together(resolution, 0, 1, 2, 3)


def test_no_edges_leaves_every_identifier_alone() -> None:
    assert len(set(run([], nodes=4).label.tolist())) == 4


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[int, int]], dict[int, int], list[int]]:
    nodes = draw(st.integers(2, 12))
    pairs = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda p: p[0] != p[1])
    edges = draw(st.lists(pairs, min_size=1, max_size=25, unique_by=lambda p: tuple(sorted(p))))
    hard = draw(st.dictionaries(st.integers(0, nodes - 1), st.sampled_from([LOGIN, SHOP]), max_size=5))
    return edges, {n: k for n, k in hard.items() if n < nodes}, draw(st.permutations(range(len(edges))))


@given(graphs())
def test_any_order_of_edges_gives_the_same_customers(graph: tuple[list, dict, list]) -> None:  # type: ignore[type-arg]
    edges, hard, order = graph
    size = max(n for e in edges for n in e) + 1
    hard = {n: k for n, k in hard.items() if n < size}
    hard_kind = np.zeros(size, np.int16)
    hard_kind[list(hard)] = list(hard.values())
    none, no_device = np.zeros(size, bool), np.zeros(size, np.int16)
    a, b = (np.array([e[i] for e in edges], np.int64) for i in (0, 1))
    priority, seen = np.array([(e[0] + e[1]) % 3 + 1 for e in edges]), np.array([e[0] * 7 % 5 for e in edges])
    straight = resolve(a, b, priority, seen, hard_kind, none, no_device)
    shuffled = resolve(*(x[order] for x in (a, b, priority, seen)), hard_kind, none, no_device)
    same = {tuple(np.flatnonzero(straight.label == label)) for label in straight.label}
    assert same == {tuple(np.flatnonzero(shuffled.label == label)) for label in shuffled.label}
    assert (straight.reason[order] == shuffled.reason).all()


@given(graphs())
def test_no_customer_ever_holds_two_logins_that_no_merge_joined(graph: tuple[list, dict, list]) -> None:  # type: ignore[type-arg]
    edges, hard, _ = graph
    size = max(n for e in edges for n in e) + 1
    hard = {n: k for n, k in hard.items() if n < size}
    edges = [e for e in edges if not (e[0] in hard and e[1] in hard)]
    if not edges:
        return
    resolution = run(edges, hard=hard, nodes=size)
    owners = [(int(resolution.label[node]), kind) for node, kind in hard.items()]
    assert len(owners) == len(set(owners))


@pytest.mark.parametrize("strong_first", [True, False])
def test_the_stronger_evidence_wins_a_conflict_wherever_it_stands(strong_first: bool) -> None:
    edges, priority = [(0, 2), (2, 3), (3, 1)], [1, 3, 2]
    if not strong_first:
        edges, priority = edges[::-1], priority[::-1]
    resolution = run(edges, hard={0: LOGIN, 1: LOGIN}, priority=priority)
    assert together(resolution, 0, 2)
    assert together(resolution, 3, 1)
