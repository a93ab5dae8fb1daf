"""The `journey` command. Exit codes: 0 done, 1 fault, 2 refused by a gate or a contract.

Add a command as one function; what it does lives in the library. Heavy imports stay inside the commands that need
them: `journey --help` answers in under a second.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from journey_pipeline.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from journey_pipeline.identity_explain import Explanation
    from journey_pipeline.paths import Found
    from journey_pipeline.release import TableDifference
    from journey_pipeline.running import RunOutcome

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The customer-journey pipeline: vendor exports in, one trusted weekly release out.",
)
release_app = typer.Typer(no_args_is_help=True, help="The published releases of a home.")
app.add_typer(release_app, name="release")
identity_app = typer.Typer(no_args_is_help=True, help="Who is who, and the key that keeps it secret.")
app.add_typer(identity_app, name="identity")
experiment_app = typer.Typer(no_args_is_help=True, help="Experiments: how many people one needs, and the lot itself.")
app.add_typer(experiment_app, name="experiment")

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
DONE, FAULT, REFUSED = 0, 1, 2
_UNFINISHED = "skipped: its name says it is still being written; rename it when it is complete"

HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder that holds all state (or JOURNEY_HOME).")]
InboxOption = Annotated[Path | None, typer.Option("--inbox", help="Where exports arrive; <home>/inbox when unset.")]


@app.command()
def generate(
    customers: Annotated[int | None, typer.Option(min=10, help="People in the market.")] = None,
    weeks: Annotated[int | None, typer.Option(min=4, help="Weeks of history.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same bytes.")] = None,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The Monday it ends before.")] = None,
    home: Annotated[Path | None, typer.Option("--out", "--home", help="Home to write inbox/ and truth/ to.")] = None,
    if_absent: Annotated[bool, typer.Option("--if-absent", help="Do nothing when the inbox has files.")] = False,
    sources: Annotated[str | None, typer.Option(help="Only these sources, separated by commas, or all.")] = None,
    defects: Annotated[
        bool, typer.Option("--defects", help="Plant the rarer documented faults too; truth/defects.json counts them.")
    ] = False,
    plant: Annotated[
        str | None,
        typer.Option(help="A market with a known story: quiet, or broken_onboarding (truth/changes.parquet)."),
    ] = None,
) -> None:
    """Write a synthetic market in the vendors' real formats, with its truth beside it."""
    settings = load(home)
    if if_absent and settings.inbox_folder.exists() and any(settings.inbox_folder.iterdir()):
        out.print(f"{_shown(settings.inbox_folder)} already has files; nothing generated")
        return
    from rich.progress import Progress

    from journey_pipeline import world
    from journey_pipeline.world.assignment import UnknownSource
    from journey_pipeline.world.plants import UnknownPlant, plant_of

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("generating", total=1.0)
        try:
            market = world.generate(
                settings.home,
                customers=customers or world.DEFAULT_CUSTOMERS,
                weeks=weeks or world.DEFAULT_WEEKS,
                seed=world.DEFAULT_SEED if seed is None else seed,
                end=end.date() if end else world.DEFAULT_END,
                planted=defects,
                plant=plant_of(plant),
                sources=[name.strip() for name in sources.split(",") if name.strip()] if sources is not None else None,
                progress=lambda what, share: bar.update(task, description=what, completed=share),
            )
        except UnknownSource as unknown:
            _fail(f"--sources: {unknown}", REFUSED)
        except UnknownPlant as unknown:
            _fail(f"--plant: {unknown}", REFUSED)
        except (FileExistsError, ValueError) as refusal:
            _fail(str(refusal), FAULT)
    out.print(
        f"{market.customers:,} people, {market.touchpoints:,} touchpoints in {market.files:,} files "
        f"in {_shown(settings.inbox_folder)}",
        soft_wrap=True,
    )


