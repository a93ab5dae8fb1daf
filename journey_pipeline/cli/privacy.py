"""`journey erase` and `journey access`: what a person may ask for."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from journey_pipeline.cli.terminal import FAULT, REFUSED, HomeOption, err, fail, out, shown
from journey_pipeline.settings import Settings, load

if TYPE_CHECKING:
    from journey_pipeline.privacy import Erasure, Plan

app = typer.Typer()

EmailOption = Annotated[str | None, typer.Option("--email", help="Their e-mail address; - reads it from stdin.")]
PhoneOption = Annotated[str | None, typer.Option("--phone", help="Their number with its country; - reads stdin.")]
CookieOption = Annotated[str | None, typer.Option("--cookie", help="The id in a cookie of theirs; - reads stdin.")]
IdOption = Annotated[
    str | None, typer.Option("--id", metavar="KIND=VALUE", help="Any other, as hubspot_contact_id=51; - reads stdin.")
]


@app.command()
def erase(
    email: EmailOption = None,
    phone: PhoneOption = None,
    cookie: CookieOption = None,
    identifier: IdOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, in counts, and change nothing.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Erase a person from lake, inbox, warehouse and releases, keep them out, and write a receipt.

    An erasure that was interrupted goes on when the command is given again, with the identifier or without.
    """
    from journey_pipeline import privacy
    from journey_pipeline.run_lock import RunLocked, run_lock

    settings = load(home)
    asked = _asked(email, phone, cookie, identifier)
    try:
        with run_lock(settings.home):
            begun = privacy.pending(settings)
            if not asked and (begun is None or dry_run):
                fail("name the person: --email, --phone, --cookie or --id KIND=VALUE", REFUSED)
            if dry_run:
                _show(privacy.plan(settings, asked))
                return
            if begun is not None:
                err.print(f"going on with the erasure {begun.request_id}")
                _say(privacy.erase(settings, [], lambda: rebuild(settings), lambda: datetime.now(UTC)))
            if asked and not (begun is not None and begun.is_about(asked)):
                _say(privacy.erase(settings, asked, lambda: rebuild(settings), lambda: datetime.now(UTC)))
    except privacy.Nobody as nobody:
        fail(f"nobody: {nobody}", REFUSED)
    except (RunLocked, privacy.Incomplete) as refusal:
        fail(str(refusal), FAULT)


def _say(done: Erasure) -> None:
    out.print(f"erased: {sum(done.records.values()):,} records of {len(done.records)} source objects")
    out.print(f"  releases deleted  {len(done.releases)}")
    out.print(f"  receipt           {shown(done.receipt)}", soft_wrap=True)


@app.command()
def access(
    to: Annotated[Path, typer.Option("--out", help="A zip to write; only you may read it.")],
    email: EmailOption = None,
    phone: PhoneOption = None,
    cookie: CookieOption = None,
    identifier: IdOption = None,
    home: HomeOption = None,
) -> None:
    """Write what is held of a person: their records as delivered, and what was made of them."""
    from journey_pipeline import privacy

    settings = load(home)
    asked = _asked(email, phone, cookie, identifier)
    if not asked:
        fail("name the person: --email, --phone, --cookie or --id KIND=VALUE", REFUSED)
    try:
        found = privacy.disclose(settings, asked, to, datetime.now(UTC))
    except privacy.Nobody as nobody:
        fail(f"nobody: {nobody}", REFUSED)
    except FileExistsError:
        fail(f"{shown(to)} is there already; name another file", FAULT)
    out.print(
        f"{sum(found.records.values()):,} records of {len(found.records)} source objects and "
        f"{sum(found.rows.values()):,} rows of {len(found.rows)} released tables in {shown(to)}",
        soft_wrap=True,
    )
    if found.left_out:
        out.print(f"{found.left_out:,} records that name other people as well were left out")


def _asked(email: str | None, phone: str | None, cookie: str | None, identifier: str | None) -> list[tuple[str, str]]:
    from journey_pipeline.dbt_sources import identifier_types
    from journey_pipeline.privacy import devices

    asked = []
    if email is not None:
        asked.append(("email", _value(email)))
    if phone is not None:
        asked.append(("phone", _value(phone)))
    if cookie is not None:
        value = _value(cookie)
        asked += [(kind, value) for kind in devices()]
    if identifier is not None:
        kind, _, value = _value(identifier).partition("=")
        if kind not in identifier_types() or not value:
            fail(f"--id takes KIND=VALUE; kinds are {', '.join(sorted(identifier_types()))}", REFUSED)
        asked.append((kind, _value(value)))
    return asked


def _value(given: str) -> str:
    """What was given, or a line of stdin, so that no history of a shell needs to hold it."""
    return sys.stdin.readline().strip() if given == "-" else given.strip()


def _show(found: Plan) -> None:
    out.print("would erase, and change nothing else:")
    for name, records in found.records.items():
        told = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(records.items()))
        out.print(f"  {name:<32} {told}")
    out.print(f"known by: {', '.join(f'{count} {kind}' for kind, count in found.kinds.items())}", soft_wrap=True)
    if found.shared:
        told = ", ".join(f"{count} {kind}" for kind, count in found.shared.items())
        out.print(f"shared with others, and kept: {told}", soft_wrap=True)
    out.print(f"files of the inbox to delete: {found.inbox_files}; held files: {found.held_files}")
    out.print(f"releases to delete: {', '.join(found.releases) or 'none'}", soft_wrap=True)


def rebuild(settings: Settings) -> str:
    """Build the week of the published release anew; the id of what was published, or the end of the command."""
    from zoneinfo import ZoneInfo

    from journey_pipeline import release, running, weeks
    from journey_pipeline.cli.run import StepPrinter

    served = release.current(settings.home)
    monday = (
        served.as_of.astimezone(ZoneInfo(settings.time_zone)).date()
        if served
        else weeks.last_complete_week_end(datetime.now(UTC), settings.time_zone)
    )
    err.print(f"building the week that ends on {monday:%A %d %B %Y}")
    outcome = running.execute(settings, monday, None, StepPrinter())
    if outcome.release_id is None:
        for line in [*outcome.refusals, *outcome.faults]:
            err.print(f"  {line}", soft_wrap=True, markup=False)
        fail(
            "nothing was published, so earlier releases still say what they said; mend what is named, then give the "
            "command again, or after a new key `journey run`",
            REFUSED if outcome.refusals else FAULT,
        )
    return outcome.release_id
