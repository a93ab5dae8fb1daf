"""The `journey` command. Exit codes: 0 done, 1 fault, 2 refused by a gate or a contract.

Add a command as one function; what it does lives in the library. Heavy imports stay inside the commands that need
them: `journey --help` answers in under a second.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from journey_pipeline.settings import Settings, SettingsError, load

if TYPE_CHECKING:
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

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
DONE, FAULT, REFUSED = 0, 1, 2

HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder that holds all state [env JOURNEY_HOME].")]
InboxOption = Annotated[Path | None, typer.Option("--inbox", help="Where exports arrive; <home>/inbox when unset.")]


@app.command()
def generate(
    customers: Annotated[int | None, typer.Option(min=10, help="People in the market.")] = None,
    weeks: Annotated[int | None, typer.Option(min=4, help="Weeks of history.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same bytes.")] = None,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The Monday it ends before.")] = None,
    home: Annotated[Path | None, typer.Option("--out", "--home", help="Home to write inbox/ and truth/ to.")] = None,
    if_absent: Annotated[bool, typer.Option("--if-absent", help="Do nothing when the inbox has files.")] = False,
    sources: Annotated[str | None, typer.Option(help="Only these sources, separated by commas.")] = None,
    defects: Annotated[
        bool, typer.Option("--defects", help="Plant the rarer documented faults too; truth/defects.json counts them.")
    ] = False,
) -> None:
    """Write a synthetic market in the vendors' real formats, with its truth beside it."""
    settings = load(home)
    if if_absent and settings.inbox_folder.exists() and any(settings.inbox_folder.iterdir()):
        out.print(f"{_shown(settings.inbox_folder)} already has files; nothing generated")
        return
    from rich.progress import Progress

    from journey_pipeline import world

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
                sources=[name.strip() for name in sources.split(",") if name.strip()] if sources is not None else None,
                progress=lambda what, share: bar.update(task, description=what, completed=share),
            )
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
    from journey_pipeline import pseudonyms, running, weeks

    settings = load(home, inbox)
    last = weeks.last_complete_week_end(datetime.now(UTC), settings.time_zone)
    monday = as_of.date() if as_of else last
    _require_monday(monday, last)
    if not settings.inbox_folder.exists() and not settings.lake.exists():
        _fail(
            f"no inbox at {_shown(settings.inbox_folder)}; put exports there, or try `journey generate`",
            FAULT,
        )
    pseudonyms.key_of(settings)
    err.print(f"building the week that ends on {monday:%A %d %B %Y} ({settings.time_zone})")
    try:
        outcome = running.execute(settings, monday, known_at, _StepPrinter())
    except running.RunLocked as locked:
        _fail(str(locked), FAULT)
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
        counts = f"{result.accepted:,} of {result.records:,} records kept, {result.dropped:,} dropped by rule"
        verdict = str(result.fault) if result.fault else f"ok contract={result.contract} {counts}"
        out.print(f"{result.path}: {verdict}", markup=False, soft_wrap=True)
    if not results:
        _fail("no files there; name a file or a folder with exports", FAULT)
    steps = [s for name in sorted({r.contract for r in results if r.contract}) for s in missing_steps(contracts[name])]
    for step in steps:
        out.print(f"to do: {step}", markup=False, soft_wrap=True)
    if steps or any(result.fault for result in results):
        raise typer.Exit(REFUSED)


@app.command()
def status(home: HomeOption = None) -> None:
    """Sources, freshness, quarantine and the last release."""
    from rich.table import Table

    from journey_pipeline import ingest, release

    settings, levels = load(home), ingest.load_contracts()
    table = Table(title=None, box=None, pad_edge=False)
    for column in ("source object", "files", "records", "newest data", "state", "held back"):
        is_text = column in ("source object", "newest data", "state")
        table.add_column(column, justify="left" if is_text else "right")
    for row in ingest.standing(ingest.Lake(settings.lake)):
        level = levels[row.contract].service_level if row.contract in levels else None
        state = row.state(level, datetime.now(UTC).date())
        table.add_row(
            row.contract, f"{row.files:,}", f"{row.records:,}", row.newest or "-", state, f"{row.held_back:,}"
        )
    out.print(table)
    current = release.current(settings.home)
    if current:
        for line in _missing(settings.home / "published" / "journey.duckdb"):
            out.print(f"missing: {line}", markup=False, soft_wrap=True)
    out.print(f"published: {current.release_id}" if current else "published: nothing yet; `journey run` publishes")


def _missing(database: Path) -> list[str]:
    """What the published release says is missing; nothing when it is older than that question."""
    import duckdb

    from journey_pipeline.coverage import missing_deliveries

    with duckdb.connect(str(database), read_only=True) as connection:
        try:
            return [str(one) for one in missing_deliveries(connection, "coverage")]
        except (duckdb.CatalogException, duckdb.BinderException):
            return []


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


@identity_app.command("new-key")
def identity_new_key(home: HomeOption = None) -> None:
    """Make the key of the pseudonyms for a home that has none. Every customer has another id from then on."""
    from journey_pipeline import pseudonyms

    settings = load(home)
    pseudonyms.new_key(settings)
    out.print(f"made {_shown(settings.pseudonym_file)}; keep a copy: whoever loses it loses every customer's id")


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
def ui(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
) -> None:
    """Start the Dagster UI on workspace.yaml."""
    from journey_pipeline import running
    from journey_pipeline.settings import PROJECT_ROOT

    settings = load(home)
    running.dagster_home(settings)
    os.chdir(PROJECT_ROOT)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-w",
        "workspace.yaml",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    os.execv(sys.executable, command)  # noqa: S606  # the UI takes this process's place: signals reach it


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
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


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
