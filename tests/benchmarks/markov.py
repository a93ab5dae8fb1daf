"""Markov credit of a million journeys: `python -m tests.benchmarks.markov [journeys] [order] [interpreter]`.

Journeys (a million by default) over 13 channels are summed up to distinct paths, as the warehouse hands them over, and
given to the chain of the order (3 by default): once alone, once with the twenty replicates of its interval.
`interpreter` is a Python in which the user has installed the package ChannelAttribution; its `markov_model` then gets
the same paths in a process of its own, after ours and never beside it. That package is under the GPL and no dependency
of this project, not even of its tests. It walks the chain at random until its credit settles, so the two differ by its
error. Reading the paths is timed for neither. Wall clock on a machine that is busy otherwise says little; the seconds
of processor time beside it do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from journey_pipeline.attribution import chosen_models
from journey_pipeline.attribution.paths import parse

CHANNELS = [f"channel_{number:02}" for number in range(13)]
LONGEST_SECONDS = 3_600
# Runs in the other interpreter: paths in, seconds and credit out.
OTHER = """
import contextlib, io, json, sys, time
import pandas as pd
with contextlib.redirect_stdout(io.StringIO()):
    from ChannelAttribution import markov_model
    paths = pd.read_csv(sys.argv[1])
    began, worked = time.perf_counter(), time.process_time()
    found = markov_model(paths, "path", "conversions", var_value="value", var_null="nulls", order=int(sys.argv[2]),
        flg_pro=False, verbose=False)
    wall, cpu = time.perf_counter() - began, time.process_time() - worked
credit = dict(zip(found.iloc[:, 0], found.iloc[:, 1]))
print(json.dumps({"wall": wall, "cpu": cpu, "credit": credit}))
"""


def main() -> None:
    journeys = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    order = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    cells = paths(journeys)
    whole = cells.groupby("path", as_index=False)[["conversions", "nulls", "value"]].sum()
    print(f"machine  {os.cpu_count()} cores; {journeys:,} journeys on {len(whole):,} distinct paths, order {order}")
    model = chosen_models(["markov"], order)["markov"]
    wall, cpu, credit = timed(lambda: model(whole).by_channel.set_index("channel")["credit"])
    print(f"exact                        {wall:8.2f} s  {cpu:8.2f} s of processor time")
    again = timed(lambda: model.fit(parse(cells)))
    print(f"exact, with 20 replicates    {again[0]:8.2f} s  {again[1]:8.2f} s of processor time")
    if len(sys.argv) < 4:
        print("ChannelAttribution           not measured: name an interpreter that has it, as the third argument")
        return
    other = measured(sys.argv[3], whole, order)
    theirs = pd.Series(other["credit"]).reindex(credit.index)
    print(f"ChannelAttribution           {other['wall']:8.2f} s  {other['cpu']:8.2f} s of processor time")
    print(f"ratio                        {other['wall'] / wall:8.1f}    {other['cpu'] / cpu:8.1f}")
    print(f"largest difference of credit {float((theirs / credit - 1).abs().max()):8.2%}")


def paths(journeys: int) -> pd.DataFrame:
    """Path cells of made-up journeys: channels of unequal size, length geometric, twenty buckets."""
    chance = np.random.default_rng(3)
    length = np.minimum(chance.geometric(0.35, journeys), 20)
    steps = chance.choice(len(CHANNELS), length.sum(), p=chance.dirichlet(np.full(len(CHANNELS), 2.0)))
    journey = np.repeat(np.arange(journeys), length)
    moves = np.append(True, (steps[1:] != steps[:-1]) | (journey[1:] != journey[:-1]))
    names, length = np.array(CHANNELS, object)[steps[moves]], np.bincount(journey[moves], minlength=journeys)
    ends = np.cumsum(length)
    told = [" > ".join(names[end - size : end]) for size, end in zip(length.tolist(), ends.tolist(), strict=True)]
    converts = chance.random(journeys) < 0.05 + 0.01 * length
    cells = pd.DataFrame({"path": told, "bucket": chance.integers(0, 20, journeys)})
    cells = cells.assign(conversions=converts.astype(int), nulls=(~converts).astype(int))
    cells["value"] = converts * chance.gamma(2, 40, journeys).round(2)
    return cells.groupby(["path", "bucket"], as_index=False).sum()


def timed(work):  # type: ignore[no-untyped-def]
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - began, time.process_time() - worked, result


def measured(interpreter: str, whole: pd.DataFrame, order: int) -> dict[str, float | dict[str, float]]:
    with tempfile.TemporaryDirectory(prefix="journey-markov-") as folder:
        file = Path(folder) / "paths.csv"
        whole.to_csv(file, index=False)
        try:
            done = subprocess.run(
                [interpreter, "-c", OTHER, str(file), str(order)],
                capture_output=True,
                text=True,
                timeout=LONGEST_SECONDS,
                check=False,
            )
        except OSError as error:
            raise SystemExit(
                f"{interpreter} does not run: {error}; name a Python that has ChannelAttribution"
            ) from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise SystemExit(f"{interpreter} could not: {reason}; it needs ChannelAttribution and matplotlib installed")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


if __name__ == "__main__":
    main()
