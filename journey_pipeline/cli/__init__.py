"""The `journey` command. Exit codes: 0 done, 1 fault, 2 refused by a gate or a contract.

Add a command as one function in the module of its kind; what it does lives in the library. Heavy imports stay inside
the commands that need them: `journey --help` answers in under a second.
"""

from __future__ import annotations

import os
import sys

import typer

from journey_pipeline.cli import experiment, identity, journeys, pages, privacy, release, run
from journey_pipeline.cli.terminal import FAULT, err
from journey_pipeline.settings import SettingsError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The customer-journey pipeline: vendor exports in, one trusted weekly release out.",
)
for commands in (run.app, journeys.app, pages.app, privacy.app):
    app.add_typer(commands)
app.add_typer(release.app, name="release")
app.add_typer(identity.app, name="identity")
app.add_typer(experiment.app, name="experiment")


def main() -> None:
    """Entry point: private files by default, settings errors as messages."""
    os.umask(0o077)
    try:
        app()
    except SettingsError as error:
        err.print(str(error), markup=False)
        sys.exit(FAULT)
