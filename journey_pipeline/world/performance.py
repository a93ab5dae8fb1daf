"""How the pages of the market perform: web vitals of a sample of page views, script errors, rage clicks.

Holds the table `measured`, which the writers of trackers read beside the events. Add a measurement here when a tracker
can tell it. Must not be here: a vendor's names and shapes, or a draw that changes what people do.
"""

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from journey_pipeline.world.clock import stream

# Median, and the spread of its logarithm; the limits of good and poor are web.dev's.
VITALS = (
    ("LCP", 1700.0, 0.45, 2500, 4000),
    ("INP", 110.0, 0.6, 200, 500),
    ("CLS", 0.05, 0.8, 0.1, 0.25),
    ("FCP", 1100.0, 0.4, 1800, 3000),
    ("TTFB", 420.0, 0.5, 800, 1800),
)
SAMPLED = 0.06  # share of page views that measure themselves, as sites sample to save hits
ERRORS, RAGE_CLICKS = 0.01, 0.004
SLOW_PAGES, SLOWER, WORSE = ("/sale", "/guide/brass"), 2.2, 4
DELAY_MICROSECONDS = 400_000  # between a page view and what is measured of it, and between two of those
BOT = 6

# What a page view shows is in the writers; here is only which kind of page it is.
_MEASURED = f"""
create or replace table measured as
with pages as (
    select d.*, e.microsecond, e.session,
        list_contains({list(SLOW_PAGES)}, if(e.page = 0 or s.tracker = 'snowplow', s.path,
            ['/lamps', '/guide', '/sale'][1 + e.page % 3])) as is_slow
    from drawn_measurements as d join events as e using (position) join event_names as n using (code)
    join sessions as s using (session)
    where n.event_name = 'page_view' and s.kind < {BOT} and e.is_tracked
),
vitals as (
    select position, is_slow, microsecond, unnest([
        {", ".join(f"{{number: {n}, metric: '{name}', value: {name}, good: {good}, poor: {poor}}}"
                   for n, (name, _, _, good, poor) in enumerate(VITALS, 1))}], recursive := true)
    from pages where sampled < {SAMPLED}
),
told as (
    select position, number, metric as name, microsecond, good, poor,
        round(if(is_slow, {SLOWER}, 1) * value, if(metric = 'CLS', 3, 1)) as value
    from vitals
    union all
    select position, 6, 'error', microsecond, null, null, null from pages
    where failed < {ERRORS} * if(is_slow, {WORSE}, 1)
    union all
    select position, 7, 'rage_click', microsecond, null, null, null from pages
    where raged < {RAGE_CLICKS} * if(is_slow, {WORSE}, 1)
)
select position, number, name, value, microsecond + number * {DELAY_MICROSECONDS} as microsecond,
    case when value <= good then 'good' when value <= poor then 'needs-improvement'
        when value is not null then 'poor' end as rating
from told order by position, number
"""  # fmt: skip


def load_measured(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Create `measured`: one row per page view and what is told of it, in the order they are told."""
    count = con.execute("select count(*) from events").fetchall()[0][0]
    draw = stream(seed, "performance")
    chances = {name: draw.random(count) for name in ("sampled", "failed", "raged")}
    place = np.flatnonzero(
        (chances["sampled"] < SAMPLED) | (chances["failed"] < ERRORS * WORSE) | (chances["raged"] < RAGE_CLICKS * WORSE)
    )
    columns = {"position": place} | {name: values[place] for name, values in chances.items()}
    columns |= {name: median * np.exp(spread * draw.standard_normal(len(place))) for name, median, spread, *_ in VITALS}
    con.register("drawn_measurements", pa.table({name: pa.array(values) for name, values in columns.items()}))
    con.execute(_MEASURED)
    con.unregister("drawn_measurements")
