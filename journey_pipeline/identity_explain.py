"""Why an identifier belongs to its customer: the chain of evidence, and what each link of it holds together.

Reads what the identity step left in the warehouse. The identifier is shown as it was typed; every other by its kind and
the start of its pseudonym. Must not be here: resolving (`identity`), printing.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import duckdb


class Link(NamedTuple):
    """A pair of pseudonyms that belong together, as `identity.links` has it."""

    here: str
    there: str
    evidence: str
    sources: str
    first_seen_at: datetime


@dataclass(frozen=True)
class Step:
    """One link of a chain.

    Attributes:
        here, there: its two ends as they may be shown, in the direction of the chain.
        evidence: why the two belong together.
        sources: who says so.
        first_seen_at: since when (UTC).
        apart: identifiers of the two customers there would be without it; None where another way joins them.
    """

    here: str
    there: str
    evidence: str
    sources: str
    first_seen_at: datetime
    apart: tuple[int, int] | None


@dataclass(frozen=True)
class LeftOut:
    """A link that a guard left out."""

    there: str
    reason: str
    culprit: str
    evidence: str
    sources: str


@dataclass(frozen=True)
class Explanation:
    """What is known of one identifier.

    Attributes:
        identifier_type: kind under which it is known.
        customer_id: its customer; None for a value that identifies nobody.
        types: identifiers of the customer by kind.
        chain: links from it to the identifier its customer is named after, none when it is that.
        named_after: that identifier as it may be shown; None when no file tells it any more.
        left_out: its links that a guard left out.
    """

    identifier_type: str
    customer_id: str | None
    types: Mapping[str, int]
    chain: Sequence[Step]
    named_after: str | None
    left_out: Sequence[LeftOut]


def explain(connection: duckdb.DuckDBPyConnection, typed: str) -> list[Explanation]:
    """Explain an identifier under every kind it is known as; none when no file tells it.

    Args:
        connection: the warehouse after an identity step, with `pseudonym` (`pseudonyms.add_function`).
        typed: the identifier in any common spelling, such as ` Maya@Example.com `.
    """
    found = connection.execute(
        """
        with wanted as (
            select identifier_type, pseudonym(identifier_type, spelling)::varchar as identifier_hash
            from seeds.identifier_types cross join (select unnest(?) as spelling)
        )
        select distinct identifiers.identifier_hash, identifiers.identifier_type, identifiers.customer_id
        from identity.identifiers as identifiers inner join wanted using (identifier_type, identifier_hash)
        order by identifier_type, identifier_hash
        """,
        [list(_spellings(typed))],
    ).fetchall()
    return [_explained(connection, pseudonym, kind, customer_id, typed) for pseudonym, kind, customer_id in found]


def _spellings(typed: str) -> Iterator[str]:
    """The ways staging may have written what somebody types."""
    plain = typed.strip()
    yield from dict.fromkeys((plain, plain.lower(), plain.lstrip("#")))
    digits = re.sub(r"[^0-9+]", "", plain)
    if re.fullmatch(r"(\+|00)[0-9]{8,15}", digits):
        yield "+" + digits.removeprefix("00").removeprefix("+")


def _explained(
    connection: duckdb.DuckDBPyConnection, pseudonym: str, kind: str, customer_id: str | None, typed: str
) -> Explanation:
    kinds = dict(
        connection.execute(
            "select identifier_hash, identifier_type from identity.identifiers where customer_id = ?", [customer_id]
        ).fetchall()
    )
    rows = connection.execute(
        """
        select a_hash, b_hash, evidence, array_to_string(sources, ', '), first_seen_at from identity.links
        where a_hash in (select identifier_hash from identity.identifiers where customer_id = ?) order by all
        """,
        [customer_id],
    ).fetchall()
    links = [Link(*row) for row in rows]

    def shown(end: str, of: str | None = None) -> str:
        return typed.strip() if end == pseudonym else f"{of or kinds[end]} #{end[:8]}"

    anchor = next((end for end in kinds if customer_id == f"cus_{end.replace('-', '')[:16]}"), None)
    left_out = connection.execute(
        """
        select if(a_hash = $1, b_hash, a_hash), if(a_hash = $1, b_type, a_type), reason, culprit_hash, culprit_type,
            evidence, array_to_string(sources, ', ')
        from identity.exceptions where $1 in (a_hash, b_hash) order by all
        """,
        [pseudonym],
    ).fetchall()
    return Explanation(
        kind,
        customer_id,
        Counter(kinds.values()),
        [
            Step(
                shown(link.here),
                shown(link.there),
                link.evidence,
                link.sources,
                link.first_seen_at,
                _apart(links, link.here, link.there),
            )
            for link in chain(links, pseudonym, anchor)
        ],
        shown(anchor) if anchor else None,
        [
            LeftOut(shown(there, of), reason, shown(culprit, culprit_type), *told)
            for there, of, reason, culprit, culprit_type, *told in left_out
        ],
    )


def chain(links: Sequence[Link], start: str, goal: str | None) -> list[Link]:
    """The fewest links from start to goal, each turned the way it is walked; none where there is no goal."""
    ways = _neighbours(links)
    came_by: dict[str, Link] = {}
    waiting = deque([start])
    while waiting and goal is not None and goal not in came_by and goal != start:
        here = waiting.popleft()
        for link in ways.get(here, ()):
            if link.there != start and link.there not in came_by:
                came_by[link.there] = link
                waiting.append(link.there)
    walked: list[Link] = []
    while goal is not None and goal in came_by:
        walked.insert(0, came_by[goal])
        goal = came_by[goal].here
    return walked


def _apart(links: Sequence[Link], here: str, there: str) -> tuple[int, int] | None:
    """Sizes of the two parts that fall asunder without the link; None when they hold together."""
    ways = _neighbours(link for link in links if {link.here, link.there} != {here, there})
    mine = _reachable(ways, here)
    return None if there in mine else (len(mine), len(_reachable(ways, there)))


def _neighbours(links: Iterable[Link]) -> dict[str, list[Link]]:
    ways: dict[str, list[Link]] = {}
    for link in links:
        ways.setdefault(link.here, []).append(link)
        ways.setdefault(link.there, []).append(link._replace(here=link.there, there=link.here))
    return ways


def _reachable(ways: Mapping[str, Sequence[Link]], start: str) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for link in ways.get(waiting.pop(), ()):
            if link.there not in seen:
                seen.add(link.there)
                waiting.append(link.there)
    return seen
