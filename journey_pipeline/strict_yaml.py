"""YAML that means what it says: one value for each key, and none that two readers would take for two things.

Holds the loader for every YAML file we read. Add here what else must not be written. Must not be here: what the keys
of a file mean.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

_TAG = "tag:yaml.org,2002:"
# What YAML 1.1 makes of a bare word, and the one way of writing it that every reader takes for the same.
_PLAINLY = {
    f"{_TAG}bool": (re.compile("true|false"), "true or false"),
    f"{_TAG}int": (re.compile(r"[-+]?(0|[1-9]\d*)"), "a decimal number"),
    f"{_TAG}float": (re.compile(r"[-+]?\d+\.\d*([eE][-+]?\d+)?"), "a decimal number"),
    f"{_TAG}timestamp": (None, "a text in quotes"),
}


class StrictYamlError(ValueError):
    """A YAML file could be read in two ways or is none; the message names file and line."""


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without anchors, aliases, tags, repeated or merged keys, and bare words such as `no` or `12:30`."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            _refuse(event, "anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None) is not None:
            _refuse(event, f"the tag {event.tag} is not allowed; write the value without it")
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)  # type: ignore[no-untyped-call]
        plainly, instead = _PLAINLY.get(node.tag, (None, "")) if node.style is None else (None, "")
        if instead and not (plainly and plainly.fullmatch(node.value)):
            kind = node.tag.removeprefix(_TAG)
            _refuse(node, f"{node.value!r} would be read as a {kind}; put it in quotes or write {instead}")
        return node  # type: ignore[no-any-return]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value == "<<":
                _refuse(key, "merging is not allowed; write the keys out")
            if str(key.value) in seen:
                _refuse(key, f"key {key.value!r} is given twice")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def _refuse(place: Any, message: str) -> NoReturn:
    raise yaml.YAMLError(f"line {place.start_mark.line + 1}: {message}")


def read(path: Path) -> Any:
    """What a file holds. Raises StrictYamlError naming file, line and what to do."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise StrictYamlError(f"{path.name}: {line}{error.problem}; mend that line") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StrictYamlError(f"{path.name}: {error}") from None
