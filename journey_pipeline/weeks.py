"""Reporting weeks: Monday 00:00 in the reporting time zone to the next Monday.

Holds the calendar arithmetic that the command line, the graph and the measures share; no clock is read here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def monday(day: date) -> date:
    """The Monday of the ISO week that holds `day`."""
    return day - timedelta(days=day.weekday())


def local_midnight_utc(day: date, time_zone: str) -> datetime:
    """The instant (naive, UTC) at which `day` begins in `time_zone`."""
    local = datetime.combine(day, time.min, tzinfo=ZoneInfo(time_zone))
    return local.astimezone(UTC).replace(tzinfo=None)


def last_complete_week_end(instant: datetime, time_zone: str) -> date:
    """The latest Monday at or before `instant` (aware) in `time_zone`: the end of the last complete week."""
    return monday(instant.astimezone(ZoneInfo(time_zone)).date())
