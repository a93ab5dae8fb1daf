"""The page docs/adding-an-attribution-model.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adding-an-attribution-model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- (file|line): (\S+)(?: (after|instead of): (.+?))? -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
TABLE_TESTS = "tests/attribution/test_attribution_table.py"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for folder in ("journey_pipeline", "dbt_project"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("target", "__pycache__", "logs")
        )
    for name in ("pyproject.toml", TABLE_TESTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def follow(clone: Path) -> None:
    for kind, name, place, anchor, content in BLOCKS:
        target = clone / name
        if kind == "file":
            target.write_text(content, encoding="utf-8")
            continue
        lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
        (at,) = [number for number, line in enumerate(lines) if line.strip() == anchor]
        lines[at : at + 1] = [content] if place == "instead of" else [lines[at], content]
        target.write_text("".join(lines), encoding="utf-8")


def python(clone: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=clone,
        env=environment | {"PYTHONPATH": str(clone)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_is_followed_and_both_models_are_there(clone: Path) -> None:
    assert [kind for kind, *_ in BLOCKS] == ["line", "file", "line", "line", "line", "file"]
    follow(clone)
    told = python(
        clone, "-m", "pytest", "tests/attribution/test_presence.py", TABLE_TESTS, "-k", "presence or counts", "-vv"
    )
    assert "2 passed" in told and "test_laws_of_every_fitted_model[presence]" in told
    compiled = python(
        clone,
        "-c",
        f"import sys; from pathlib import Path; sys.path.append({str(ROOT / 'tests' / 'sql')!r})\n"
        "from journey_pipeline.settings import shared_numbers\n"
        "from compiled_models import compile_models\n"
        "print(shared_numbers()['fitted_models'], *compile_models(Path('.'), 'rule_weights credits').values())",
    )
    assert "'presence']" in compiled and "'second' as model" in compiled
    assert compiled.count("position = least(2, touch_count)") >= 1
