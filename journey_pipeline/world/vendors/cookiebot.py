"""Cookiebot: the consent cookies of Swedish visitors, one per line; no JSON, but JavaScript.

Must not be here: who agrees to what.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, lines, own
from journey_pipeline.world.vendors.consents import load_decisions

STAMP = "to_base64(md5('cookiebot-' || session)::blob)"
_VALUES = f"""
create or replace temp table cookiebot_values as
select person, session, consent, {STAMP} as stamp, decided_at, false as is_outside
from consent_decisions where country = 'SE'
union all
select -1, session, 0, '-1', decided_at + 40, true from consent_decisions
where country = 'SE' and $planted and session % 15 = 2
"""
_LINES = """
select session * 2 + is_outside::integer as place, concat('{stamp:''', stamp, ''',necessary:true,preferences:',
    consent < 2,
    ',statistics:', consent < 2, ',marketing:', consent < 1, ',method:''', if(is_outside, 'implied', 'explicit'),
    ''',ver:1,utc:', decided_at, '000,region:''', if(is_outside, 'us', 'se'), '''}') as line
from cookiebot_values
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write `cookieconsent_values.txt`."""
    load_decisions(con)
    con.execute(_VALUES, {"planted": delivery.is_planted})
    own(con, "consent_key", "select person, stamp from cookiebot_values")
    count(con, "consent_decisions", "select 'cookiebot_' || ['granted', 'ads_denied', 'denied'][consent + 1], count(*) "
          "from cookiebot_values where not is_outside group by 1")  # fmt: skip
    delivery.plant(con, "select 'cookiebot.outside_consent_region', count(*) from cookiebot_values where is_outside")
    delivery.write_text("consent/cookiebot/cookieconsent_values.txt", lines(con, _LINES))
