"""One mailbox on an order of each of many customers, through the real limits: nobody's orders or revenue change.

A shop clerk types the shop's own address where a customer gives none; a list in the CRM carries it for everybody.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from journey_pipeline import identity_tables, laws, pseudonyms
from journey_pipeline.identity_history import History
from journey_pipeline.settings import DBT_PROJECT

from .compiled_models import Bench, compile_models

AS_OF = datetime(2026, 11, 16)
WEEKS = 26
# Person n: a third have an account, the others order as guests; every fifth is known to the shop by a number of its
# own; every second orders twice, the second time with the address alone.
PEOPLE = """
create or replace table events.people as
select n, n % 3 = 0 as has_account, n % 5 = 0 as is_known, 1 + n % 2 as orders,
    timestamp '2026-05-18' + to_seconds(n * {seconds}) as ordered_at
from range({people}) as t(n)
"""
EDGES = """
create or replace table events.identifier_edges as
with told (source, a_type, a_value, b_type, b_value, evidence, confidence, first_seen_at) as (
    select 'ga4', 'ga_client_id', 'b' || n, 'user_id', 'u' || n, 'login', 'deterministic', ordered_at
        from events.people where has_account
    union all
    select 'ga4', 'ga_client_id', 'b' || n, 'order_name', 'o' || n, 'same_record', 'strong', ordered_at
        from events.people
    union all
    select 'shop', 'email', 'p' || n, 'order_name', 'o' || n, 'same_record', 'deterministic', ordered_at
        from events.people where {own}
    union all
    select 'shop', 'email', 'p' || n, 'order_name', 'again' || n, 'same_record', 'deterministic',
        ordered_at + interval 1 day from events.people where orders = 2
    union all
    select 'mailer', 'email', 'p' || n, 'ga_client_id', 'b' || n, 'same_record', 'strong', ordered_at
        from events.people
    union all
    select 'shop', 'order_name', 'o' || n, 'shopify_customer_id', 's' || n, 'same_record', 'deterministic', ordered_at
        from events.people where is_known
    union all
    select 'shop', 'email', 'box', 'order_name', 'o' || n, 'same_record', 'deterministic', ordered_at
        from events.people where {poisoned}
)
select * replace (pseudonym(a_type, a_value) as a_value, pseudonym(b_type, b_value) as b_value),
    first_seen_at as last_seen_at
from told
"""
CONVERSIONS = """
create or replace table events.conversions as
with told as (
    select n, 'o' || n as order_ref, if({own}, 'p' || n, 'box') as address, ordered_at as occurred_at from events.people
    union all
    select n, 'again' || n, 'p' || n, ordered_at + interval 1 day from events.people where orders = 2
)
select order_ref as conversion_id, 'order' as conversion_type, 'email' as identifier_type,
    pseudonym('email', address) as identifier_value, pseudonym('order_name', order_ref)::varchar as order_ref,
    occurred_at, (10 + n % 90)::decimal(18, 6) as net_amount, net_amount as gross_amount, 'EUR' as currency,
    'shop' as source, null::varchar as adjusts_conversion_id, false as is_test
from told
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "customer_conversions mart_identity_exceptions")