@app.command()
def run(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="A Monday; the end of the last complete week when unset."),
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(help="Use only files loaded by then (UTC); reproduces an earlier release."),
    ] = None,
    inbox: InboxOption = None,
    home: HomeOption = None,
) -> None:
    """Ingest what is new, build everything, hold it against every gate, publish."""
    from journey_pipeline import (
        action_register,
        ingest,
        next_best_actions,
        preflight,
        pseudonyms,
        running,
        segment_rules,
        weeks,
    )
    from journey_pipeline.experiments import designs
    from journey_pipeline.run_lock import RunLocked

    settings = load(home, inbox)
    last = weeks.last_complete_week_end(datetime.now(UTC), settings.time_zone)
    monday = as_of.date() if as_of else last
    _require_monday(monday, last)
    if not settings.inbox_folder.exists() and not settings.lake.exists():
        _fail(
            f"no inbox at {_shown(settings.inbox_folder)}; put exports there, or try `journey generate`",
            FAULT,
        )
    try:
        segment_rules.load_rules()
        action_register.load()
        next_best_actions.load_rules()
        designs.load_designs()
    except (
        segment_rules.SegmentRuleError,
        action_register.ActionError,
        next_best_actions.NextBestActionError,
        designs.DesignError,
    ) as refusal:
        _fail(str(refusal), REFUSED)
    for name in ingest.unfinished(settings.inbox_folder):
        err.print(f"{ingest.safe_path(name)}: {_UNFINISHED}", markup=False, soft_wrap=True)
    pseudonyms.key_of(settings)
    err.print(f"building the week that ends on {monday:%A %d %B %Y} ({settings.time_zone})")
    try:
        preflight.require_room(settings)
        outcome = running.execute(settings, monday, known_at, _StepPrinter())
    except (RunLocked, preflight.NoRoom) as refusal:
        _fail(str(refusal), FAULT)
    _report(settings, outcome)


class _StepPrinter:
    """Says each step as it happens, with its word and time."""

    def __init__(self) -> None:
        self._started: dict[str, datetime] = {}

    def __call__(self, kind: str, step: str) -> None:
        name = step.replace("__", "/", 1)
        if kind == "start":
            self._started[step] = datetime.now(UTC)
            return
        seconds = (datetime.now(UTC) - self._started.get(step, datetime.now(UTC))).total_seconds()
        mark = {"success": "[green]done[/]", "failure": "[red]stopped[/]", "skipped": "[dim]skipped[/]"}[kind]
        if kind != "success" or seconds > 2 or not step.startswith("raw"):
            err.print(f"  {mark}  {name}  {seconds:.0f} s")


def _report(settings: Settings, outcome: RunOutcome) -> None:
    from journey_pipeline import release

    for line in outcome.warnings:
        err.print(f"  [yellow]warning[/] {escape(line)}", soft_wrap=True)
    current = release.current(settings.home)
    standing = f"published release is unchanged: {current.release_id}" if current else "nothing has been published yet"
    if outcome.release_id and current:
        if outcome.release_id != current.release_id:
            out.print(f"stored {outcome.release_id}; published stays at the newer {current.release_id}", soft_wrap=True)
            return
        folder = settings.home / "published"
        out.print(f"[bold green]published[/] {current.release_id}")
        out.print(f"  report   {_shown(folder / 'report' / 'index.html')}", soft_wrap=True)
        out.print(f"  BI file  {_shown(folder / 'journey.duckdb')}  (read-only; Parquet in tables/)", soft_wrap=True)
        return
    if outcome.refusals:
        err.print("[bold red]refused[/] by its gates; nothing was published", soft_wrap=True)
        for line in outcome.refusals:
            err.print(f"  {line}", soft_wrap=True, markup=False)
        for line in outcome.faults:
            err.print(f"  {line}", soft_wrap=True, markup=False)
        _fail(f"{standing}. Mend the file or the rule that is named, then `journey run` again", REFUSED)
    for line in outcome.faults:
        err.print(f"  {line}", soft_wrap=True, markup=False)
    _fail(f"the run broke (run {outcome.run_id}); {standing}. `journey ui` shows its log", FAULT)


