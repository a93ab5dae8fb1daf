"""Staging: every vendor's mess, resolved the way the catalogue of sources says."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest

from journey_pipeline.dbt_sources import identifier_types

from .conftest import Rows, Warehouse

MAYA = "1184523377.1793486700"
GCLID = "Cj0KCQiAmaya01EALw_wcB"


def test_eleven_distinct_hits_of_which_one_purchase_is_a_reload(rows: Rows) -> None:
    assert rows("select count(distinct record_key) from staging.stg_ga4__hits") == [(11,)]
    assert rows("select count(*) from staging.stg_ga4__events") == [(10,)]
    assert rows("""
        select order_name, event_value_amount, occurred_at
        from staging.stg_ga4__events where interaction_type = 'purchase'
    """) == [("1047", Decimal("129.9"), datetime(2026, 11, 1, 8, 21, 45, 900000))]


def test_a_reload_has_its_value_in_another_typed_field(rows: Rows) -> None:
    assert rows("""
        select distinct event_value_amount, event_value_currency
        from staging.stg_ga4__hits where order_name = '1047' order by 1
    """) == [(Decimal("129.9"), "EUR"), (Decimal("130"), "EUR")]


def test_json_and_parquet_give_the_same_rows(rows: Rows) -> None:
    # The Parquet sample has no user_id column at all, so what follows from the login differs and nothing else.
    same = "* exclude (source_file_id, source_row_number, user_id, identifier_type, identifier_value)"
    assert (
        rows("select count(*) from as_json.stg_ga4__events")
        == rows("select count(*) from as_parquet.stg_ga4__events")
        == [(9,)]
    )
    for one, other in (("as_parquet", "as_json"), ("as_json", "as_parquet")):
        assert rows(f"select {same} from {one}.stg_ga4__events except select {same} from {other}.stg_ga4__events") == []


def test_timestamps_are_microseconds_utc_and_not_the_property_day(rows: Rows) -> None:
    assert rows("""
        select count(*), min(occurred_at) from staging.stg_ga4__hits
        where event_date = '20261101' and occurred_at < timestamp '2026-11-01'
        and record_key in (select record_key from staging.stg_ga4__events)
    """) == [(3, datetime(2026, 10, 31, 23, 31, 0, 120000))]


def test_a_hit_without_consent_stays_and_names_nobody(rows: Rows) -> None:
    assert rows("""
        select identifier_type, identifier_value, visitor_id, consent_analytics, consent_ads, is_machine
        from staging.stg_ga4__events where not consent_analytics
    """) == [(None, None, None, False, False, False)]


def test_url_tags_are_decoded_once_and_grouped_in_lower_case(rows: Rows) -> None:
    assert rows("""
        select utm_source, utm_medium, campaign, click_id_type, click_id
        from staging.stg_ga4__events where fbclid is not null
    """) == [("facebook", "paid_social", "Autumn Sale", "fbclid", "IwAR0jonas02")]


def test_the_ad_click_carries_the_campaign_of_its_session(rows: Rows) -> None:
    assert rows(f"""
        select distinct utm_source, utm_medium, campaign, campaign_id, click_id
        from staging.stg_ga4__events where visitor_id = '{MAYA}' and gclid is not null
    """) == [("google", "cpc", "DE | Search | Brand", "21001000001", GCLID)]
    assert rows(f"""
        select count(*) from staging.stg_ga4__events
        where visitor_id = '{MAYA}' and gclid is null and campaign is not null
    """) == [(0,)]


def test_totals_rows_and_thousands_separators_do_not_reach_spend(rows: Rows) -> None:
    assert rows("select count(*), sum(cost_amount) from staging.stg_google_ads__campaign_report") == [
        (7, Decimal("3278.16"))
    ]
    assert rows("select sum(impressions), sum(clicks) from staging.stg_google_ads__campaign_report") == [(106175, 1544)]
    assert rows("""
        select api.cost_amount from staging.stg_google_ads__campaign_stats as api
        inner join staging.stg_google_ads__campaign_report as download using (record_key)
        where api.cost_amount = download.cost_amount order by 1
    """) == [(Decimal("388.9"),), (Decimal("412.3"),), (Decimal("1020.05"),)]


def test_clicks_without_gclid_are_kept_and_lead_nowhere(rows: Rows) -> None:
    assert rows("select count(*), count(gclid) from staging.stg_google_ads__click_view") == [(4, 3)]


def test_six_mails_of_eight_contacts_and_clean_phones(rows: Rows) -> None:
    assert rows("select count(*), count(distinct email) from staging.stg_hubspot__contacts") == [(8, 6)]
    assert rows("select phone from staging.stg_hubspot__contacts where phone is not null order by 1") == [
        ("+12025550111",),
        ("+46705550102",),
    ]


def test_the_repeated_hour_in_autumn_is_flagged(rows: Rows) -> None:
    assert rows("""
        select hubspot_contact_id, created_at from staging.stg_hubspot__contacts where is_created_at_ambiguous
    """) == [("78971957", datetime(2026, 10, 25, 1, 30))]
    assert rows("select deal_id from staging.stg_hubspot__deals where is_created_at_ambiguous") == [("124449002",)]
    # 09:10 in winter time, 11:00 in summer time.
    assert rows("""
        select created_at from staging.stg_hubspot__contacts
        where hubspot_contact_id in ('78971951', '78971952') order by 1
    """) == [(datetime(2026, 5, 2, 9, 0),), (datetime(2026, 11, 1, 8, 10),)]


def test_lists_in_one_field_become_links(rows: Rows) -> None:
    assert rows(
        "select hubspot_contact_id, email, merged_hubspot_contact_id from staging.stg_hubspot__contact_links "
        "order by 3 nulls first"
    ) == [
        ("78971951", "maya@okafor.example.test", None),
        ("78971951", None, "46897301"),
        ("78971951", None, "76340251"),
    ]


def test_stage_history_keeps_oscillation_in_order(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_hubspot__deal_stage_history") == [(10,)]
    assert rows("""
        select stage_from, stage_to from staging.stg_hubspot__deal_stage_history
        where deal_id = '124449002' order by occurred_at
    """) == [
        (None, "appointmentscheduled"),
        ("appointmentscheduled", "presentationscheduled"),
        ("presentationscheduled", "appointmentscheduled"),
        ("appointmentscheduled", "presentationscheduled"),
    ]


def test_double_submit_counts_once_and_junk_mail_is_nobody(rows: Rows) -> None:
    assert rows("select count(*), count(email), sum(is_test::integer) from staging.stg_hubspot__form_submissions") == [
        (5, 4, 1)
    ]


def test_order_values_come_from_the_first_line_only(rows: Rows) -> None:
    assert rows("select count(*), sum(gross_amount) from staging.stg_shopify__orders") == [(7, Decimal("423.9"))]
    assert rows("""
        select utm_source, utm_medium, gclid, phone, net_amount
        from staging.stg_shopify__orders where order_name = '1047'
    """) == [("google", "cpc", GCLID, "+12025550111", Decimal("104.26"))]


def test_offsets_of_summer_and_winter_are_read(rows: Rows) -> None:
    assert rows("""
        select order_name, created_at from staging.stg_shopify__orders where order_name in ('1050', '1051') order by 1
    """) == [("1050", datetime(2026, 10, 24, 21, 30)), ("1051", datetime(2026, 10, 25, 1, 30))]


def test_void_and_test_orders_are_marked(rows: Rows) -> None:
    assert rows("select order_name from staging.stg_shopify__orders where is_void") == [("1051",)]
    assert rows("select order_name from staging.stg_shopify__orders where is_test") == [("1053",)]


def test_latest_rating_wins_and_an_offer_is_no_score(rows: Rows) -> None:
    assert rows("select count(*), count(score) from staging.stg_zendesk__satisfaction_ratings") == [(5, 3)]
    assert rows("select score from staging.stg_zendesk__satisfaction_ratings where rating_id = '71001'") == [(1,)]


def test_support_tells_how_long_and_how_often(rows: Rows) -> None:
    told = "first_reply_seconds, reply_clock, reopens, tags"
    for model in ("stg_zendesk__tickets", "stg_zendesk__tickets_csv"):
        found = rows(f"select {told} from staging.{model} where ticket_id = '1595'")
        assert found == [(42 * 60, "calendar", 1 if model.endswith("tickets") else 0, "flicker csat_requested")], model
    # Intercom tells no instant of the reply here, and its own count leaves out closed hours.
    assert rows(f"select {told} from staging.stg_intercom__conversations where conversation_id = '1295'") == [
        (2310, "office_hours", 0, None)
    ]


def test_deleted_and_merged_tickets_do_not_count(rows: Rows) -> None:
    for model in ("stg_zendesk__tickets", "stg_zendesk__tickets_csv"):
        assert rows(f"select ticket_id from staging.{model} where not is_countable order by 1") == [
            ("1599",),
            ("1600",),
        ]


def test_blank_is_no_zero_and_zero_is_an_answer(rows: Rows) -> None:
    assert rows("""
        select count(*) filter (where is_complete), count(nps_score), min(nps_score), count(delivery_score)
        from staging.stg_typeform__responses
    """) == [(7, 7, Decimal("0"), 6)]


def test_an_unfilled_hidden_field_is_null(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_typeform__responses where user_id like 'x%'") == [(0,)]


def test_robots_are_flagged_and_buyers_and_strangers_are_not(rows: Rows) -> None:
    assert rows("""
        select ga_client_id, bool_and(is_machine), bool_or(is_machine) from handmade.stg_ga4__events
        where ga_client_id is null or ga_client_id similar to '(robot|buyer|person).*' group by 1 order by 1 nulls last
    """) == [
        ("buyer.second", False, False),
        ("person", False, False),
        ("robot.day", True, True),
        ("robot.second", True, True),
        (None, False, False),
    ]


def test_a_foreign_referrer_is_the_source_and_an_own_one_is_not(rows: Rows) -> None:
    assert rows("""
        select ga_client_id, utm_source, utm_medium from handmade.stg_ga4__events
        where ga_client_id like 'ref.%' order by 1
    """) == [
        ("ref.assistant", "chatgpt.com", "referral"),
        ("ref.other", "blog.example.org", "referral"),
        ("ref.own", None, None),
        ("ref.payment", None, None),
        ("ref.search", "google", "organic"),
        ("ref.social", "facebook", "social"),
    ]


def test_tags_beat_click_ids_and_broken_encoding_stays_as_delivered(rows: Rows) -> None:
    assert rows("""
        select ga_client_id, utm_source, utm_medium, campaign, campaign_id, click_id_type from handmade.stg_ga4__events
        where ga_client_id like 'tag.%' order by 1
    """) == [
        ("tag.broken", "a b", "cpc", "50%25%FF", None, None),
        ("tag.fbclid", "facebook", "social", None, None, "fbclid"),
        ("tag.gbraid", "google", "cpc", None, None, "gbraid"),
        ("tag.letter", "newsletter", "email", None, None, None),
        ("tag.li_fat_id", "linkedin", "paid_social", None, None, "li_fat_id"),
        ("tag.msclkid", "bing", "cpc", None, None, "msclkid"),
        ("tag.ttclid", "tiktok", "paid_social", None, None, "ttclid"),
    ]


def test_purchases_without_a_number_are_not_one_order(rows: Rows) -> None:
    assert rows("select count(*), count(order_name) from handmade.stg_ga4__events where ga_client_id = 'unset'") == [
        (2, 0)
    ]


def test_every_identifier_is_stored_as_a_pseudonym(warehouse: Warehouse) -> None:
    """Whatever staging and events call it: text in a column of identifiers would be an identifier."""
    typed = ("identifier_value", "visitor_id", "click_id", "a_value", "b_value")
    named = tuple(f"_{kind}" for kind in identifier_types())
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name, data_type from information_schema.columns "
            "where table_schema in ('staging', 'events')"
        ).fetchall()
    found = [column for column in columns if column[2] in typed or f"_{column[2]}".endswith(named)]
    assert len(found) > 300
    assert [column for column in found if column[3] not in ("UUID", "BOOLEAN")] == []


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://www.example.test/reset/maya.okafor@example.com/now?x=1", "/reset/{mail address}/now"),
        ("https://www.example.test/reset/maya%40example.com", "/reset/{mail address}"),
        ("https://www.example.test/@maya/posts", "/@maya/posts"),
        ("https://www.example.test/lamps?email=maya@example.com", "/lamps"),
    ],
)
def test_a_path_holds_no_mail_address(warehouse: Warehouse, url: str, path: str) -> None:
    compiled = warehouse.dbt("compile", "--inline", "select {{ url_path('url') }} from (select $url as url)")
    with duckdb.connect() as connection:
        found = connection.execute(next(iter(compiled.values())).node.compiled_code, {"url": url}).fetchall()
    assert found == [(path,)]


def test_only_columns_named_as_identifiers_become_pseudonyms(warehouse: Warehouse) -> None:
    query = "select 'a' as previous_email, 'b' as email_status, 'c' as click_id, 'gclid' as click_id_type"
    compiled = warehouse.dbt("compile", "--inline", f'{{{{ pseudonymised("{query}") }}}}')
    assert next(iter(compiled.values())).node.compiled_code == (
        "select * replace (pseudonym('email', previous_email) as previous_email, "
        f"pseudonym(click_id_type, click_id) as click_id) from ({query}) as delivered"
    )


def test_an_identifier_that_is_no_text_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(AssertionError, match="user_id is named as an id"):
        warehouse.dbt("compile", "--inline", "{{ pseudonymised('select 1 as user_id') }}")
