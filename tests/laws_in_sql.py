"""A change that breaks each law in SQL (dbt_project/tests), on a warehouse in which all of them hold.

Used by the test of the whole pipeline. Must not be here: anything a test asserts.
"""

from __future__ import annotations

# Law -> the change. What the samples hold no row of gets one.
BREAKS_IN_SQL = {
    "assert_adjustments_lower_and_name_a_sale": "insert into events.conversions by name "
    "select 'r' as conversion_id, 'refund' as conversion_type, -5 as gross_amount",
    "assert_adjustments_never_exceed_their_original": "insert into events.conversions by name "
    "select unnest(['o', 'r']) as conversion_id, unnest([10, -11]) as gross_amount, "
    "unnest([null, 'o']) as adjusts_conversion_id",
    "assert_comment_themes_are_told_apart": "insert into seeds.comment_themes by name select 'other' as theme",
    "assert_conversion_types_are_whole": "insert into seeds.custom_credit_rules by name select 'linear' as model",
    "assert_cost_per_click_is_plausible": "insert into journeys.reported_spend by name "
    "select 'f' as source_file_id, 'p' as platform, 5000000 as cost_amount_reporting, 9 as clicks",
    "assert_credit_conserves": "update journeys.credits set credit = 0.9 where credit = 1",
    "assert_every_currency_has_a_rate": "update events.spend set cost_currency = 'XTS'",
    "assert_every_hit_is_accounted_for": "delete from staging.stg_ga4__events where order_name is null",
    "assert_experiments_have_one_denominator": "insert into journeys.experiment_cells by name "
    "select 'e' as experiment_id, 'm' as metric, 'a' as variant, 7 as units",
    "assert_funnels_are_whole": "update seeds.stages set is_optional = true where stage_number = 1",
    "assert_lookup_keys_are_unique": "insert into seeds.stage_map from seeds.stage_map limit 1",
    "assert_marketing_has_its_consent": "insert into marts.next_best_actions by name "
    "select 'c' as customer_id, 'r' as rule_id, 'marketing' as kind",
    "assert_nothing_happens_after_as_of": "update events.touchpoints set occurred_at = timestamp '2099-01-01'",
    "assert_one_edge_per_pair": "insert into events.identifier_edges from events.identifier_edges limit 1",
    "assert_order_gross_is_not_negative": "update events.conversions set gross_amount = -0.01 "
    "where conversion_type = 'order'",
    "assert_scores_lie_on_their_scale": "update events.experience_scores set score = scale_max + 1",
    "assert_spend_is_what_was_delivered": "update events.spend set cost_amount = cost_amount + 0.01",
    "assert_touch_and_spend_agree_on_channel": "update events.touchpoints set channel = 'elsewhere', "
    "campaign_id = (select min(campaign_id) from events.spend), channel_rule_version = 'stated'",
    "assert_touches_cost_no_more_than_was_spent": "insert into journeys.touch_costs by name "
    "select min(touchpoint_id) as touchpoint_id, 1000000 as cost_amount from journeys.customer_touchpoints",
}
