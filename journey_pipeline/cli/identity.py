"""`journey identity`: who is who, and the key that keeps it secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from journey_pipeline.cli.terminal import (
    FAULT,
    REFUSED,
    HomeOption,
    fail,
    out,
    shown,
)
from journey_pipeline.settings import load

if TYPE_CHECKING:
    from journey_pipeline.identity_explain import Explanation

app = typer.Typer(no_args_is_help=True, help="Who is who, and the key that keeps it secret.")


@app.command("explain")
def identity_explain(
    identifier: Annotated[str, typer.Argument(help="An e-mail address, account, order number, cookie, phone...")],
    home: HomeOption = None,
) -> None:
    """The chain of evidence from an identifier to its customer, and what would happen without each link of it."""
    import duckdb

    from journey_pipeline import pseudonyms
    from journey_pipeline.identity_explain import explain

    settings = load(home)
    if not settings.warehouse.exists():
        fail("nothing has been built yet; `journey run` builds", FAULT)
    with duckdb.connect(str(settings.warehouse), read_only=True, config=settings.duckdb_config()) as connection:
        pseudonyms.add_function(connection, pseudonyms.key_of(settings))
        found = explain(connection, identifier)
    if not found:
        fail("no file that was loaded tells this identifier", FAULT)
    for one in found:
        for line in _explained(identifier.strip(), one):
            out.print(line, soft_wrap=True, markup=False, highlight=False)


def _explained(typed: str, one: Explanation) -> Iterator[str]:
    if one.customer_id is None:
        yield f"{typed} ({one.identifier_type}) is blocked: a placeholder or a role mailbox joins nobody"
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(one.types.items()))
    yield f"{typed} ({one.identifier_type}) belongs to {one.customer_id}: {counts}"
    for step in one.chain:
        yield f"  {step.here} = {step.there}"
        yield f"    {step.evidence}, told by {step.sources}, first seen {step.first_seen_at:%Y-%m-%d %H:%M} UTC"
        if step.apart is None:
            yield "    without this link: nothing changes, other links hold the two together"
        else:
            yield f"    without this link: two customers, of {step.apart[0]} and {step.apart[1]} identifiers"
    if not one.chain:
        yield "  the customer is named after it" if one.named_after else "  what named the customer is told no more"
    for link in one.left_out:
        yield f"  not joined to {link.there}: {link.reason} by {link.culprit} ({link.evidence}, told by {link.sources})"


@app.command("new-key")
def identity_new_key(home: HomeOption = None) -> None:
    """Make the key of the pseudonyms for a home that has none. Every customer has another id from then on."""
    from journey_pipeline import pseudonyms

    settings = load(home)
    pseudonyms.new_key(settings)
    out.print(f"made {shown(settings.pseudonym_file)}; keep a copy: whoever loses it loses every customer's id")


@app.command("rotate-key")
def identity_rotate_key(home: HomeOption = None) -> None:
    """Make a new key in place of the home's and build the published week anew. Every customer has another id then.

    Releases of before keep the old ids until they go. Who was erased stays so: that list has a key of its own.
    """
    from journey_pipeline import privacy, pseudonyms
    from journey_pipeline.cli.privacy import rebuild
    from journey_pipeline.run_lock import RunLocked, run_lock

    settings = load(home)
    try:
        with run_lock(settings.home):
            if privacy.pending(settings) is not None:
                fail("an erasure was begun and looks for the old pseudonyms; `journey erase` first", REFUSED)
            pseudonyms.rotate_key(settings)
            out.print(f"published {rebuild(settings)} under a new key; keep a copy of {shown(settings.pseudonym_file)}")
    except RunLocked as refusal:
        fail(str(refusal), FAULT)


SegmentOption = Annotated[str | None, typer.Option("--segment", help="Only a segment, as lifecycle:new.")]
