"""The frozen baselines: what the weeks before the programme were, as the first release that knew it said so.

Holds the parts that releases leave in the lake, `baselines/<known at>-<as of>-<hash>.parquet` (aggregates alone),
which of them a build goes by, and the version of each. A part is written once, when a release goes out, and never
changed; a build reads the parts of builds that knew and saw no more than it does, so that an earlier week is told as
it was told then. Must not be here: which weeks a baseline counts and what is compared with it (`change`).

A baseline is of one transition, window, funnel mode, programme start, reporting zone and definition version. When one
of them changes, a new version begins and the old one stays.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from journey_pipeline import sealed_parquet
from journey_pipeline.fault_points import point

_STAMP = "%Y%m%dT%H%M%S%f"
# What a baseline is of, and what it says.
IDENTITY = ("metric", "mode", "window_seconds", "program_start", "time_zone", "definition_version")
_COUNTS = ("breakdown", "member", "entered", "converted", "weeks")
_TYPES = {
    **dict.fromkeys(["metric", "mode", "program_start", "time_zone", "definition_version"], "varchar"),
    **dict.fromkeys(["breakdown", "member", "version"], "varchar"),
    **dict.fromkeys(["window_seconds", "entered", "converted", "weeks"], "bigint"),
}
COLUMNS = [*IDENTITY, "version", *_COUNTS]
_PANDAS = {name: "int64" if kind == "bigint" else "str" for name, kind in _TYPES.items()}


@dataclass(frozen=True)
class Baselines:
    """The parts of a lake up to the build of (`known_at`, `as_of`); both cuts are naive UTC."""

    folder: Path
    known_at: datetime
    as_of: datetime

    def in_force(self, counted: pd.DataFrame) -> pd.DataFrame:
        """The baselines this build goes by: frozen ones, and those that its release would freeze (`is_new`).

        `counted` has the columns of IDENTITY and breakdown, member, entered, converted, weeks: what the baselines
        would be today. Of two parts for one baseline the earlier holds.
        """
        counted = counted.astype({name: _PANDAS[name] for name in (*IDENTITY, *_COUNTS)})
        frozen = _read([path for path in self._all() if self._precedes(path)])
        first = frozen.groupby(list(IDENTITY))["part"].transform("min")
        kept = frozen[frozen["part"] == first].drop(columns="part")
        asked = counted[list(IDENTITY)].drop_duplicates()
        kept = kept.merge(asked, on=list(IDENTITY))
        missing = asked.merge(kept[list(IDENTITY)].drop_duplicates(), how="left", indicator=True)
        missing = missing[missing["_merge"] == "left_only"].drop(columns="_merge")
        versions = frozen.groupby("metric")["version"].nunique()
        new = [
            group.assign(version=_version(group, int(versions.get(metric, 0)) + 1))
            for metric, group in counted.merge(missing, on=list(IDENTITY)).groupby("metric")
        ]
        table = pd.concat([kept.assign(is_new=False), *(group.assign(is_new=True) for group in new)])
        table = table.astype({**_PANDAS, "is_new": bool})
        return table.sort_values([*IDENTITY, "breakdown", "member"], ignore_index=True)[[*COLUMNS, "is_new"]]

    def freeze(self, in_force: pd.DataFrame) -> None:
        """Write the new ones among `in_force`, unless a build that this one does not follow froze them already.

        A build of an earlier week, or of what was known earlier, thereby moves no later one.
        """
        later = _read([path for path in self._all() if not self._precedes(path)])[list(IDENTITY)].drop_duplicates()
        told = in_force[in_force["is_new"]].merge(later, how="left", on=list(IDENTITY), indicator=True)
        new = told.loc[told["_merge"] == "left_only", COLUMNS]
        if new.empty:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{self.known_at.strftime(_STAMP)}-{self.as_of.strftime(_STAMP)}-{_digest(new)}.parquet"
        partial, final = self.folder / f".{name}.part", self.folder / name
        columns = ", ".join(f"{column}::{_TYPES[column]} as {column}" for column in COLUMNS)
        with duckdb.connect() as connection:
            connection.register("new", new)
            sealed_parquet.write(connection, f"select {columns} from new order by all", partial)
        partial.chmod(0o600)
        with partial.open("rb") as content:
            os.fsync(content.fileno())
        point("baselines_drafted")
        partial.replace(final)
        point("baselines_frozen")

    def _precedes(self, path: Path) -> bool:
        known_at, as_of, _ = path.stem.split("-")
        return known_at <= self.known_at.strftime(_STAMP) and as_of <= self.as_of.strftime(_STAMP)

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))


def _read(files: list[Path]) -> pd.DataFrame:
    """Rows of parts with the name of theirs; none of no part."""
    columns = ", ".join(COLUMNS)
    empty = ", ".join(f"null::{_TYPES[column]} as {column}" for column in COLUMNS)
    query = f"select {empty}, null::varchar as part where false"
    if files:
        paths = ", ".join(f"'{_quoted(path)}'" for path in files)
        query = (
            f"select {columns}, parse_filename(filename, true) as part from read_parquet([{paths}], filename = true)"
        )
    with duckdb.connect() as connection:
        sealed_parquet.require_whole(connection, files)
        return connection.execute(f"{query} order by all").df()


def _version(baseline: pd.DataFrame, number: int) -> str:
    """Number and short hash of one baseline, such as `1-3fa9c2d1`."""
    return f"{number}-{_digest(baseline[[*IDENTITY, *_COUNTS]])}"


def _digest(frame: pd.DataFrame) -> str:
    ordered = frame.astype(str).sort_values(list(frame.columns))
    return hashlib.sha256(ordered.to_csv(index=False).encode()).hexdigest()[:8]


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("'", "''")
