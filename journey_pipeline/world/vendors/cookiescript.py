"""CookieScript: a zip of one zip per day with the decisions of British visitors, by their browsers' own clocks.

Must not be here: who agrees to what.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, csv_cell, csv_line, files, own, zipped
from journey_pipeline.world.vendors.consents import load_decisions

HEADER = "Key,Action,IP,Date,Page,Browser,Categories,Text"
KEPT_DAYS = 28  # the tool replaced another one four weeks before the end
BROWSER_OFF_SECONDS = 8 * 3600
_LOG = """
create or replace temp table cookiescript_log as
select person, session, consent, path, substr(md5('cookiescript-' || session), 1, 16) as consent_key, decided_at,
    decided_at // 86400 as utc_day, $planted and session % 6 = 1 as is_off
from consent_decisions where country = 'GB' and decided_at >= $since
"""
_CELLS = (
    "consent_key", "if(consent = 2, 'reject', 'accept')", "'203.0.113.0'",
    f"utc_time(decided_at - is_off::integer * {BROWSER_OFF_SECONDS}, '%Y-%m-%d %H:%M:%S')",
    "'https://www.northlamp.test' || path", "'Mozilla/5.0'",
    "['strict,performance,targeting,functionality', 'strict,performance', 'strict'][consent + 1]",
    "'We use cookies, see policy v3'",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write `consents_<first day>_<last day>.zip` of the last weeks."""
    load_decisions(con)
    since = int(calendar.midnight[max(0, calendar.days - KEPT_DAYS)])
    con.execute(_LOG, {"planted": delivery.is_planted, "since": since})
    own(con, "consent_key", "select person, consent_key from cookiescript_log")
    count(con, "consent_decisions",
        "select 'cookiescript_' || ['granted', 'ads_denied', 'denied'][consent + 1], count(*) "
          "from cookiescript_log group by 1")  # fmt: skip
    delivery.plant(con, "select 'cookiescript.browser_clock_off', count(*) from cookiescript_log where is_off")
    line = csv_line([csv_cell(cell) for cell in _CELLS])
    days = files(
        con, f"select utc_time(decided_at, '%Y-%m-%d') as file, session as place, {line} as line from cookiescript_log"
    )
    members: dict[str, str | bytes] = {
        f"{day}.zip": zipped({f"{day}.csv": f"{HEADER}\n{text}"}) for day, text in days.items()
    }
    if members:
        delivery.write_zip(f"consent/cookiescript/consents_{min(days)}_{max(days)}.zip", members)
