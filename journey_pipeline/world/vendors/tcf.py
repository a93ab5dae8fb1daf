"""TCF: the shop's own log of what its consent tool says in Germany, one file per month.

Must not be here: who agrees to what.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, files
from journey_pipeline.world.vendors.consents import load_decisions

REREAD_EVERY = 7
GRANTED = ("1,2,3,4,5,6,7,8,9,10,11", "1,8,9", "")
# Decisions, and re-reads of them on later visits of people who are logged in; planted ones are shown and not answered.
_LOG = f"""
create or replace temp table tcf_log as
select decided_at as happened_at, client_id, null::text as user_id, path, consent, 'useractioncomplete' as status,
    session
from consent_decisions where country = 'DE'
union all
select started_at + 4, client_id, user_id, path, consent, 'tcloaded', session
from sessions where country = 'DE' and client_id is not null and user_id is not null
    and session_number % {REREAD_EVERY} = 0
union all
select decided_at - 3, null, null, path, 3, 'cmpuishown', session
from consent_decisions where country = 'DE' and $planted and session % 20 = 3
"""
_LINES = f"""
select utc_time(happened_at, 'consent/tcf/tcdata-%Y-%m.jsonl') as file,
    row_number() over (order by happened_at, session, status, client_id) as place,
    to_json({{
        logged_at: utc_time(happened_at, '%Y-%m-%dT%H:%M:%S.000Z'), client_id: client_id, user_id: user_id,
        page: 'https://www.northlamp.test' || path,
        tcData: {{
            tcString: ['CQmarketAll.AAAA', 'CQmarketPart.AAAA', 'CQmarketNone.AAAA', ''][consent + 1],
                tcfPolicyVersion: 5,
            cmpId: 300, cmpVersion: 4, gdprApplies: true, eventStatus: status, cmpStatus: 'loaded',
            isServiceSpecific: true, useNonStandardTexts: false, publisherCC: 'DE', purposeOneTreatment: false,
            purpose: {{
                consents: map_from_entries(list_transform(
                    string_split(nullif({list(GRANTED)}[consent + 1], ''), ','), lambda n: (n, true))),
                legitimateInterests: '{{}}'::json
            }},
            vendor: {{consents: {{'755': consent = 0}}, legitimateInterests: '{{}}'::json}}
        }}
    }}) as line
from tcf_log
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write `tcdata-<month>.jsonl`."""
    load_decisions(con)
    con.execute(_LOG, {"planted": delivery.is_planted})
    count(con, "consent_decisions", "select 'tcf_' || ['granted', 'ads_denied', 'denied'][consent + 1], count(*) "
          "from tcf_log where status = 'useractioncomplete' group by 1")  # fmt: skip
    delivery.plant(con, "select 'tcf.shown_and_not_answered', count(*) from tcf_log where status = 'cmpuishown'")
    for name, text in files(con, _LINES).items():
        delivery.write_text(name, text.replace('"consents":null', '"consents":{}'))