@app.command()
def check(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders to hold against the contracts.")],
    contract: Annotated[str | None, typer.Option(help="Use this contract instead of finding one by name.")] = None,
) -> None:
    """Hold files against their contracts and load nothing; say what a new contract still lacks on its way."""
    from journey_pipeline import ingest
    from journey_pipeline.wiring import missing_steps

    try:
        contracts = ingest.load_contracts()
    except ingest.ContractError as error:
        _fail(str(error), REFUSED)
    if contract and contract not in contracts:
        _fail(f"no contract {contract!r}; known: {', '.join(contracts)}", FAULT)
    results = ingest.check(paths, contracts, contract)
    for result in results:
        if result.is_skipped:
            out.print(f"{ingest.safe_path(result.path)}: {_UNFINISHED}", markup=False, soft_wrap=True)
            continue
        counts = f"{result.accepted:,} of {result.records:,} records kept, {result.dropped:,} dropped by rule"
        verdict = str(result.fault) if result.fault else f"ok contract={result.contract} {counts}"
        belongs = [f"in the inbox it belongs into {result.belongs}/"] if result.belongs else []
        said = "; ".join([verdict, *(f"warning: {warning}" for warning in result.warnings), *belongs])
        out.print(f"{ingest.safe_path(result.path)}: {said}", markup=False, soft_wrap=True)
    if not results:
        _fail("no files there; name a file or a folder with exports", FAULT)
    steps = [s for name in sorted({r.contract for r in results if r.contract}) for s in missing_steps(contracts[name])]
    for step in steps:
        out.print(f"to do: {step}", markup=False, soft_wrap=True)
    if steps or any(result.fault for result in results):
        raise typer.Exit(REFUSED)


@app.command()
def status(home: HomeOption = None) -> None:
    """Sources, freshness, what is held back and the last release."""
    from rich.table import Table

    from journey_pipeline import ingest, release, weeks

    settings, contracts = load(home), ingest.load_contracts()
    lake, today = ingest.Lake(settings.lake), datetime.now(UTC)
    current = release.current(settings.home)
    said = _release_says(settings.home / "published" / "journey.duckdb") if current else _ReleaseSays()
    due = weeks.local_midnight_utc(weeks.last_complete_week_end(today, settings.time_zone), settings.time_zone)
    is_recent = current is not None and current.as_of.astimezone(UTC).replace(tzinfo=None) >= due
    table = Table(title=None, box=None, pad_edge=False)
    for column in ("source object", "files", "records", "newest data", "state", "held back"):
        is_text = column in ("source object", "newest data", "state")
        table.add_column(column, justify="left" if is_text else "right", overflow="fold")
    for row in ingest.standing(lake, contracts):
        level = contracts[row.contract].service_level if row.contract in contracts else None
        judged = said.states.get(row.contract, "not_expected") if said.states else None
        # What the gates of a release of this week say holds; later, the level alone says what has not come since.
        state = (
            _STATES[judged] if judged and (is_recent or judged == "not_expected") else row.state(level, today.date())
        )
        table.add_row(
            row.contract, f"{row.files:,}", f"{row.records:,}", row.newest or "-", state, f"{row.held_back:,}"
        )
    # What is read by another program is not cut to the width of a terminal.
    (out if out.is_terminal else Console(highlight=False, width=WIDE)).print(table)
    faults = [f"held back: {ingest.safe_path(f.file)}: {f.code}, {f.fix}" for f in ingest.open_faults(lake)]
    more = [f"held back: and {len(faults) - HELD_NAMED} more"] if len(faults) > HELD_NAMED else []
    for line in [*faults[:HELD_NAMED], *more, *said.lines]:
        out.print(line, markup=False, soft_wrap=True)
    out.print(f"published: {current.release_id}" if current else "published: nothing yet; `journey run` publishes")


HELD_NAMED = 10
WIDE = 120
# The words of the report for the statuses of the coverage mart.
_STATES = {
    "silent": "silent",
    "late": "late",
    "gap": "has a gap",
    "ok": "delivers",
    "not_expected": "nothing expected",
}


@dataclass(frozen=True)
class _ReleaseSays:
    """What a release says of its sources: a status by contract, and lines for what is missing or deserves a look."""

    states: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def _release_says(database: Path) -> _ReleaseSays:
    """What the published release says; nothing when it is older than that question."""
    import duckdb

    from journey_pipeline.coverage import missing_deliveries, statuses

    with duckdb.connect(str(database), read_only=True) as connection:
        try:
            lines = [f"missing: {one}" for one in missing_deliveries(connection, "coverage")]
            doubts = connection.execute(
                "select description from gate_results where gate = 'files_without_warnings'"
            ).fetchall()
            lines += [f"look at: {line}" for (description,) in doubts for line in description.splitlines()]
            return _ReleaseSays(statuses(connection, "coverage"), lines)
        except (duckdb.CatalogException, duckdb.BinderException):
            return _ReleaseSays()


