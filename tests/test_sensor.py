"""The sensor: it asks for a run once, when new files have come to rest, and for the last complete week."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = """
import json, sys
import dagster as dg
from journey_pipeline.definitions import defs
from journey_pipeline.defs.jobs import new_files
from journey_pipeline.defs.resources import Home, settings

context = dg.build_sensor_context(cursor=sys.argv[1] or None, resources={"home": Home(path=str(settings.home))})
answer = new_files(context)
print(json.dumps({
    "kind": type(answer).__name__,
    "reason": getattr(answer, "skip_message", None),
    "partition": getattr(answer, "partition_key", None),
    "cursor": context.cursor,
}))
"""


def ask(home: Path, cursor: str = "") -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, cursor],
        env=environment | {"JOURNEY_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_the_sensor_waits_for_files_to_rest_and_asks_once(tmp_path: Path) -> None:
    assert "no files" in ask(tmp_path)["reason"]

    file = tmp_path / "inbox" / "shopify" / "orders_export_1.csv"
    file.parent.mkdir(parents=True)
    file.write_text("Name\n")
    assert "still arriving" in ask(tmp_path)["reason"]

    rested = time.time() - 3600
    os.utime(file, (rested, rested))
    asked = ask(tmp_path)
    assert asked["kind"] == "RunRequest"
    week = time.strptime(asked["partition"], "%Y-%m-%d")
    assert week.tm_wday == 0, "a partition begins on a Monday"
    assert time.mktime(week) < time.time() - 7 * 86400 + 86400

    assert "no new files" in ask(tmp_path, asked["cursor"])["reason"]
