"""Events: all sources in one set of tables, one row per fact."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from .conftest import Rows

MAYA = "1184523377.1793486700"
GCLID = "Cj0KCQiAmaya01EALw_wcB"


@pytest.mark.parametrize(
    ("a_type", "a_value", "b_type", "b_value"),
    [
        ("ga_client_id", MAYA, "user_id", "u_1001"),
        ("ga_client_id", MAYA, "gclid", GCLID),
        ("ga_client_id", MAYA, "order_name", "1047"),
        ("ga_client_id", "902233114.1793400000", "fbclid", "IwAR0jonas02"),
        ("email", "maya.okafor@example.com", "order_name", "1047"),
        ("email", "maya.okafor@example.com", "hubspot_contact_id", "78971951"),
        ("email", "maya.okafor@example.com", "shopify_customer_id", "610001"),
        ("email", "maya.okafor@example.com", "zendesk_user_id", "9001"),
        ("email", "maya.okafor@example.com", "user_id", "u_1001"),
        ("hubspot_contact_id", "78971951", "hubspot_contact_id", "76340251"),
        ("email", "chen.wei@example.test", "hubspot_contact_id", "78971958"),
    ],
)
def test_identifiers_seen_together_are_an_edge(
    rows: Rows, a_type: str, a_value: str, b_type: str, b_value: str
) -> None:
    found = rows(f"""
        select count(*) > 0, count(*) = count(distinct source) from events.identifier_edges
        where (a_type, a_value, b_type, b_value) = ('{a_type}', '{a_value}', '{b_type}', '{b_value}')
    """)
    assert found == [(True, True)]


def test_a_click_never_ties_people_by_itself(rows: Rows) -> None:
    assert rows("""
        select distinct a_type, b_type from events.identifier_edges
        where (a_type like '%clid' or b_type like '%clid') and confidence <> 'weak' order by all
    """) == [
        ("ga_client_id", "fbclid"), ("ga_client_id", "gclid"),
        ("snowplow_domain_userid", "fbclid"), ("snowplow_domain_userid", "gclid"),
    ]  # fmt: skip


def test_twins_of_one_fact_count_once(rows: Rows) -> None:
    assert rows("""
        select source, count(*) from events.touchpoints
        where source in ('ga4', 'hubspot', 'shopify', 'typeform', 'zendesk') group by 1 order by 1
    """) == [
        ("ga4", 10), ("hubspot", 15), ("shopify", 9), ("typeform", 10), ("zendesk", 9)
    ]  # fmt: skip
    google = "from events.spend where source = 'google_ads'"
    assert rows(f"select count(*), sum(cost_amount), sum(clicks) {google}") == [(7, Decimal("3278.16"), 1544)]
    assert rows(f"select count(distinct account_id), count(account_id) {google}") == [(1, 5)]


def test_touch_and_spend_meet_under_one_name(rows: Rows) -> None:
    assert rows(f"""
        select distinct source, family, channel, campaign from events.touchpoints
        where click_id = '{GCLID}' and source in ('ga4', 'hubspot', 'shopify') order by 1
    """) == [
        ("ga4", "advertising", "paid_search_brand", "DE | Search | Brand"),
        ("hubspot", "advertising", "paid_search_brand", "DE | Search | Brand"),
        ("shopify", "commerce", "paid_search_brand", "DE | Search | Brand"),
    ]
    assert rows(
        "select distinct campaign_type, channel from events.spend where source = 'google_ads' order by 1, 2"
    ) == [
        ("performance_max", "cross_network"),
        ("search", "paid_search_brand"),
        ("search", "paid_search_generic"),
        ("video", "paid_video"),
    ]


def test_a_touch_that_brings_nobody_has_no_channel(rows: Rows) -> None:
    assert rows("""
        select distinct family from events.touchpoints
        where channel is null and source in ('ga4', 'hubspot', 'shopify', 'typeform', 'zendesk') order by 1
    """) == [("commerce",), ("feedback",), ("sales",), ("support",), ("website",)]


def test_orders_are_signed_facts(rows: Rows) -> None:
    assert rows("""
        select conversion_type, count(*), sum(gross_amount) from events.conversions
        where source = 'shopify' group by 1 order by 1
    """) == [
        ("order", 7, Decimal("423.9")),
        ("refund", 2, Decimal("-110")),
        ("void", 1, Decimal("-15")),
    ]
    assert rows("select order_ref, identifier_value from events.conversions where is_test and source = 'shopify'") == [
        ("1053", "test@northlamp.test")
    ]


def test_a_refund_is_dated_by_the_source_that_knows(rows: Rows) -> None:
    assert rows("""
        select occurred_at, gross_amount, net_amount from events.conversions
        where conversion_type = 'refund' and order_ref = '1047'
    """) == [(datetime(2026, 11, 6, 10, 0), Decimal("-15"), Decimal("-12.039261"))]
    assert rows("""
        select sum(net_amount), sum(tax_amount) from events.conversions where order_ref = '1050'
    """) == [(Decimal("0"), Decimal("0"))]


def test_one_deal_is_won_when_its_history_says(rows: Rows) -> None:
    assert rows("""
        select occurred_at, gross_amount, currency, identifier_value from events.conversions
        where conversion_type = 'opportunity_won' and source = 'hubspot'
    """) == [(datetime(2026, 11, 5, 15, 2, 11, 120000), Decimal("4860"), "EUR", "78971952")]


def test_scores_are_shares_of_their_scale(rows: Rows) -> None:
    assert rows("""
        select source, instrument, count(*), min(score_share), max(score_share) from events.experience_scores
        where source in ('typeform', 'zendesk') group by 1, 2 order by 1, 2
    """) == [
        ("typeform", "CSAT", 6, Decimal("0"), Decimal("1")),
        ("typeform", "NPS", 7, Decimal("0"), Decimal("1")),
        ("zendesk", "CSAT", 3, Decimal("0"), Decimal("1")),
    ]


def test_consent_is_not_the_absence_of_a_refusal(rows: Rows) -> None:
    assert rows("""
        select source, state, count(*) from events.consents where source in ('hubspot', 'shopify')
        group by 1, 2 order by 1, 2
    """) == [
        ("hubspot", "implied", 5), ("hubspot", "not_asked", 1), ("hubspot", "withdrawn", 2),
        ("shopify", "denied", 4), ("shopify", "granted", 2),
    ]  # fmt: skip


def test_host_and_source_decide_the_family(rows: Rows) -> None:
    assert rows("""
        select identifier_value, family, channel from handmade.touchpoints
        where identifier_value similar to '(host|ref|tag)[.].*' order by 1
    """) == [
        ("host.app", "product", None),
        ("host.community", "community", None),
        ("ref.assistant", "website", "ai_assistant"),
        ("ref.other", "website", "referral"),
        ("ref.own", "website", "direct"),
        ("ref.payment", "website", "direct"),
        ("ref.search", "website", "organic_search"),
        ("ref.social", "social", "organic_social"),
        ("tag.broken", "advertising", "paid_other"),
        ("tag.fbclid", "social", "organic_social"),
        ("tag.gbraid", "advertising", "paid_search_generic"),
        ("tag.letter", "email", "email"),
        ("tag.li_fat_id", "advertising", "paid_social"),
        ("tag.msclkid", "advertising", "paid_search_generic"),
        ("tag.ttclid", "advertising", "paid_social"),
    ]
    assert rows("""
        select click_id_type, click_id from handmade.touchpoints where click_id in ('ms1', 'li1', 'tt1') order by 1
    """) == [("li_fat_id", "li1"), ("msclkid", "ms1"), ("ttclid", "tt1")]
    assert rows("select distinct identifier_value from handmade.touchpoints where is_internal_test") == [("staff",)]


def test_a_deal_taken_back_is_void_and_a_deleted_one_is_no_sale(rows: Rows) -> None:
    assert rows("""
        select conversion_type, occurred_at, gross_amount, adjusts_conversion_id in (
            select conversion_id from handmade.conversions where conversion_type = 'opportunity_won'
        ) from handmade.conversions where source = 'hubspot' order by 2
    """) == [
        ("opportunity_won", datetime(2026, 11, 3, 10, 0), Decimal("100"), None),
        ("void", datetime(2026, 11, 6, 10, 0), Decimal("-100"), True),
    ]


def test_a_refund_keeps_the_date_of_the_first_export_that_shows_it(rows: Rows) -> None:
    assert rows("""
        select conversion_type, occurred_at, gross_amount, net_amount, currency from handmade.conversions
        where source = 'shopify' order by 2
    """) == [
        ("order", datetime(2026, 10, 20, 8, 0), Decimal("1000"), Decimal("750"), "SEK"),
        ("refund", datetime(2026, 10, 26), Decimal("-15"), Decimal("-11.25"), "SEK"),
        ("refund", datetime(2026, 11, 8), Decimal("-25"), Decimal("-18.75"), "SEK"),
    ]


def test_every_question_has_one_id_of_instrument_scale_and_wording(rows: Rows) -> None:
    assert rows("""
        select distinct definition_id, string_agg(distinct source, ' ' order by source)
        from events.experience_scores where source in ('typeform', 'surveymonkey', 'zendesk', 'delighted')
            and instrument in ('NPS', 'CSAT')
        group by definition_id order by 1
    """) == [
        ("CSAT:0-1:zendesk_ticket", "zendesk"),
        ("CSAT:1-5:delivery_satisfaction", "surveymonkey typeform"),
        ("NPS:0-10:recommendation", "delighted surveymonkey typeform"),
    ]
    # Pooled means the same question on the same scale: nothing else under one id.
    assert (
        rows("""
        select definition_id from events.experience_scores group by 1
        having count(distinct (instrument, scale_min, scale_max, wording)) > 1
    """)
        == []
    )


def test_who_was_asked_is_told_by_the_sources_that_know(rows: Rows) -> None:
    # Of the sample's tickets four were offered a rating, one of them twice rated; three customers answered.
    assert rows("""
        select source, definition_id, count(*), count(*) filter (where is_answered) from events.survey_invitations
        group by 1, 2 order by 1, 2
    """) == [("intercom", "CSAT:1-5:intercom_conversation", 2, 2), ("zendesk", "CSAT:0-1:zendesk_ticket", 4, 3)]