@release_app.command("list")
def release_list(home: HomeOption = None) -> None:
    """Every release of this home, newest first."""
    from journey_pipeline import release

    releases = release.list_releases(load(home).home)
    for one in releases:
        out.print(f"{'*' if one.is_current else ' '} {one.release_id}  {sum(one.tables.values()):>12,} rows")
    if not releases:
        out.print("no releases yet; `journey run` makes one")


@release_app.command("show")
def release_show(
    release_id: Annotated[str | None, typer.Argument(help="The current release when unset.")] = None,
    home: HomeOption = None,
) -> None:
    """What a release holds: its facts and its tables."""
    from journey_pipeline import release

    with _release_errors():
        one = release.show(load(home).home, release_id)
    out.print(f"{one.release_id}  as of {one.as_of:%Y-%m-%d %H:%M} UTC{'  (published)' if one.is_current else ''}")
    for name, rows in one.tables.items():
        out.print(f"  {name:<20}{rows:>12,} rows")


@release_app.command("rollback")
def release_rollback(
    release_id: Annotated[str | None, typer.Argument(help="The one before the current when unset.")] = None,
    home: HomeOption = None,
) -> None:
    """Point `published` back to an earlier release, after verifying it."""
    from journey_pipeline import release

    with _release_errors():
        one = release.rollback(load(home).home, release_id)
    out.print(f"published {one.release_id}")


@release_app.command("verify")
def release_verify(
    release_id: Annotated[str | None, typer.Argument(help="The current release when unset.")] = None,
    home: HomeOption = None,
) -> None:
    """Hold every file of a release against its manifest."""
    from journey_pipeline import release

    with _release_errors():
        one = release.verify(load(home).home, release_id)
    out.print(f"{one.release_id} is what its manifest says")


@release_app.command("diff")
def release_diff(
    before: Annotated[str | None, typer.Argument(help="The one served before the other when unset.")] = None,
    after: Annotated[str | None, typer.Argument(help="The current release when unset.")] = None,
    table: Annotated[str | None, typer.Option(help="Show the cells of this table.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many cells.")] = 20,
    home: HomeOption = None,
) -> None:
    """What one release says otherwise than another: tables, or the cells of one.

    Example: journey release diff --table kpi_scorecard
    """
    from journey_pipeline import release

    folder = load(home).home
    with _release_errors():
        if table is None:
            told = [_difference(one) for one in release.differences(folder, before, after)]
            out.print("\n".join(told) if told else "the releases hold the same rows")
            return
        found = list(islice(release.cells(folder, table, before, after), limit + 1))
    for cell in found[:limit]:
        key = ", ".join(f"{name} {'-' if value is None else value}" for name, value in cell.key)
        was, now = ("-" if value is None else value for value in (cell.before, cell.after))
        out.print(f"{key}: {cell.column} {was} -> {now}", markup=False)
    if not found:
        out.print(f"{table}: no cell differs")
    elif len(found) > limit:
        out.print(f"and more; --limit shows more than {limit}")


def _difference(one: TableDifference) -> str:
    counts = (
        f"{rows:,} {word}" for word, rows in (("added", one.added), ("removed", one.removed), ("changed", one.changed))
    )
    columns = (
        f"{sign}{name}" for sign, names in (("+", one.columns_added), ("-", one.columns_removed)) for name in names
    )
    rows = " -> ".join("none" if count is None else f"{count:,}" for count in (one.rows_before, one.rows_after))
    return "  ".join([f"{one.table:<24}{rows} rows", ", ".join(counts), *columns])


@release_app.command("collect")
def release_collect(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name them and remove nothing.")] = False,
    home: HomeOption = None,
) -> None:
    """Remove releases that are old enough and many enough; keep_releases and keep_days of journey.toml say which."""
    from journey_pipeline import release

    settings, now = load(home), datetime.now(UTC)
    kept: dict[str, int] = {"keep_releases": settings.keep_releases, "keep_days": settings.keep_days}
    with _release_errors():
        if dry_run:
            gone = [one.release_id for one in release.expired(settings.home, now, **kept)]
        else:
            gone = release.collect(settings.home, now, **kept)
    for name in gone:
        out.print(f"{'would remove' if dry_run else 'removed'} {name}")
    if not gone:
        out.print("nothing to remove")


