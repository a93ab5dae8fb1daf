"""Connected components three ways: `python -m tests.benchmarks.clustering [chains]`.

`identity.resolve` (with its guards), Splink's own clustering and scipy's connected components get the same links of
chains of 50 identifiers, each in a process of its own with the same two cores and the same limit on memory, and must
find the same clusters. By default 60,000 chains: 3,000,000 identifiers and 5,000,000 links, of which 2,060,000 repeat
one that is there already, so that no chain gets shorter. Reading the links is not timed; the memory is the largest
resident size of the process, the links included.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CORES, GIBIBYTES, LONGEST_SECONDS = 2, 4, 1_800
CHAIN = 50
Labels = NDArray[np.int64]


def main() -> None:
    chains = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    with tempfile.TemporaryDirectory(prefix="journey-clusters-") as scratch:
        links = Path(scratch) / "links.npy"
        np.save(links, write_links(chains))
        edges, nodes = np.load(links, mmap_mode="r").shape[1], chains * CHAIN
        print(f"machine  {os.cpu_count()} cores; {edges:,} links over {nodes:,} identifiers, chains of {CHAIN}")
        found = {engine: measured(engine, links, nodes) for engine in ENGINES}
    for engine, result in found.items():
        print(
            f"{engine:<10} {result['seconds']:7.1f} s {result['peak_mib']:7.0f} MiB  {result['clusters']:,} clusters"
            if "digest" in result
            else f"{engine:<10} {result['fault']}"
        )
    if len({result["digest"] for result in found.values() if "digest" in result}) > 1:
        raise SystemExit("the engines found different clusters: one of them is wrong")


def write_links(chains: int) -> NDArray[np.int64]:
    """Links as two rows of numbers, identifiers and links shuffled."""
    chance = np.random.default_rng(1)
    identifiers = chance.permutation(chains * CHAIN).reshape(chains, CHAIN)
    once = np.stack([identifiers[:, :-1].ravel(), identifiers[:, 1:].ravel()])
    wanted = chains * CHAIN * 5 // 3
    again = once[:, chance.integers(0, once.shape[1], wanted - once.shape[1])]
    return chance.permutation(np.concatenate([once, again[::-1]], axis=1), axis=1)


def measured(engine: str, links: Path, nodes: int) -> dict[str, float | str]:
    command = [sys.executable, "-m", "tests.benchmarks.clustering", "--engine", engine, str(links), str(nodes)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        return {"fault": f"not done after {LONGEST_SECONDS} s"}
    if done.returncode:
        return {"fault": done.stderr.strip().splitlines()[-1]}
    return dict(json.loads(done.stdout))


def measure(engine: str, links: Path, nodes: int) -> None:
    """Inside the process of one engine."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    a, b = np.ascontiguousarray(np.load(links))
    run = ENGINES[engine](a, b, nodes)
    resource.setrlimit(resource.RLIMIT_DATA, (GIBIBYTES * 1024**3,) * 2)
    started = time.perf_counter()
    labels = run()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # The least identifier names a cluster, whatever the engine calls it.
    least = np.full(int(labels.max()) + 1, nodes)
    np.minimum.at(least, labels, np.arange(nodes))
    digest = hashlib.sha256(least[labels].tobytes()).hexdigest()
    clusters = len(np.unique(labels))
    print(json.dumps({"seconds": seconds, "peak_mib": peak, "clusters": clusters, "digest": digest}))


def with_guards(a: Labels, b: Labels, nodes: int) -> Callable[[], Labels]:
    from journey_pipeline import identity

    same, none, no = np.zeros(len(a), np.int64), np.zeros(nodes, np.int64), np.zeros(nodes, bool)
    people = identity.Nodes(type=none, hard_kind=none, device_kind=none, is_click=no)
    pairs = identity.Edges(a, b, same, same, *[same.astype(bool)] * 3)
    return lambda: identity.resolve(people, pairs).label


def with_scipy(a: Labels, b: Labels, nodes: int) -> Callable[[], Labels]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    def run() -> Labels:
        graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(nodes, nodes))
        return connected_components(graph, directed=False)[1].astype(np.int64)

    return run


def with_splink(a: Labels, b: Labels, nodes: int) -> Callable[[], Labels]:
    import duckdb
    import pyarrow as pa
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    connection = duckdb.connect(config={"threads": CORES, "memory_limit": f"{GIBIBYTES - 1}GB"})
    connection.execute("set enable_progress_bar = false")
    connection.register("given", pa.table({"node_l": a, "node_r": b}))
    connection.execute("create table links as select * from given")
    connection.unregister("given")
    connection.execute(f"create table nodes as select range as node from range({nodes})")

    def run() -> Labels:
        clusters = cluster_pairwise_predictions_at_threshold("nodes", "links", DuckDBAPI(connection), "node")
        rows = connection.execute(f"select cluster_id from {clusters.physical_name} order by node").fetchnumpy()
        return np.asarray(rows["cluster_id"], np.int64)

    return run


ENGINES = {"identity": with_guards, "scipy": with_scipy, "splink": with_splink}

if __name__ == "__main__":
    if "--engine" in sys.argv:
        measure(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