class Shop:
    """The identity word and what each customer bought, clean or poisoned."""

    def __init__(self, models: dict[str, str], people: int, folder: Path) -> None:
        self.bench = Bench(models)
        self.folder = folder
        self.connection = self.bench.connection
        self.connection.execute("use warehouse")
        pseudonyms.add_function(self.connection, b"a key")
        for name in ("identifier_types", "identity_limits"):
            seed = DBT_PROJECT / "seeds" / f"{name}.csv"
            self.connection.execute(f"create table seeds.{name} as select * from read_csv('{seed}', header = true)")
        for table, moment in (("touchpoints", "occurred_at"), ("experience_scores", "answered_at"),
                              ("consents", "occurred_at"), ("profile_attributes", "observed_at")):  # fmt: skip
            visitor = "visitor_type varchar, visitor_id uuid, " if table == "touchpoints" else ""
            self.connection.execute(
                f"create table events.{table} (identifier_type varchar, identifier_value uuid, {visitor}"
                f"{moment} timestamp)"
            )
        self.bench.clock(str(AS_OF))
        rates = pd.DataFrame([("EUR", 1.0, 1.0, "2000-01-01", "2100-01-01")])
        rates.columns = pd.Index(["currency", "currency_rate", "reporting_rate", "valid_from", "valid_until"])
        self.bench.put("journeys.reporting_rates", rates, valid_from="date", valid_until="date")
        self.connection.execute(PEOPLE.format(people=people, seconds=WEEKS * 7 * 86_400 // people))

    def sell(self, poisoned: str = "false", own: str = "true") -> pd.DataFrame:
        """Orders and revenue by customer, each customer named by the orders it made."""
        self.connection.execute(EDGES.format(poisoned=poisoned, own=own))
        self.connection.execute(CONVERSIONS.format(own=own))
        identity_tables.build(self.connection, History(self.folder / str(poisoned), AS_OF, AS_OF))
        self.bench.run("customer_conversions")
        self.connection.execute(
            """
            create or replace table marts.customers as
            select customer_id, coalesce(sum(value), 0)::decimal(18, 6) as net_revenue
            from (select distinct customer_id from identity.identifiers where customer_id is not null)
            left join journeys.customer_conversions using (customer_id) group by customer_id;
            """
        )
        exceptions = self.bench.models["mart_identity_exceptions"]
        self.connection.execute(f"create or replace table marts.identity_exceptions as {exceptions}")
        return self.connection.execute(
            """
            select list_sort(list(conversion_id))::varchar as bought, count(*) as orders, sum(value) as revenue
            from journeys.customer_conversions group by customer_id order by bought
            """
        ).df()

    def ask(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        return self.connection.execute(sql).fetchall()


def changed(clean: pd.DataFrame, poisoned: pd.DataFrame) -> float:
    """Share of customers whose orders or revenue are not what they were."""
    both = clean.merge(poisoned, on=["bought", "orders", "revenue"])
    return 1 - len(both) / max(len(clean), len(poisoned))


CASES = {
    "a busy mailbox": (10_000, "true", "true", "over_limit"),
    "a busy mailbox in place of the customer's own": (10_000, "true", "false", "over_limit"),
    "a mailbox no week of which is busy": (1_000, "true", "true", "over_limit"),
    "the same in place of the customer's own": (1_000, "true", "false", "over_limit"),
    "a mailbox of guests alone": (1_000, "n % 3 > 0 and n % 5 > 0", "true", "over_limit"),
    "a mailbox on the orders of few": (2_000, "n % 20 = 0", "true", "shared_identifier"),
    "the same in place of theirs": (2_000, "n % 20 = 0", "n % 20 <> 0", "shared_identifier"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_shared_mailbox_changes_no_customer_and_is_named(models: dict[str, str], tmp_path: Path, case: str) -> None:
    people, poisoned, own, reason = CASES[case]
    shop = Shop(models, people, tmp_path)
    before = shop.sell()
    assert len(before) == people
    assert shop.ask("select count(*) from identity.exceptions") == [(0,)]
    after = shop.sell(poisoned=poisoned, own=own)
    assert changed(before, after) <= 0.001
    (hit,) = shop.ask(f"select count(*) from events.people where {poisoned}")[0]
    revenue = f"select sum(r) from (select (10 + n % 90) * orders as r from events.people where {poisoned})"
    found = shop.ask(
        "select reason, identifier_type, customers_affected, net_revenue_affected from marts.identity_exceptions"
    )
    assert [(*row[:3], float(row[3])) for row in found] == [(reason, "email", hit, shop.ask(revenue)[0][0])]
    ((mailbox,),) = shop.ask("select pseudonym('email', 'box')")
    outcome = laws.shared_identifiers_are_few(shop.connection)
    assert outcome.failing == 1
    assert f"customers={hit}, reason={reason}, identifier_type=email, identifier_hash={mailbox}" == outcome.description