@identity_app.command("explain")
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
        _fail("nothing has been built yet; `journey run` builds", FAULT)
    with duckdb.connect(str(settings.warehouse), read_only=True, config=settings.duckdb_config()) as connection:
        pseudonyms.add_function(connection, pseudonyms.key_of(settings))
        found = explain(connection, identifier)
    if not found:
        _fail("no file that was loaded tells this identifier", FAULT)
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


@identity_app.command("new-key")
def identity_new_key(home: HomeOption = None) -> None:
    """Make the key of the pseudonyms for a home that has none. Every customer has another id from then on."""
    from journey_pipeline import pseudonyms

    settings = load(home)
    pseudonyms.new_key(settings)
    out.print(f"made {_shown(settings.pseudonym_file)}; keep a copy: whoever loses it loses every customer's id")


SegmentOption = Annotated[str | None, typer.Option("--segment", help="Only a segment, as lifecycle:new.")]


@experiment_app.command("design")
def experiment_design(
    metric: Annotated[str, typer.Option(help="What to measure, as purchase_30: bought within 30 days.")],
    mde: Annotated[float, typer.Option(help="The smallest effect worth finding, in the metric's unit.")],
    share: Annotated[float, typer.Option(min=0.01, max=0.99, help="Share of the people who get the action.")] = 0.5,
    alpha: Annotated[float, typer.Option(min=0.0001, max=0.5, help="How often chance may pass for an effect.")] = 0.05,
    power: Annotated[float, typer.Option(min=0.05, max=0.999, help="How often a true effect is found.")] = 0.8,
    people: Annotated[int | None, typer.Option(min=2, help="Say what so many people would find instead.")] = None,
    segment: SegmentOption = None,
    home: HomeOption = None,
) -> None:
    """How many people an experiment needs, how long it takes and what it would find, from the released tables."""
    import duckdb

    from journey_pipeline.experiments import designs, planning, release_numbers

    if mde <= 0:
        _fail(f"--mde {mde:g}: expected a number above 0", REFUSED)
    group = _segment(segment)
    with duckdb.connect(str(_released(load(home))), read_only=True) as connection:
        try:
            now = release_numbers.baseline(connection, metric, group)
            made = planning.plan(
                now.variance, mde, designs.metric_of(metric)[1], now.people, now.per_week,
                share=share, alpha=alpha, power=power, people=people,
            )  # fmt: skip
        except ValueError as refusal:
            _fail(str(refusal), REFUSED)
        except (duckdb.CatalogException, duckdb.BinderException):
            _fail("the published release is older than this command; `journey run` makes a new one", FAULT)
    out.print(
        f"now      {now.people:,} people, mean {now.mean:.4g}, {now.per_week:,.1f} more each week", soft_wrap=True
    )
    out.print(f"people   {made.people:,}: {made.control:,} control, {made.treated:,} treated", soft_wrap=True)
    out.print(
        f"weeks    {made.weeks}: {made.weeks_to_assign} to assign them, then the last window of {metric}",
        soft_wrap=True,
    )
    out.print(f"power    {made.power:.3f} for an effect of {mde:g} at alpha {alpha:g}", soft_wrap=True)


