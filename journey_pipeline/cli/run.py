"""`journey generate`, `run`, `check` and `status`: files in, a release out, and how things stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from journey_pipeline.cli.terminal import (
    FAULT,
    REFUSED,
    HomeOption,
    InboxOption,
    err,
    fail,
    out,
    release_errors,
    shown,
)
from journey_pipeline.settings import Settings, load

if TYPE_CHECKING:
    from journey_pipeline.running import RunOutcome

app = typer.Typer()

_UNFINISHED = "skipped: its name says it is still being written; rename it when it is complete"


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
        out.print(f"{shown(settings.inbox_folder)} already has files; nothing generated")
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
            fail(f"--sources: {unknown}", REFUSED)
        except UnknownPlant as unknown:
            fail(f"--plant: {unknown}", REFUSED)
        except (FileExistsError, ValueError) as refusal:
            fail(str(refusal), FAULT)
    out.print(
        f"{market.customers:,} people, {market.touchpoints:,} touchpoints in {market.files:,} files "
        f"in {shown(settings.inbox_folder)}",
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
        machine_faults,
        next_best_actions,
        preflight,
        pseudonyms,
        release,
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
        fail(
            f"no inbox at {shown(settings.inbox_folder)}; put exports there, or try `journey generate`",
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
        fail(str(refusal), REFUSED)
    for name in ingest.unfinished(settings.inbox_folder):
        err.print(f"{ingest.safe_path(name)}: {_UNFINISHED}", markup=False, soft_wrap=True)
    err.print(f"building the week that ends on {monday:%A %d %B %Y} ({settings.time_zone})")
    with release_errors():
        served = release.current_id(settings.home)
    try:
        pseudonyms.key_of(settings)
        preflight.require_room(settings)
        outcome = running.execute(settings, monday, known_at, StepPrinter())
    except (RunLocked, preflight.NoRoom) as refusal:
        fail(str(refusal), FAULT)
    except Exception as error:
        # Around the steps: the lock, the run history, the key. What is no fault of the machine is one of ours.
        told = machine_faults.in_words(f"{type(error).__name__}: {error}", settings)
        if told is None:
            raise
        fail(f"{told}\n{_standing(settings, served)}", FAULT)
    _report(settings, outcome, served)


class StepPrinter:
    """Says each step as it happens, with its word and time."""

    def __init__(self) -> None:
        self._started: dict[str, datetime] = {}

    def __call__(self, kind: str, step: str) -> None:
        """Say what became of a step."""
        name = step.replace("__", "/", 1)
        if kind == "start":
            self._started[step] = datetime.now(UTC)
            return
        seconds = (datetime.now(UTC) - self._started.get(step, datetime.now(UTC))).total_seconds()
        mark = {"success": "[green]done[/]", "failure": "[red]stopped[/]", "skipped": "[dim]skipped[/]"}[kind]
        if kind != "success" or seconds > 2 or not step.startswith("raw"):
            err.print(f"  {mark}  {name}  {seconds:.0f} s")


def _standing(settings: Settings, before: str | None) -> str:
    """What readers are served after a run that did not end well, which may have come as far as the switch."""
    from journey_pipeline import release

    now = release.current_id(settings.home)
    if now is None:
        return "nothing has been published yet"
    return f"published release is unchanged: {now}" if now == before else f"published before the run broke: {now}"


def _report(settings: Settings, outcome: RunOutcome, before: str | None) -> None:
    from journey_pipeline import release

    for line in outcome.warnings:
        err.print(f"  [yellow]warning[/] {escape(line)}", soft_wrap=True)
    # Not asked for where nothing was released: what is served may be damaged, and the run says why it stopped.
    current = release.current(settings.home) if outcome.release_id else None
    if current:
        if outcome.release_id != current.release_id:
            out.print(f"stored {outcome.release_id}; published stays at the newer {current.release_id}", soft_wrap=True)
            return
        folder = settings.home / "published"
        out.print(f"[bold green]published[/] {current.release_id}")
        out.print(f"  report   {shown(folder / 'report' / 'index.html')}", soft_wrap=True)
        out.print(f"  BI file  {shown(folder / 'journey.duckdb')}  (read-only; Parquet in tables/)", soft_wrap=True)
        return
    if outcome.refusals:
        err.print("[bold red]refused[/] by its gates; nothing was published", soft_wrap=True)
        for line in outcome.refusals:
            err.print(f"  {line}", soft_wrap=True, markup=False)
        for line in outcome.faults:
            err.print(f"  {line}", soft_wrap=True, markup=False)
        fail(
            f"{_standing(settings, before)}. Mend the file or the rule that is named, then `journey run` again", REFUSED
        )
    for line in outcome.faults:
        err.print(f"  {line}", soft_wrap=True, markup=False)
    fail(f"the run broke (run {outcome.run_id}); {_standing(settings, before)}. `journey ui` shows its log", FAULT)


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
        fail(str(error), REFUSED)
    if contract and contract not in contracts:
        fail(f"no contract {contract!r}; known: {', '.join(contracts)}", FAULT)
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
        fail("no files there; name a file or a folder with exports", FAULT)
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


def _require_monday(day: date, last: date) -> None:
    from journey_pipeline.weeks import monday

    if day != monday(day):
        fail(
            f"--as-of {day} is a {day:%A}; a release ends on a Monday, the nearest before is {monday(day)}",
            FAULT,
        )
    if day > last:
        fail(f"--as-of {day} lies ahead; the last complete week ended on {last}", FAULT)
