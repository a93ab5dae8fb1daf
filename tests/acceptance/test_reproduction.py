"""Two weekly releases from a lake that went on growing: each is had again, and what changed is told by its causes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from journey_pipeline.door_frames import MART_KEYS
from journey_pipeline.release import manifest as manifests
from tests.pipeline_runs import KEY, deliver_samples, digests, journey, manifest, snapshot

pytestmark = pytest.mark.long

EARLIER, LATER = "2026-11-09", "2026-11-16"
# Delivered after the first release.
LATE = ("shopify/bulk*", "ga4/**/*", "google_ads/**/*")

# Tells every state between the two releases as JSON: its cause, and the digest of each of its tables.
STATES = """
import json, sys
from pathlib import Path
import duckdb
from journey_pipeline import rebuilding, release
from journey_pipeline.release.digest import table_digest
from journey_pipeline.run_lock import run_lock
from journey_pipeline.settings import load
from journey_pipeline.door_frames import MART_KEYS

settings = load(Path(sys.argv[1]))
previous = release.show(settings.home, sys.argv[2])
told = []
with run_lock(settings.home), rebuilding.restatement_states(settings, previous, settings.warehouse) as states:
    for state in states:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{state.database}' as s (read_only)")
            tables = {name: table_digest(connection, f's.{state.schema}."{name}"') for name in MART_KEYS}
        told.append([state.cause, tables])
print(json.dumps(told))
"""


def _python(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    environment |= {"JOURNEY_HOME": str(home), "JOURNEY_PSEUDONYM_KEY": KEY, **variables}
    return subprocess.run(
        [sys.executable, "-c", *arguments], env=environment, capture_output=True, text=True, timeout=1800, check=False
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some files, a release; the rest of them, and a release of the next week."""
    folder = tmp_path_factory.mktemp("home")
    deliver_samples(folder / "inbox")
    late = sorted({f for pattern in LATE for f in (folder / "inbox").glob(pattern) if f.is_file()})
    assert late
    for file in late:
        aside = folder / "aside" / file.relative_to(folder / "inbox")
        aside.parent.mkdir(parents=True, exist_ok=True)
        file.rename(aside)
    first = journey("run", "--as-of", EARLIER, home=folder)
    assert first.returncode == 0, first.stderr
    for file in late:
        (folder / "aside" / file.relative_to(folder / "inbox")).rename(file)
    second = journey("run", "--as-of", LATER, home=folder)
    assert second.returncode == 0, second.stderr
    return folder


def _earlier(home: Path) -> str:
    return str(manifest(home)["previous_release_id"])


@pytest.mark.parametrize("which", ["served", "earlier"])
def test_a_release_is_had_again_from_the_lake_and_nothing_else_moves(home: Path, which: str) -> None:
    release_id = manifest(home)["release_id"] if which == "served" else _earlier(home)
    before = snapshot(home)
    result = journey("release", "reproduce", release_id, "--json", home=home)
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout) == {
        "release_id": release_id, "differing": [], "changed": [], "is_identical": True,
    }  # fmt: skip
    after = snapshot(home)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    # What the run before left in its scratch folder goes with the lock.
    assert {name for name in changed if not name.startswith("work/")} <= {"run.lock"}


def test_a_release_of_other_settings_is_refused_and_the_settings_are_named(home: Path) -> None:
    other = {"JOURNEY_TIME_ZONE": "Europe/Paris"}
    refused = journey("release", "reproduce", home=home, **other)
    assert refused.returncode == 2
    assert f"the configuration was {manifest(home)['configuration_hash']}" in refused.stderr
    nowhere = journey("release", "reproduce", "--anyway", home=home, JOURNEY_TIME_ZONE="UTC")
    assert nowhere.returncode == 2
    assert "no Monday begins in UTC" in nowhere.stderr


def test_a_table_that_the_lake_gives_otherwise_is_named(home: Path) -> None:
    """What a release says that its lake never said: here one digest, written into its manifest."""
    folder = (home / "published").resolve()
    content = manifests.read(folder)
    told = content["tables"]["spend"]["digest"]
    try:
        content["tables"]["spend"]["digest"] = "0" * 64
        manifests.write(folder, content)
        result = journey("release", "reproduce", home=home)
        assert (result.returncode, result.stdout) == (1, "spend differs\n"), result.stderr
    finally:
        content["tables"]["spend"]["digest"] = told
        manifests.write(folder, content)


def test_what_a_killed_rebuild_leaves_goes_with_the_next(home: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "journey_pipeline.cli", "release", "reproduce", "--home", str(home)],
        env=os.environ | {"JOURNEY_PSEUDONYM_KEY": KEY, "JOURNEY_HOME": str(home)},
        start_new_session=True,
    )
    until = time.monotonic() + 900
    while not list((home / "work").glob("rebuild-*/*.duckdb")) and time.monotonic() < until:
        time.sleep(0.2)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    assert list((home / "work").glob("rebuild-*"))
    again = journey("release", "reproduce", home=home)
    assert again.returncode == 0, again.stdout + again.stderr
    assert list((home / "work").glob("rebuild-*")) == []


def test_the_states_lead_from_one_release_to_the_other_and_the_last_but_one_is_the_week_as_known_now(
    home: Path,
) -> None:
    result = _python(home, STATES, str(home), _earlier(home))
    assert result.returncode == 0, result.stderr[-3000:]
    told: list[Any] = json.loads(result.stdout.splitlines()[-1])
    causes = [cause for cause, _ in told]
    assert causes[0] == ""
    assert causes[-1] == "new_week"
    assert {"late_data", "identity_change"} < set(causes), causes
    older = json.loads((home / "releases" / _earlier(home) / "manifest.json").read_text())["tables"]
    assert told[0][1] == {name: older[name]["digest"] for name in MART_KEYS}
    now = digests(home)
    assert told[-1][1] == {name: now[name] for name in MART_KEYS}
    # The same week by what is known now, had in the plain way.
    again = journey("run", "--as-of", EARLIER, home=home)
    assert again.returncode == 0, again.stderr
    stored = {f.name for f in (home / "releases").glob(f"{EARLIER}-*")} - {_earlier(home)}
    (release_id,) = stored
    tables = json.loads((home / "releases" / release_id / "manifest.json").read_text())["tables"]
    assert told[-2][1] == {name: tables[name]["digest"] for name in MART_KEYS}


def test_a_run_tells_the_causes_it_split_by(home: Path) -> None:
    """Last: it publishes. The served release is rolled back, so that the week is new once more."""
    assert journey("release", "rollback", home=home).returncode == 0
    result = journey(
        "run", "--as-of", LATER, home=home, JOURNEY_SPLIT_RESTATEMENTS="true", JOURNEY_FAIL_ON_GAPS="false"
    )
    assert result.returncode == 0, result.stderr
    assert list((home / "work").glob("rebuild-*")) == []
