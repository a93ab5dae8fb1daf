"""YAML that could be read in two ways is refused with its line; all of ours can be read in one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from journey_pipeline import strict_yaml
from journey_pipeline.settings import DBT_PROJECT, PROJECT_ROOT
from journey_pipeline.strict_yaml import StrictYamlError

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: key 'a' is given twice"),
        ("a:\n  b: 1\n  b: 1\n", "line 3: key 'b' is given twice"),
        (BOMB, "line 1: anchors and aliases"),
        ("a: 1\nb: *a\n", "line 2: anchors and aliases"),
        ("a: 1\nb: {<<: {a: 1}}\n", "line 2: merging"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", "line 2: the tag"),
        ("a: !!str 1\n", "line 1: the tag"),
        ("a: !important x\n", "line 1: the tag"),
        ("country: NO\n", "line 1: 'NO' would be read as a bool"),
        ("on: 1\n", "line 1: 'on' would be read as a bool"),
        ("a: 1\nid: 0123\n", "line 2: '0123' would be read as a int"),
        ("at: 12:30\n", "line 1: '12:30' would be read as a int"),
        ("a: 0x1F\n", "line 1: '0x1F' would be read as a int"),
        ("a: 1_000\n", "line 1: '1_000' would be read as a int"),
        ("a: .inf\n", "line 1: '.inf' would be read as a float"),
        ("day: 2026-11-16\n", "line 1: '2026-11-16' would be read as a timestamp"),
        ("a: 1\nb: [1\n", "line 3: "),
        ("a: 1\n\tb: 2\n", "line 2: "),
        ("a: \x00\n", "x.yml: "),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "x.yml"
    file.write_text(text)
    with pytest.raises(StrictYamlError) as refused:
        strict_yaml.read(file)
    assert str(refused.value).startswith("x.yml: ")
    assert told in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_bytes(b"a: \xff\n")
    with pytest.raises(StrictYamlError, match=r"x\.yml"):
        strict_yaml.read(tmp_path / "x.yml")


def test_plain_values_are_what_they_look_like(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text("a: [1, -2, 0, 1.5, true, false, null, text, 'NO', \"0123\", ~]\nb: {c: }\n")
    assert strict_yaml.read(file) == {
        "a": [1, -2, 0, 1.5, True, False, None, "text", "NO", "0123", None],
        "b": {"c": None},
    }


def test_every_file_of_the_project_is_read_as_any_other_reader_would() -> None:
    """dbt and Dagster read some of them with loaders of their own."""
    folders = [DBT_PROJECT, PROJECT_ROOT / "journey_pipeline"]
    files = [f for folder in folders for f in folder.rglob("*.y*ml") if not {"target", "dbt_packages"} & set(f.parts)]
    files += [PROJECT_ROOT / "workspace.yaml"]
    assert len(files) > 50
    for file in files:
        assert strict_yaml.read(file) == yaml.safe_load(file.read_text(encoding="utf-8")), file
