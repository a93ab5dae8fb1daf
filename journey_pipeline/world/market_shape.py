"""A scenario market with a user's own numbers, from a TOML file.

Holds reading and checking that file. Add here what a file may say. Must not be here: a number of the market itself.

    interest_hazard = 0.002                # any number of Shape
    [channels.paid_video]                  # any field of a channel; other channels stay what they are
    daily_visit = 0.05
    [channels.podcast]                     # a channel of one's own says its role
    role = "push"
    daily_visit = 0.01
    interest_effect = 1.0
"""

import difflib
import math
import tomllib
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from journey_pipeline.world.parameters import Channel
from journey_pipeline.world.scenarios import Shape

ROLES = ("push", "pull", "navigational", "earned")
CHANNEL_FIELDS = ("role", "daily_visit", "interest_effect", "purchase_effect", "half_life_days", "closing_share",
                  "lost_if_blocked", "click_through_rate")  # fmt: skip
_POSITIVE = ("half_life_days", "retarget_days", "mean_value", "block")
_OWN = ("channels", "by_chance")  # the first has its own part of the file, the second is what scenarios are


def market_shape(path: Path) -> Shape:
    """The shape a file describes; what it does not say is as in `Shape`.

    Raises ValueError when the file is no TOML, names something unknown, or has a value that cannot be.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise ValueError(f"{path.name} is not TOML: {broken}") from broken
    own = said.pop("channels", {})
    if not isinstance(own, dict) or not all(isinstance(one, dict) for one in own.values()):
        raise ValueError("expected tables [channels.NAME], found something else under channels")
    shape = Shape()
    numbers = {field.name: getattr(shape, field.name) for field in fields(Shape) if field.name not in _OWN}
    _known("the file", said, numbers)
    changes = {name: _checked(name, value, numbers[name]) for name, value in said.items()}
    channels = {channel.name: channel for channel in shape.channels}
    for name, changed in own.items():
        channels[name] = _channel(name, channels.get(name), changed)
    if sum(channel.closing_share for channel in channels.values()) <= 0:
        raise ValueError("no channel has a closing_share; somebody has to come back by some channel to buy")
    return replace(shape, channels=tuple(channels.values()), **changes)


def _channel(name: str, channel: Channel | None, changed: dict[str, Any]) -> Channel:
    place = f"[channels.{name}]"
    _known(place, changed, CHANNEL_FIELDS)
    role = changed.get("role", channel.role if channel else None)
    if role not in ROLES:
        raise ValueError(f"{place}: expected role to be one of {', '.join(ROLES)}, found {role!r}")
    start = channel or Channel(name, role, 0.0)
    numbers = {key: _checked(f"{place} {key}", value, 1.0) for key, value in changed.items() if key != "role"}
    return replace(start, role=role, **numbers)


def _known(place: str, names: Iterable[str], expected: Iterable[str]) -> None:
    expected = tuple(expected)
    for name in names:
        if name not in expected:
            near = difflib.get_close_matches(name, expected, 1)
            raise ValueError(
                f"{place} names {name!r}, which nothing is called; "
                + (f"nearest is {near[0]!r}" if near else f"known are {', '.join(expected)}")
            )


def _checked(name: str, value: Any, like: Any) -> Any:
    """The value as the type of `like`; never negative, and never 0 where nothing can be divided by it."""
    if isinstance(like, tuple):
        if not isinstance(value, list) or not value:
            raise ValueError(f"{name}: expected a list of numbers, found {value!r}")
        return tuple(_checked(name, one, like[0]) for one in value)
    whole = isinstance(like, int)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0 or (whole and value != int(value)):
        raise ValueError(f"{name}: expected a {'whole ' if whole else ''}number of at least 0, found {value!r}")
    if value == 0 and name.split()[-1] in _POSITIVE:
        raise ValueError(f"{name}: expected more than 0")
    return int(value) if whole else float(value)