@experiment_app.command("assign")
def experiment_assign(
    experiment: Annotated[str, typer.Option(help="Id of the experiment, a line of the seed experiment_designs.")],
    people: Annotated[Path, typer.Option(help="CSV with identifier_type and identifier_value, one person a line.")],
    to: Annotated[Path, typer.Option("--out", help="File to write; in the inbox it belongs into canonical/.")],
    assigned_at: Annotated[datetime | None, typer.Option(help="Moment of the lot (UTC); now when unset.")] = None,
    segment: SegmentOption = None,
    balance: Annotated[str, typer.Option(help="Set of segments by which the balance is shown.")] = "lifecycle",
    home: HomeOption = None,
) -> None:
    """Draw a lot for the people of a list: same experiment, same person, same arm, whenever it is drawn."""
    import duckdb

    from journey_pipeline import pseudonyms
    from journey_pipeline.experiments import designs, lots

    settings, at = load(home), assigned_at or datetime.now(UTC)
    if not settings.warehouse.exists():
        _fail("nothing has been built yet; `journey run` builds", FAULT)
    try:
        known = designs.load_designs()
        if experiment not in known:
            listed = ", ".join(known) or "none"
            _fail(f"no design {experiment!r} in the seed experiment_designs; known: {listed}", REFUSED)
        with duckdb.connect(str(settings.warehouse), read_only=True, config=settings.duckdb_config()) as connection:
            pseudonyms.add_function(connection, pseudonyms.key_of(settings))
            drawn = lots.people_in(connection, people, _segment(segment), balance)
        counted = lots.write_assignments(
            to, drawn, experiment, known[experiment].shares, pseudonyms.key_of(settings), at
        )
    except (designs.DesignError, lots.ListError) as refusal:
        _fail(str(refusal), REFUSED)
    except (FileExistsError, FileNotFoundError) as fault:
        _fail(f"{fault.strerror}: {fault.filename}; a lot that was drawn is not drawn over", FAULT)
    for stratum, arms in sorted(counted.items()):
        out.print(f"{stratum:<20}" + "".join(f"  {arm} {many:,}" for arm, many in arms.items()), soft_wrap=True)
    out.print(f"wrote {_shown(to)}", soft_wrap=True)


def _segment(told: str | None) -> tuple[str, str] | None:
    """`lifecycle:new` as a set and a segment."""
    if told is None:
        return None
    name, separator, segment = told.partition(":")
    if not separator or not name or not segment:
        _fail(f"--segment {told!r}: expected a set and a segment such as lifecycle:new", REFUSED)
    return name, segment


@app.command("paths")
def journeys_by_path(
    pattern: Annotated[str, typer.Argument(help="As 'website/* > !support/* > commerce/order_placed'.")],
    week: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only journeys that entered in the week of this Monday."),
    ] = None,
    cohort: Annotated[
        str, typer.Option(help="all, converting, not_converting, open, new, returning, or as segment:at_risk.")
    ] = "all",
    home: HomeOption = None,
) -> None:
    """Which journeys of the release follow a pattern: > is then, * is anything between, !x is no x between."""
    import duckdb

    from journey_pipeline import paths, weeks

    if week is not None and week.date() != weeks.monday(week.date()):
        _fail(f"--week {week:%Y-%m-%d} is a {week:%A}; the Monday of its week is {weeks.monday(week.date())}", REFUSED)
    with duckdb.connect(str(_released(load(home))), read_only=True) as connection:
        try:
            found = paths.find(connection, pattern, week.date() if week else None, cohort)
        except paths.PatternError as refusal:
            _fail(str(refusal), REFUSED)
        except (duckdb.CatalogException, duckdb.BinderException):
            _fail("the published release is older than its paths; `journey run` makes a new one", FAULT)
    for line in _found(found):
        out.print(line, soft_wrap=True, markup=False)


def _found(found: Found) -> Iterator[str]:
    share = "" if found.share is None else f" ({found.share:.1%})"
    yield f"{found.journeys:,} of {found.of_journeys:,} journeys match{share}"
    if found.interval:
        low, high = found.interval
        interval = f"{found.rate:.1%} (95 % interval {low:.1%} to {high:.1%})"
        yield f"{found.converting:,} of the {found.mature:,} mature ones reached purchase within its window: {interval}"
    elif found.journeys:
        yield "none of them is mature: whether they reach purchase within its window is not known yet"
    if found.cut:
        yield f"{found.cut:,} journeys are longer than their path says; what they did later is not looked at"
    for journey_id, path in found.examples:
        yield f"  {journey_id}  {path}"


@app.command()
def timeline(
    customer_id: Annotated[str, typer.Argument(help="As in the table customers, cus_ and 16 digits.")],
    home: HomeOption = None,
) -> None:
    """Everything the release knows of one customer, across all channels, in order of time (UTC)."""
    import duckdb

    from journey_pipeline import paths

    with duckdb.connect(str(_released(load(home))), read_only=True) as connection:
        try:
            events = paths.timeline(connection, customer_id.strip())
        except (duckdb.CatalogException, duckdb.BinderException):
            _fail("the published release is older than its timelines; `journey run` makes a new one", FAULT)
    if not events:
        _fail("the release knows no event of this customer; `journey identity explain` finds the id of a person", FAULT)
    journey = None
    for event in events:
        if event.journey_id != journey:
            out.print(f"journey {event.journey_id}", markup=False)
            journey = event.journey_id
        told = [event.channel and f"by {event.channel}", event.amount is not None and f"amount {event.amount:,.2f}"]
        told.append(event.score is not None and f"score {event.score:g}")
        line = f"  {event.occurred_at:%Y-%m-%d %H:%M:%S}  {event.stage or '-':<13}  {event.kind:<10}  {event.what}"
        out.print("  ".join([line, *(part for part in told if part)]), soft_wrap=True, markup=False)


