"""What a killed run leaves in a home beside its books: scratch files, which may hold delivered values.

Holds their removal. Add here when a run comes to write a scratch file of another name. Must not be here: what a step
replaces by itself (`lake/staging`, `releases/.building-*`), anything that a later run reads.
"""

from __future__ import annotations

import shutil
from itertools import chain
from pathlib import Path

from journey_pipeline.fault_points import point


def clear(home: Path) -> None:
    """Remove the scratch files of dead runs. Call it with the lock of the home in hand: then no run is alive."""
    shutil.rmtree(home / "work", ignore_errors=True)
    # DuckDB spills beside the file it has open, and never looks at what another process spilled.
    for spill in home.glob("*.duckdb.tmp"):
        shutil.rmtree(spill, ignore_errors=True)
    for draft in chain(home.glob("pseudonym.*.part"), (home / "lake").glob("*/**/.*.part")):
        draft.unlink(missing_ok=True)
    point("leftovers_cleared")
