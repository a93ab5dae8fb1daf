"""What every command shares: where it writes, its exit codes, its common options, and how it fails.

Must not be here: a command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from journey_pipeline.settings import Settings

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
FAULT, REFUSED = 1, 2

HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder that holds all state (or JOURNEY_HOME).")]
InboxOption = Annotated[Path | None, typer.Option("--inbox", help="Where exports arrive; <home>/inbox when unset.")]


class release_errors:  # noqa: N801  # reads as a phrase where it is used
    """Turns a release error into its message and exit code 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from journey_pipeline.release import ReleaseError

        if isinstance(error, ReleaseError):
            fail(str(error), FAULT)


def fail(message: str, code: int) -> NoReturn:
    """Say why, and end the command."""
    err.print(message, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def shown(path: Path) -> str:
    """A path as the user would type it from here."""
    from journey_pipeline.ingest.faults import safe_path

    return safe_path(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def released(settings: Settings) -> Path:
    """The database of the published release, or the end of the command where there is none."""
    database = settings.home / "published" / "journey.duckdb"
    if not database.exists():
        fail("nothing has been published yet; `journey run` publishes", FAULT)
    return database