def _released(settings: Settings) -> Path:
    database = settings.home / "published" / "journey.duckdb"
    if not database.exists():
        _fail("nothing has been published yet; `journey run` publishes", FAULT)
    return database


@app.command()
def report(home: HomeOption = None) -> None:
    """Open the report of the published release."""
    page = load(home).home / "published" / "report" / "index.html"
    if not page.exists():
        _fail("nothing has been published yet; `journey run` makes the report", FAULT)
    out.print(_shown(page), soft_wrap=True)
    if not webbrowser.open(page.resolve().as_uri()):
        out.print("no browser here; open that file in one")


@app.command()
def truth(
    scenario: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    seed: Annotated[
        list[int] | None, typer.Option(help="Of a market; may be repeated. 11, 12 and 13 when unset.")
    ] = None,
    customers: Annotated[int | None, typer.Option(min=100, help="People in each market.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days each market lives.")] = None,
    market: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML with the numbers of a market like yours.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Page to write the result into, with coverage.")
    ] = None,
) -> None:
    """Hold every attribution model against simulated markets whose truth is known."""
    from journey_pipeline import truth_bench
    from journey_pipeline.truth_bench import page as pages
    from journey_pipeline.world.market_shape import market_shape
    from journey_pipeline.world.scenarios import SCENARIOS

    try:
        result = truth_bench.run(
            scenario or tuple(SCENARIOS),
            seed or truth_bench.SEEDS,
            customers or truth_bench.CUSTOMERS,
            days or truth_bench.DAYS,
            market_shape(market) if market else None,
            with_coverage=page is not None,
            say=lambda line: err.print(line, markup=False),
        )
        if page:
            pages.write(result, page)
    except ValueError as refusal:
        _fail(str(refusal), REFUSED)
    except RuntimeError as fault:
        _fail(str(fault), FAULT)
    out.print(pages.text(result), markup=False, soft_wrap=True)


@app.command()
def ui(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
) -> None:
    """Start the Dagster UI on workspace.yaml."""
    import runpy
    import warnings

    import dagster as dg

    from journey_pipeline import running
    from journey_pipeline.settings import PROJECT_ROOT

    settings = load(home)
    running.dagster_home(settings)
    os.chdir(PROJECT_ROOT)
    # `dg dev`, which supersedes the command, needs another package and does the same.
    warnings.filterwarnings("ignore", category=dg.SupersessionWarning)
    sys.argv = ["dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    runpy.run_module("dagster", run_name="__main__")  # in this process: signals reach it


def _require_monday(day: date, last: date) -> None:
    from journey_pipeline.weeks import monday

    if day != monday(day):
        _fail(
            f"--as-of {day} is a {day:%A}; a release ends on a Monday, the nearest before is {monday(day)}",
            FAULT,
        )
    if day > last:
        _fail(f"--as-of {day} lies ahead; the last complete week ended on {last}", FAULT)


class _release_errors:  # noqa: N801  # reads as a phrase where it is used
    """Turns a release error into its message and exit code 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from journey_pipeline.release import ReleaseError

        if isinstance(error, ReleaseError):
            _fail(str(error), FAULT)


def _fail(message: str, code: int) -> NoReturn:
    err.print(message, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def _shown(path: Path) -> str:
    """A path as the user would type it from here."""
    from journey_pipeline.ingest.faults import safe_path

    return safe_path(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def main() -> None:
    """Entry point: private files by default, settings errors as messages."""
    os.umask(0o077)
    try:
        app()
    except SettingsError as error:
        err.print(str(error), markup=False)
        sys.exit(FAULT)


if __name__ == "__main__":
    main()
