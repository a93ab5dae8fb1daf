"""Who agreed to what, when, on which device: what the three consent logs tell, one country each.

Must not be here: a log's layout.
"""

import duckdb

# A device is asked on its first visit that GA4 sees. Who refuses everything leaves no id, only that it happened.
_DECISIONS = """
create temp table if not exists consent_decisions as
select client_id, min(person) as person, min(consent) as consent, min(started_at) + 5 as decided_at,
    arg_min(path, started_at) as path, country, min(session) as session
from sessions where person >= 0 and tracker = 'ga4' and client_id is not null group by client_id, country
union all
select null, person, 2, min(started_at) + 5, arg_min(path, started_at), country, min(session)
from sessions where person >= 0 and is_anonymous group by person, country
"""


def load_decisions(con: duckdb.DuckDBPyConnection) -> None:
    """Create `consent_decisions` once; `consent` is 0 all granted, 1 ads denied, 2 all denied."""
    con.execute(_DECISIONS)
