"""Time of the market: business days in the reporting zone, their UTC instants, seeded random streams.

Add here what turns a (day, second) into an instant or a seed into a stream. Must not be here: any rule about
what happens at that time.
"""

import zlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from journey_pipeline.world.parameters import TIME_ZONE

Ints = NDArray[np.int64]

# The last visit of a day starts early enough to end before midnight, so that no event leaves its day.
VISIT_ROOM_SECONDS = 2400


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """A random stream of its own per name: adding a draw to one part leaves every other part unchanged."""
    key = [seed, *(zlib.crc32(n.encode()) if isinstance(n, str) else n for n in names)]
    return np.random.default_rng(np.random.SeedSequence(key))


@dataclass(frozen=True)
class Calendar:
    """The days of the market: `midnight` holds days + 1 UTC epoch seconds, `shift_*` the zone's offsets."""

    start: date
    days: int
    midnight: Ints
    shift_at: Ints
    shift_offset: Ints

    @classmethod
    def before(cls, end: date, weeks: int) -> "Calendar":
        """The calendar of the `weeks` whole weeks before `end` (exclusive).

        Raises ValueError when `end` is not a Monday or `weeks` is below one.
        """
        if end.weekday() != 0:
            raise ValueError(f"end must be a Monday, found {end:%A} {end}; nearest is {end - timedelta(end.weekday())}")
        if weeks < 1:
            raise ValueError(f"weeks must be at least 1, found {weeks}")
        zone = ZoneInfo(TIME_ZONE)
        start, days = end - timedelta(weeks=weeks), weeks * 7
        midnights = [
            datetime(d.year, d.month, d.day, tzinfo=zone) for d in (start + timedelta(n) for n in range(days + 1))
        ]
        first, last = int(midnights[0].timestamp()), int(midnights[-1].timestamp())
        shift_at, shift_offset, current = [], [], None
        for hour in range(first, last + 1, 3600):
            found = datetime.fromtimestamp(hour, zone).utcoffset()
            if found != current and found is not None:
                shift_at.append(hour)
                shift_offset.append(int(found.total_seconds()))
                current = found
        instants = np.array([int(m.timestamp()) for m in midnights], dtype=np.int64)
        return cls(start, days, instants, np.array(shift_at, np.int64), np.array(shift_offset, np.int64))

    @property
    def end_at(self) -> int:
        """First UTC epoch second that is no longer in the market."""
        return int(self.midnight[-1])

    @property
    def twice_at(self) -> int | None:
        """First UTC epoch second at which the clocks show an hour again, None when that does not happen."""
        back = np.flatnonzero(np.diff(self.shift_offset) < 0)
        return int(self.shift_at[back[0] + 1]) if len(back) else None

    def day(self, number: int) -> date:
        """The business date of a day number."""
        return self.start + timedelta(int(number))

    def periods(self, weeks: int) -> list[tuple[int, int]]:
        """First and last day number of each stretch of that many weeks, the last one as long as what is left."""
        step = 7 * weeks
        return [(first, min(first + step, self.days) - 1) for first in range(0, self.days, step)]

    def instant(self, day: Ints, second: Ints) -> Ints:
        """UTC epoch seconds of a second of a business day, kept clear of the following midnight."""
        room = self.midnight[day + 1] - self.midnight[day] - VISIT_ROOM_SECONDS
        return self.midnight[day] + np.clip(second, 0, room)

    def day_of(self, instant: Ints) -> Ints:
        """Business day number of UTC epoch seconds."""
        return np.searchsorted(self.midnight, instant, side="right").astype(np.int64) - 1

    def season(self, amplitude: float, november: float, weekdays: tuple[float, ...]) -> NDArray[np.float64]:
        """Demand factor per day: lowest in July, highest in winter, more in November, by day of the week."""
        days = [self.day(n) for n in range(self.days)]
        yearly = np.array([1 + amplitude * np.cos(2 * np.pi * (d.timetuple().tm_yday - 5) / 365.25) for d in days])
        lift = np.array([1 + november * (d.month == 11) for d in days])
        factor: NDArray[np.float64] = yearly * lift * np.array([weekdays[d.weekday()] for d in days])
        return factor
