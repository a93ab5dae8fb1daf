"""The laws of identity resolution: order never matters, hard identifiers never merge by coincidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline.identity import (
    HARD_CONFLICT,
    KEPT,
    NOBODY,
    OVER_CAP,
    OVER_LIMIT,
    SHARED_CLICK,
    SHARED_IDENTIFIER,
    UNVERIFIED_CLAIM,
    Edges,
    Limit,
    Nodes,
    Resolution,
    resolve,
)

LOGIN, SHOP = 1, 2
DAY = 86_400_000_000


def run(
    edges: list[tuple[int, int]],
    hard: dict[int, int] | None = None,
    click: set[int] | None = None,
    device: dict[int, int] | None = None,
    priority: list[int] | None = None,
    nodes: int = 0,
    types: dict[int, int] | None = None,
    claims: set[int] | None = None,
    deterministic: set[int] | None = None,
    probable: set[int] | None = None,
    seen: list[int] | None = None,
    limits: tuple[Limit, ...] = (),
    cap: int = 0,
    accounts: int = 0,
) -> Resolution:
    """Resolve a small graph; everything but the edges is by node or by number of the edge."""
    size = max([nodes, *(n + 1 for edge in edges for n in edge)])
    return resolve(
        Nodes(_numbers(size, types), _numbers(size, hard), _numbers(size, device), _flags(size, click)),
        Edges(
            np.array([edge[0] for edge in edges], np.int64),
            np.array([edge[1] for edge in edges], np.int64),
            np.array(priority or [3] * len(edges), np.int64),
            np.array(seen or range(len(edges)), np.int64),
            _flags(len(edges), claims),
            _flags(len(edges), deterministic),
            _flags(len(edges), probable),
        ),
        limits,
        cap,
        accounts,
    )


def _numbers(size: int, given: dict[int, int] | None) -> np.ndarray:
    result = np.zeros(size, np.int64)
    for place, number in (given or {}).items():
        result[place] = number
    return result


def _flags(size: int, given: set[int] | None) -> np.ndarray:
    result = np.zeros(size, bool)
    result[list(given or ())] = True
    return result


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


def test_what_two_merged_logins_share_is_not_shared() -> None:
    old, new, mail = 0, 1, 2
    resolution = run([(mail, old), (mail, new), (old, new)], hard={old: LOGIN, new: LOGIN}, priority=[3, 3, 0])
    assert list(resolution.reason) == [KEPT] * 3
    assert together(resolution, old, new, mail)


def around(people: int) -> tuple[list[tuple[int, int]], dict[int, int]]:
    """A mailbox 0 on an order of each of some people with a login each, and on an order of somebody without."""
    logins, orders = range(1, people + 1), range(people + 1, 2 * people + 2)
    return [(0, order) for order in orders] + list(zip(logins, orders, strict=False)), dict.fromkeys(logins, LOGIN)


@pytest.mark.parametrize("strong", [0, 1])
def test_what_surrounds_more_accounts_than_a_couple_has_is_shared(strong: int) -> None:
    edges, hard = around(3)
    # Whatever was seen first and is stronger, the mailbox is at fault and not the orders.
    resolution = run(edges, hard=hard, accounts=2, priority=[3 - strong] * 4 + [2 + strong] * 3)
    assert list(resolution.reason) == [SHARED_IDENTIFIER] * 4 + [KEPT] * 3
    assert list(resolution.culprit[:4]) == [0] * 4
    assert all(together(resolution, login, login + 3) for login in hard)


def test_a_mailbox_of_a_couple_is_cut_between_the_two_alone() -> None:
    edges, hard = around(2)
    resolution = run(edges, hard=hard, accounts=2, priority=[3] * 3 + [1] * 2)
    assert sorted(resolution.reason) == [KEPT] * 4 + [HARD_CONFLICT]
    # The end with more ties is at fault, whichever was seen first.
    assert resolution.culprit[resolution.reason == HARD_CONFLICT] == [0]


def test_of_a_conflict_the_end_with_more_ties_is_at_fault() -> None:
    # An order that is older than the mailbox on it, and the mailbox on orders of two accounts.
    edges, hard = [(0, 3), (1, 4), (3, 2), (4, 2), (2, 5)], {0: LOGIN, 1: LOGIN}
    resolution = run([(min(e), max(e)) for e in edges], hard=hard, priority=[1, 1, 3, 3, 3])
    assert list(resolution.culprit[resolution.reason == HARD_CONFLICT]) == [2]
    resolution = run([(0, 1), (4, 2), (1, 3), (2, 3), (3, 5)], hard={0: LOGIN, 4: LOGIN}, priority=[1, 1, 3, 3, 3])
    assert list(resolution.culprit[resolution.reason == HARD_CONFLICT]) == [3]


def test_accounts_that_were_merged_count_once() -> None:
    edges, hard = around(3)
    resolution = run([*edges, (1, 2)], hard=hard, accounts=2, priority=[3] * 4 + [1] * 3 + [0])
    assert SHARED_IDENTIFIER not in set(resolution.reason)


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
    priority, seen = [(e[0] + e[1]) % 3 + 1 for e in edges], [e[0] * 7 % 5 for e in edges]
    claims, certain = {n for n in order if n % 4 == 3}, {n for n in order if n % 3}
    types, limits = {n: n % 3 for n in range(size)}, (Limit(0, 1, 2, 3), Limit(1, 1, 1, 9))

    def resolved(turns: list[int]) -> Resolution:
        at = {edge: place for place, edge in enumerate(turns)}
        return run(
            [edges[n] for n in turns],
            hard=hard,
            priority=[priority[n] for n in turns],
            seen=[seen[n] for n in turns],
            claims={at[n] for n in claims},
            deterministic={at[n] for n in certain},
            types=types,
            limits=limits,
            cap=5,
        )

    straight, shuffled = resolved(list(range(len(edges)))), resolved(list(order))
    same = {tuple(np.flatnonzero(straight.label == label)) for label in straight.label}
    assert same == {tuple(np.flatnonzero(shuffled.label == label)) for label in shuffled.label}
    assert (straight.reason[order] == shuffled.reason).all()
    assert (straight.culprit[order] == shuffled.culprit).all()


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


def test_a_form_that_names_a_login_makes_no_edge_to_it() -> None:
    victim, mail, browser = 0, 1, 2
    resolution = run([(mail, victim), (mail, browser)], hard={victim: LOGIN}, claims={0, 1})
    assert list(resolution.reason) == [UNVERIFIED_CLAIM, KEPT]
    assert resolution.culprit[0] == mail


def test_a_claim_that_a_login_confirms_is_no_claim() -> None:
    assert together(run([(0, 1)], hard={0: LOGIN}), 0, 1)


MAIL, ORDER = 1, 2


@pytest.mark.parametrize(("apart", "is_shared"), [(0, True), (DAY, True), (7 * DAY, False)])
def test_a_mailbox_of_too_many_orders_in_a_week_joins_nobody(apart: int, is_shared: bool) -> None:
    orders = list(range(1, 5))
    resolution = run(
        [(0, order) for order in orders],
        types={0: MAIL, **dict.fromkeys(orders, ORDER)},
        seen=[n * apart for n in range(4)],
        limits=(Limit(MAIL, ORDER, 3, 7 * DAY),),
    )
    assert together(resolution, 0, *orders) is not is_shared
    assert set(resolution.reason) == ({OVER_LIMIT} if is_shared else {KEPT})
    assert set(resolution.culprit) == ({0} if is_shared else {NOBODY})


@pytest.mark.parametrize("apart", [DAY, 9 * DAY])
def test_one_pair_of_types_may_have_limits_over_several_windows(apart: int) -> None:
    orders = list(range(1, 5))
    limits = (Limit(MAIL, ORDER, 1, 7 * DAY), Limit(MAIL, ORDER, 3, 90 * DAY))
    for declared in (limits, limits[::-1]):
        resolution = run(
            [(0, order) for order in orders],
            types={0: MAIL, **dict.fromkeys(orders, ORDER)},
            seen=[n * apart for n in range(4)],
            limits=declared,
        )
        assert set(resolution.reason) == {OVER_LIMIT}


def test_a_limit_is_reached_and_not_passed() -> None:
    types, limits = {0: MAIL, 1: ORDER, 2: ORDER, 3: ORDER}, (Limit(MAIL, ORDER, 3, DAY),)
    assert together(run([(0, 1), (0, 2), (0, 3)], types=types, limits=limits), 0, 1, 2, 3)


def test_a_limit_between_one_type_counts_both_ways() -> None:
    types, limits = dict.fromkeys(range(4), MAIL), (Limit(MAIL, MAIL, 2, DAY),)
    resolution = run([(0, 3), (3, 1), (2, 3)], types=types, limits=limits)
    assert list(resolution.reason) == [OVER_LIMIT] * 3


def test_a_customer_larger_than_any_person_keeps_what_is_certain() -> None:
    # Two pairs of a login system each, and a weak chain that makes one of them all.
    edges = [(0, 1), (2, 3), (1, 2), (3, 4), (4, 5)]
    resolution = run(edges, deterministic={0, 1}, cap=4)
    assert list(resolution.reason) == [KEPT, KEPT, OVER_CAP, OVER_CAP, OVER_CAP]


def test_a_customer_too_large_by_certain_evidence_alone_is_taken_apart() -> None:
    resolution = run([(n, n + 1) for n in range(5)], deterministic=set(range(5)), cap=4)
    assert len(set(resolution.label.tolist())) == 6


def test_clicks_make_nobody_too_large() -> None:
    assert together(run([(0, n) for n in range(1, 9)], click=set(range(1, 9)), cap=2), *range(9))


def test_one_conflict_costs_no_other_customer_an_edge() -> None:
    # Sixty customers in a row, every second pair joined by one weak edge that would merge two logins.
    edges = [(n, 100 + n) for n in range(60)] + [(100 + n, 101 + n) for n in range(0, 60, 2)]
    resolution = run(edges, hard=dict.fromkeys(range(60), LOGIN), priority=[1] * 60 + [5] * 30)
    assert list(resolution.reason) == [KEPT] * 60 + [HARD_CONFLICT] * 30
    assert (resolution.culprit[60:] >= 100).all()


def test_a_probable_link_costs_no_sure_edge() -> None:
    login_edges = [(0, 1), (1, 2)]  # one mailbox with a login; a probable link to a second login
    found = run(login_edges, hard={0: LOGIN, 2: LOGIN}, probable={1}, priority=[3, 6])
    assert found.reason.tolist() == [KEPT, HARD_CONFLICT]

    crowd = [(0, n) for n in range(1, 8)]
    found = run(crowd, types={0: 1, **dict.fromkeys(range(1, 8), 2)}, limits=(Limit(1, 2, 4, DAY),), probable={4, 5, 6})
    assert found.reason.tolist() == [KEPT] * 7


def test_a_probable_link_joins_nothing_that_a_guard_found_shared() -> None:
    crowd = [(0, n) for n in range(1, 8)]
    found = run(crowd, types={0: 1, **dict.fromkeys(range(1, 8), 2)}, limits=(Limit(1, 2, 4, DAY),), probable={6})
    assert found.reason.tolist() == [OVER_LIMIT] * 7


def test_a_probable_link_between_two_accounts_is_no_merge() -> None:
    assert run([(0, 1)], hard={0: LOGIN, 1: LOGIN}, probable={0}).reason.tolist() == [HARD_CONFLICT]
    assert run([(0, 1)], hard={0: LOGIN, 1: LOGIN}).reason.tolist() == [KEPT]


def test_a_customer_too_large_loses_its_probable_links_first() -> None:
    chain = [(n, n + 1) for n in range(9)]
    found = run(chain, probable={4}, cap=6)
    assert [found.reason[n] == OVER_CAP for n in range(9)] == [n == 4 for n in range(9)]
