"""`journey release`: what was published, what it says otherwise than another, the way back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from journey_pipeline.cli.terminal import (
    FAULT,
    REFUSED,
    HomeOption,
    fail,
    out,
    release_errors,
)
from journey_pipeline.settings import load

if TYPE_CHECKING:
    from journey_pipeline.release import TableDifference

app = typer.Typer(no_args_is_help=True, help="The published releases of a home.")


@app.command("list")
def release_list(home: HomeOption = None) -> None:
    """Every release of this home, newest first."""
    from journey_pipeline import release

    releases = release.list_releases(load(home).home)
    for one in releases:
        out.print(f"{'*' if one.is_current else ' '} {one.release_id}  {sum(one.tables.values()):>12,} rows")
    if not releases:
        out.print("no releases yet; `journey run` makes one")


@app.command("show")
def release_show(
    release_id: Annotated[str | None, typer.Argument(help="The current release when unset.")] = None,
    home: HomeOption = None,
) -> None:
    """What a release holds: its facts and its tables."""
    from journey_pipeline import release

    with release_errors():
        one = release.show(load(home).home, release_id)
    out.print(f"{one.release_id}  as of {one.as_of:%Y-%m-%d %H:%M} UTC{'  (published)' if one.is_current else ''}")
    for name, rows in one.tables.items():
        out.print(f"  {name:<20}{rows:>12,} rows")


@app.command("rollback")
def release_rollback(
    release_id: Annotated[str | None, typer.Argument(help="The one before the current when unset.")] = None,
    home: HomeOption = None,
) -> None:
    """Point `published` back to an earlier release, after verifying it."""
    from journey_pipeline import release

    with release_errors():
        one = release.rollback(load(home).home, release_id)
    out.print(f"published {one.release_id}")


@app.command("verify")
def release_verify(
    release_id: Annotated[str | None, typer.Argument(help="The current release when unset.")] = None,
    home: HomeOption = None,
) -> None:
    """Hold every file of a release against its manifest."""
    from journey_pipeline import release

    with release_errors():
        one = release.verify(load(home).home, release_id)
    out.print(f"{one.release_id} is what its manifest says")


@app.command("reproduce")
def release_reproduce(
    release_id: Annotated[str | None, typer.Argument(help="The current release when unset.")] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also by other code or settings than it was made with.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    home: HomeOption = None,
) -> None:
    """Build a release again from the lake and compare every table: 0 identical, 1 not, 2 it cannot be built."""
    from journey_pipeline import rebuilding, release
    from journey_pipeline.run_lock import RunLocked

    settings = load(home)
    try:
        made = rebuilding.reproduce(settings, release_id, anyway=anyway)
    except (rebuilding.NotRebuilt, release.ReleaseError, RunLocked) as refusal:
        fail(str(refusal), REFUSED)
    if as_json:
        out.print_json(data=asdict(made) | {"is_identical": not made.differing})
    else:
        for line in (*made.changed, *(f"{table} differs" for table in made.differing)):
            out.print(line, markup=False)
        if not made.differing:
            out.print(f"{made.release_id} is what the lake gives")
    if made.differing:
        raise typer.Exit(FAULT)


@app.command("diff")
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
    with release_errors():
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


@app.command("restatements")
def release_restatements(
    release_id: Annotated[str | None, typer.Argument(help="The current release when unset.")] = None,
    table: Annotated[str | None, typer.Option(help="Of this table only.")] = None,
    week: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of the week that begins on this Monday only.")
    ] = None,
    cause: Annotated[str | None, typer.Option(help="By this cause only.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many rows.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Every row as a line of JSON.")] = False,
    home: HomeOption = None,
) -> None:
    """What a release says otherwise of weeks that were already reported, and why: tables, or the rows of one.

    Example: journey release restatements --table kpi_scorecard --cause late_data
    """
    from journey_pipeline import release

    folder = load(home).home
    with release_errors():
        if not as_json and (table, week, cause) == (None, None, None):
            told = [
                f"{name:<24}{why:<30}{cells:>9,} cells, {added:,} rows added, {removed:,} rows removed"
                for name, why, cells, added, removed in release.restatement_counts(folder, release_id)
            ]
            out.print("\n".join(told) if told else "nothing in weeks already reported changed", soft_wrap=True)
            return
        day = None if week is None else week.date()
        rows = release.read_restatements(folder, release_id, table=table, week=day, cause=cause)
        if as_json:
            for row in rows:
                out.print(
                    json.dumps(row, default=str, ensure_ascii=False), markup=False, highlight=False, soft_wrap=True
                )
            return
        found = list(islice(rows, limit + 1))
    for row in found[:limit]:
        out.print(_restatement(row), markup=False, soft_wrap=True)
    if not found:
        out.print("no such cell changed")
    elif len(found) > limit:
        out.print(f"and more; --limit shows more than {limit}")


def _restatement(row: dict[str, Any]) -> str:
    if row["key"] is None:
        numbers = ", ".join(
            f"{row[name]:,} {name.replace('_', ' ')}" for name in ("cells", "rows_added", "rows_removed")
        )
        return f"{row['table_name']}: {row['column_name']} {row['cause']}: {numbers}"
    was, now = ("-" if row[name] is None else row[name] for name in ("cause_value_before", "cause_value_after"))
    return f"{row['table_name']} {row['week']} {row['key']}: {row['column_name']} {was} -> {now} by {row['cause']}"


@app.command("collect")
def release_collect(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Name them and remove nothing.")] = False,
    home: HomeOption = None,
) -> None:
    """Remove releases that are old enough and many enough; keep_releases and keep_days of journey.toml say which."""
    from journey_pipeline import release

    settings, now = load(home), datetime.now(UTC)
    kept: dict[str, int] = {"keep_releases": settings.keep_releases, "keep_days": settings.keep_days}
    with release_errors():
        if dry_run:
            gone = [one.release_id for one in release.expired(settings.home, now, **kept)]
        else:
            gone = release.collect(settings.home, now, **kept)
    for name in gone:
        out.print(f"{'would remove' if dry_run else 'removed'} {name}")
    if not gone:
        out.print("nothing to remove")
