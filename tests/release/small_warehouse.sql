-- Rows of the small warehouse; small_warehouse.py fills in the names in braces and those that begin with a dollar sign.
create table marts.customers as select 'c' || lpad(i::varchar, 6, '0') as customer_id,
    $as_of - to_days((i % 180)::int) as first_seen_at, $as_of - to_hours((i % 900)::int) as last_seen_at,
    ['DE', 'AT', 'CH', null][1 + i % 4] as country,
    ['awareness', 'consideration', 'purchase', 'experience', 'advocacy'][1 + i % 5] as current_stage,
    case when i % 3 = 0 then ['Champions', 'Loyal', 'At Risk', 'Lost'][1 + i % 4] end as rfm_segment,
    1 + i % 5 as recency_score, 1 + i % 5 as frequency_score, 1 + i % 5 as monetary_score,
    ['new', 'returning', 'dormant', 'resurrecting'][1 + i % 4] as lifecycle, (i % 3)::bigint as order_count,
    ((i % 3) * 79.9)::decimal(18, 6) as net_revenue, 'Paid Search' as entry_channel, 1::bigint as journey_count,
    i % 2 = 0 as is_email_marketing_allowed from range($customers) t (i);
create table marts.identifiers as select md5('i' || i) as identifier_hash, 'email' as identifier_type,
    'c' || lpad(i::varchar, 6, '0') as customer_id, $as_of as first_seen_at, $as_of as last_seen_at,
    false as is_blocked from range($customers) t (i);
create table marts.touchpoints as select md5('t' || i) as touchpoint_id,
    'c' || lpad((i % $customers)::varchar, 6, '0') as customer_id,
    $as_of - to_seconds((i * 37 % 15000000)::int) as occurred_at, 'website' as family, c.channel,
    'google' as utm_source, 'cpc' as utm_medium, c.campaign,
    ['page_view', 'view_item', 'add_to_cart', 'purchase'][1 + i % 4] as interaction_type,
    md5('s' || i // 4) as session_id, 'awareness' as stage, 'ga4' as source, null::varchar as order_ref,
    false as is_machine, i % 97 = 0 as is_internal_test, true as consent_analytics
    from range($touchpoints) t (i) join {channels} on c.n = i % 9;
create table marts.sessions as select session_id, min(customer_id) as customer_id, md5(min(customer_id))
    as visitor_hash, min(occurred_at) as started_at, max(occurred_at) as ended_at, count(*) as touchpoint_count,
    count(*) as page_view_count, min(channel) as channel, min(campaign) as campaign, 'mobile' as device_category,
    true as is_engaged, false as has_order from marts.touchpoints group by 1;
create table marts.journeys as select md5('j' || i) as journey_id, 'c' || lpad(i::varchar, 6, '0') as customer_id,
    1::bigint as journey_number, $as_of - to_days((i % 180)::int) as entered_at, 'Paid Search' as entry_channel,
    $as_of as awareness_at, null::timestamp as consideration_at, null::timestamp as purchase_at,
    null::timestamp as experience_at, null::timestamp as advocacy_at, 'awareness' as furthest_stage,
    false as has_imputed_stage, 'open' as status from range($customers) t (i);
create table marts.conversions as select md5('o' || i) as conversion_id,
    'c' || lpad((i % $customers)::varchar, 6, '0') as customer_id, 'order' as conversion_type,
    null::varchar as adjusts_conversion_id, $as_of - to_hours((i * 7 % 4000)::int) as occurred_at,
    '#' || 1000 + i as order_ref, 119::decimal(18, 6) as gross_amount, 100::decimal(18, 6) as net_amount,
    'EUR' as currency, 100::decimal(18, 6) as net_amount_reporting, 'EUR' as reporting_currency,
    'shopify' as source, false as is_test from range($customers // 2) t (i);
create table marts.stage_conversion as
    with weeks as (select $week - to_days((7 * i)::int)::interval as w, i from range(26) t (i)),
    steps as (select * from (values ('awareness', 'consideration', 1.0, 0.42, 28),
        ('consideration', 'purchase', 0.42, 0.24, 28), ('purchase', 'experience', 0.10, 0.66, 14),
        ('experience', 'advocacy', 0.066, 0.18, 90), ('awareness', 'purchase', 1.0, 0.095, 60))
        s (from_stage, to_stage, share, rate, days)),
    counts as (select w::date as week, v as view, from_stage, to_stage, 'all' as breakdown, 'all' as member,
        days * 86400::bigint as window_seconds, (share * (1400 + 31 * ((i * 7) % 11)))::bigint as entered, rate, i,
        (i + 1) * 7 - 7 >= days as is_mature, days
        from weeks, steps, (values ('cohort'), ('flow')) views (v)),
    converted as (select *, least(entered, (entered * rate * (1.1 - i * 0.006 + 0.04 * sin(i))
        * case when is_mature then 1 else (0.25 + 0.75 * i * 7 / days) end)::bigint) as converted from counts)
    select week, view, 'journey' as funnel, 'reached' as mode, true as is_default_mode, from_stage, to_stage, breakdown,
        member, window_seconds, entered, converted,
        converted / entered as rate, wilson(converted, entered, -1) as ci_low, wilson(converted, entered, 1) as ci_high,
        is_mature, entered < 30 as is_small_sample, complete as completeness,
        converted / entered / complete as rate_nowcast,
        wilson(converted, entered * complete, -1) as nowcast_low,
        wilson(converted, entered * complete, 1) as nowcast_high,
        entered >= 30 and complete >= 0.8 as is_reportable,
        $as_of as as_of, '1' as definition_version
    from (select *, case when is_mature then 1 else 0.25 + 0.75 * i * 7 / days end as complete from converted);
create table marts.credits as select md5('o' || i) as conversion_id, 'order' as conversion_type, md5('t' || i) as touchpoint_id, m as model,
    'Email' as channel, 'newsletter' as campaign, 1::decimal(38, 12) as credit, 100::decimal(38, 6) as value,
    null::varchar as reason from range($customers // 2) t (i), (values ('linear'), ('last')) models (m);
create table marts.attribution as
    with weeks as (select ($week - to_days((7 * i)::int)::interval)::date as week, i from range(16) t (i)),
    cells as (select week, 'order' as conversion_type, true as is_headline, m as model, false as is_influence, channel, coalesce(campaign, '(none)') as campaign,
        greatest(0, share + tilt * (n - 4) / 100 * least(share, 0.05) * 20) as weight,
        (420 * weight / sum(weight) over (partition by week, m))::decimal(38, 12) as credit,
        weekly_spend::decimal(38, 6) as spend
        from weeks, {channels}, (values ('first', -1), ('last', 1), ('linear', 0), ('markov', -0.4),
        ('position', 0.3)) models (m, tilt))
    select * exclude (weight), (credit * 84)::decimal(38, 6) as value, spend / nullif(credit, 0) as cost_per_conversion,
        credit * 84 / nullif(spend, 0) as return_on_ad_spend, credit * 0.85 as credit_ci_low,
        credit * 1.15 as credit_ci_high, 'sampling' as interval_kind, null::varchar as role, true as is_identified,
        false as is_calibrated, channel = 'Email' as models_disagree, null::varchar as note, $as_of as as_of, '1' as definition_version from cells;
create table marts.spend as select (($as_of + interval 1 hour)::date - (1 + i)::int) as spend_date, 'google_ads' as platform, channel,
    n::varchar as campaign_id, campaign, (weekly_spend / 7)::decimal(18, 6) as cost_amount, 'EUR' as cost_currency,
    (weekly_spend / 7)::decimal(18, 6) as cost_amount_reporting, 'EUR' as reporting_currency,
    1000::bigint as impressions, 40::bigint as clicks, 2::decimal(18, 6) as platform_conversions,
    200::decimal(18, 6) as platform_conversion_value
    from range(84) t (i), {channels} where weekly_spend is not null;
create table marts.segments as select *, date '2015-01-01' as valid_from from (values
    ('rfm', 'Champions', 'Bought recently, often and for much', 'R 5, F 4-5, M 4-5'),
    ('rfm', 'Loyal', 'Buy often', 'F 4-5'), ('rfm', 'At Risk', 'Bought often, but not lately', 'R 1-2, F 3-5'),
    ('rfm', 'Lost', 'Lowest on all three', 'R 1, F 1, M 1'), ('lifecycle', 'new', 'First active this week', 'rule'),
    ('lifecycle', 'returning', 'Active this and last week', 'rule'),
    ('lifecycle', 'resurrecting', 'Active this week, not last week', 'rule'),
    ('lifecycle', 'dormant', 'Active last week, not this week', 'rule')) s (segment_set, segment, description, rule);
create table marts.segment_metrics as
    with weeks as (select ($week - to_days((7 * i)::int)::interval)::date as week, i from range(8) t (i)),
    sizes as (select week, segment_set, segment, (420 + 97 * (length(segment) % 5) - 11 * i)::bigint as customers, i
        from weeks, marts.segments)
    select week, segment_set, segment, m as metric,
        case m when 'customers' then customers when 'purchase_rate' then customers * 0.21 else customers * 31.4 end
            ::decimal(38, 6) as numerator,
        case when m = 'customers' then sum(customers) over (partition by week, segment_set, m) else customers end
            ::decimal(38, 6) as denominator,
        numerator / denominator as value, case when m <> 'revenue_per_customer' then value * 0.9 end as ci_low,
        case when m <> 'revenue_per_customer' then least(1, value * 1.1) end as ci_high, false as is_small_sample,
        false as is_suppressed, null::varchar as reason, $as_of as as_of, '1' as definition_version
    from sizes, (values ('customers'), ('purchase_rate'), ('revenue_per_customer')) metrics (m);
create table marts.segment_migration as
    select $week as week, a.segment_set, a.segment as from_segment, b.segment as to_segment,
        case when a.segment = b.segment then 330 else 11 + length(b.segment) end::bigint as customers,
        customers / sum(customers) over (partition by a.segment_set, a.segment) as share,
        share * 0.85 as ci_low, least(1, share * 1.1) as ci_high, false as is_small_sample, $as_of as as_of,
        '1' as definition_version
    from marts.segments a join marts.segments b using (segment_set);
create table marts.experience as
    with weeks as (select ($week - to_days((7 * i)::int)::interval)::date as week, i from range(12) t (i)),
    cells as (select week, stage, family, instrument, greatest(4, (n * (1 + 0.2 * sin(i)))::bigint) as answers,
        s + 0.03 * cos(i) as share, i
        from weeks, (values ('experience', 'commerce', 'NPS', 140, 0.34), ('purchase', 'commerce', 'CSAT', 210, 0.86),
        ('experience', 'support', 'CSAT', 90, 0.71), ('advocacy', 'community', 'CSAT', 12, 0.8),
        ('consideration', 'website', 'CSAT', 60, 0.77)) f (stage, family, instrument, n, s))
    select week, stage, family, instrument, instrument || case instrument when 'NPS' then ':0-10:' else ':1-5:' end || family
            as definition_id, 'all' as segment_set, 'all' as segment, 'week' as segment_as_of, answers,
        case instrument when 'NPS' then share * 100 else share end as score, score as reweighted_score,
        case family when 'support' then 0.25 end as response_rate,
        case instrument when 'NPS' then share * 100 - 160 / sqrt(answers)
            else wilson(share * answers, answers, -1) end as ci_low,
        case instrument when 'NPS' then share * 100 + 160 / sqrt(answers)
            else wilson(share * answers, answers, 1) end as ci_high,
        answers < 30 as is_small_sample, (share * answers)::decimal(38, 6) as numerator,
        answers::decimal(38, 6) as denominator, $as_of as as_of, '1' as definition_version from cells;
create table marts.response_bias as
    select $week as week, instrument, definition_id, answers::bigint as answers, raw, raw - gap as raw_ci_low,
        raw + gap as raw_ci_high, reweighted, reweighted - gap as reweighted_ci_low, reweighted + gap as reweighted_ci_high,
        answers / 1.5 as effective_answers, answers_left::bigint as answers_left, score_left,
        answers < 30 as is_small_sample, note, $as_of as as_of, '1' as definition_version
    from (values ('NPS', 'NPS:0-10:feedback', 210, 34, 28, 9, 0, null, null),
        ('CSAT', 'CSAT:1-5:support', 90, 0.71, 0.64, 0.08, 12, 0.25, null),
        ('CSAT', 'CSAT:1-5:community', 12, 0.8, 0.8, 0.15, 0, null, 'too few answers to weigh groups: reweighted is raw'))
        as b (instrument, definition_id, answers, raw, reweighted, gap, answers_left, score_left, note);
create table marts.consistency as
    select $week as week, measure, value::double as value, ci_low::double as ci_low, ci_high::double as ci_high,
        n::double as n, measure = 'customers_agree' as is_headline, measure = 'service_standard_kept' as is_proxy,
        false as is_small_sample, target::double as target_mvp, target + 0.1 as target_excellence, detail,
        $as_of as as_of, '1' as definition_version
    from (values ('customers_agree', 0.88, 0.84, 0.91, 340, 0.85, null),
        ('consistently_good', 0.61, 0.56, 0.66, 340, null, null), ('coverage', 0.4, 0.37, 0.43, 850, null, null),
        ('service_standard_kept', 0.3, 0.2, 0.4, 60, 0.85, null),
        ('touchpoints_in_band', 0.9, null, null, 1000, 0.85, 'CSAT:1-5:support; CSAT:1-5:website'),
        ('worst_gap', 0.24, null, null, 1000, null, 'support (CSAT:1-5:support) and website (CSAT:1-5:website)'),
        ('unscored_touchpoints', 1, null, null, null, null, 'community (CSAT:1-5:community)'))
        as c (measure, value, ci_low, ci_high, n, target, detail);
create table marts.experience_drivers as
    select outcome, driver, level, n::bigint as n, share::double as share, others_share::double as others_share,
        share - others_share as difference, difference - 0.05 as ci_low, difference + 0.05 as ci_high, q_value::double as q_value,
        difference * 0.8 as adjusted_difference, false as is_small_sample, 'An association' as note,
        $as_of as as_of, '1' as definition_version
    from (values ('satisfied', 'support_closed', 'over a day', 80, 0.55, 0.81, 0.0002),
        ('satisfied', 'contacts', '2 or more', 60, 0.6, 0.79, 0.004), ('purchased', 'friction_seen', 'yes', 400, 0.02, 0.05, 0.03))
        as d (outcome, driver, level, n, share, others_share, q_value);
create table marts.pain_points as
    select $week as week, rank::bigint as rank, 'p' || n as pain_point_id, step, stage, 'Customer experience' as owner, breakdown, member,
        ($week - interval 7 day)::date as cohort_week, entered::bigint as entered, dropped::bigint as dropped, dropped / entered as "drop",
        wilson(dropped, entered, -1) as ci_low, wilson(dropped, entered, 1) as ci_high, usual as drop_reference,
        greatest(0, dropped - usual * entered) as excess, 1200.5 * n as value_at_stake, n = 1 as is_signal, explained_by,
        entered < 30 as is_small_sample, 'select 1 as entered, ''' || member || ''' as dropped' as query,
        $as_of as as_of, '1' as definition_version
    from (values (1, 1, 'onboarding', 'purchase', 'entry_channel', '{hostile}', 200, 150, 0.5, null),
        (2, 2, 'checkout: view_item to add_to_cart', 'view_item', 'all', 'all', 900, 500, 0.5, null),
        (3, 3, 'onboarding', 'purchase', 'all', 'all', 500, 280, 0.5, 'entry_channel x'),
        (4, null, 'support_contact', 'purchase', 'all', 'all', 20, 1, null, null)
    ) p (n, rank, step, stage, breakdown, member, entered, dropped, usual, explained_by);
create table marts.pain_point_evidence as
    select 'p1' as pain_point_id, 'journey' as kind, md5('j' || i) as ref, 150::bigint as of_total from range(150) t (i);
create table marts.personas as
    select $week as week, 'quiet_buyer' as persona, 'Quiet buyer' as title, 'true' as rule, 'Buys without much ado' as description,
        '{hostile}' as goals, null::varchar as pains_in_words, 1200::bigint as customers, 0.4 as share,
        'no_follow_up, long_cycle' as top_pains, 'email' as preferred_channel, 'data' as preferred_channel_by, 0.7 as channel_share,
        null::double as revenue_per_customer, null::double as nps, null::double as nps_low, null::double as nps_high,
        $as_of as as_of, '1' as definition_version;
create table marts.kpi_scorecard as
    select $week as week, target_set, kpi, name, owner, baseline, target, actual, improvement, ci_low, ci_high, status,
        progress, 'raw_before_after' as evidence, is_small_sample, numerator, denominator, $as_of as as_of,
        '1' as definition_version,
        case when is_small_sample then 'not_yet_knowable' when status in ('achieved', 'on_track') then 'on_track'
            when status in ('declining', 'below_target') then 'off_track' else 'not_yet_knowable' end as verdict,
        name || ': what is counted / of what' as formula,
        case when numerator is not null then 'select ' || numerator || ' as numerator, ' || denominator || ' as denominator'
            end as query,
        case when kpi = 'journey_conversion' then improvement - 0.05 end as adjusted_improvement,
        case when kpi = 'journey_conversion' then ci_low - 0.06 end as adjusted_low,
        case when kpi = 'journey_conversion' then ci_high - 0.04 end as adjusted_high,
        case when kpi = 'journey_conversion' then 'mix' end as adjusted_for, 'No year before.' as adjustment_note,
        ($week - interval 140 day)::date as baseline_from, ($week - interval 63 day)::date as baseline_until,
        ($week - interval 21 day)::date as current_from, $week::date as current_until,
        status = 'declining' as is_alarm, null::varchar as note
    from (values
    ('mvp','journey_conversion','Journey conversion','CX Director',0.04,0.15,0.04804,0.20098,0.15292,0.25105,'achieved',1.34,false,4900,102000),
    ('mvp','customer_satisfaction','Customer satisfaction','CX Director',0.7,0.2,0.7604,0.08628,0.02986,0.14579,'improving',0.43,false,768,1010),
    ('mvp','journey_completion','Journey completion','Experience Director',0.6,0.15,0.55306,-0.0784,-0.1124,-0.0436,'declining',null,false,2710,4900),
    ('mvp','experience_consistency','Experience consistency','Experience Director',0.775,0.85,0.86667,0.11828,0.83081,0.89588,'on_track',1.02,false,364,420),
    ('mvp','customer_lifetime_value','Customer lifetime value','Head of CRM',120,0.15,141,0.175,0.09976,0.25539,'on_track',1.17,false,null,null),
    ('mvp','customer_retention','Customer retention','Head of CRM',0.26,0.15,0.3,0.15385,-0.01842,0.33041,'inconclusive',1.03,true,9,27),
    ('mvp','acquisition_efficiency','Acquisition efficiency','Head of Marketing',0.02,0.15,0.02238,0.11905,0.05427,0.1878,'improving',0.79,false,2350,105000),
    ('mvp','revenue_attribution','Revenue attribution','Head of Marketing',0.72,0.15,null,null,null,null,'no_data',null,true,null,null),
    ('excellence','journey_conversion','Journey conversion','CX Director',0.04,0.3,0.04804,0.20098,0.15292,0.25105,'improving',0.67,false,4900,102000),
    ('excellence','customer_satisfaction','Customer satisfaction','CX Director',0.7,0.35,0.7604,0.08628,0.02986,0.14579,'improving',0.25,false,768,1010),
    ('excellence','experience_consistency','Experience consistency','Experience Director',0.775,0.95,0.86667,0.11828,0.83081,0.89588,'below_target',0.91,false,364,420),
    ('excellence','customer_lifetime_value','Customer lifetime value','Head of CRM',120,0.25,141,0.175,0.09976,0.25539,'improving',0.7,false,null,null)
    ) k (target_set, kpi, name, owner, baseline, target, actual, improvement, ci_low, ci_high, status, progress,
         is_small_sample, numerator, denominator);
create table marts.actions as
    select action_id, origin, opportunity, 'journey_completion' as kpi, metric, breakdown, member, 'because' as hypothesis,
        owner, $week::date - 60 as proposed_on, ($week + interval 30 day)::date as due_on, started_on::date as started_on,
        null::date as ended_on, decision, status, null::varchar as experiment_id, 0.02 as expected_low, 0.08 as expected_high,
        effort, prize, prize * 0.9 as prize_low, prize * 1.1 as prize_high, 'conversions a week' as prize_unit,
        prize * 60 as prize_value, prize / effort as priority, method, effect, effect - 0.03 as effect_low,
        effect + 0.03 as effect_high, false as is_incremental, 'as_expected' as backtest, 'Assumes much.' as effect_note
    from (values
        ('a1', 'register', '{hostile}', 'purchase>experience', 'entry_channel', '{hostile}', 'Experience Management',
            '2026-09-14', 'approved', 'running', 5.0, 12.0, 'difference_in_differences', 0.06),
        ('a2', 'register', 'A mail after the first order', 'customer_lifetime_value', null, null, null, '2026-09-21', null,
            'planned', null, null, 'pre_post', 4.5),
        ('proposed:journey_completion', 'kpi', 'Bring back on track: Journey completion', 'journey_completion', null, null,
            'Journey Leadership', null, null, 'proposed', null, 7.5, null, null)
    ) a (action_id, origin, opportunity, metric, breakdown, member, owner, started_on, decision, status, effort, prize,
         method, effect);
create table marts.governance_roles as
    select 'Experience Management' as role, 'Experience Director' as title, 'How it feels' as responsible_for,
        '{hostile}' as person, null::varchar as contact;
create table marts.change_explained as
    select $week::date - 63 as week, 'journey:awareness->purchase' as metric, 'entry_mix' as breakdown, 'all' as member,
        0.04 as rate0, 0.052 as rate1, 0.012 as change, 0.02 as rate_effect, 0.01 as rate_effect_low,
        0.03 as rate_effect_high, -0.008 as mix_effect, true as is_simpson;
create table marts.coverage as
    select ($week - to_days((7 * i)::int)::interval)::date as week, source, 'touchpoints' as events_table,
        case when i > 0 then 'ok' else status end as status, (9000 - 100 * i)::bigint as records, 9000::double as expected_records,
        (9000 - 100 * i) / 9000 as records_ratio, 7::bigint as days_with_data, 7::bigint as expected_days, 4::bigint as record_types,
        null::varchar as missing_record_types, (8500 - 100 * i)::bigint as touchpoints, (6200 - 90 * i)::bigint as identified_touchpoints,
        (6200 - 90 * i) / (8500 - 100 * i) as identified_share, null::decimal(18, 6) as spend_amount,
        null::decimal(18, 6) as expected_spend_amount, 'EUR' as reporting_currency,
        $as_of - to_minutes((lag_minutes + i * 10080)::int) as last_seen_at, $as_of - to_minutes(lag_minutes::int) as latest_seen_at,
        0::bigint as late_files, 0::bigint as late_records, source || '__objects' as contracts, 48::int as latency_hours,
        1::int as frequency_days, 'warn' as on_gap, true as is_expected, $as_of as as_of, '1' as definition_version
    from range(4) t (i), (values ('ga4', 3, 'ok'), ('shopify', 9, 'ok'), ('zendesk', 131, 'ok'), ('google_ads', 1500, 'late'),
        ('typeform', 12000, 'silent')) s (source, lag_minutes, status);
create table marts.link_audit as
    select ($week - to_days((7 * i)::int)::interval)::date as week, channel, campaign, platform, finding,
        spend::decimal(18, 6) as spend_amount, 'EUR' as reporting_currency, spend / 1600 as spend_share, clicks::bigint as clicks,
        visits::bigint as tagged_visits, visits / clicks as visits_per_click, 5::bigint as visits_elsewhere, $as_of as as_of,
        '1' as definition_version
    from range(4) t (i), (values ('Display', '{hostile}', 'dv360', 'spend_without_visits', 1000, 80, 0),
        ('Paid Search', 'brand_de', 'google_ads', 'ok', 600, 50, 45),
        ('Paid Social', 'old link', null, 'visits_without_spend', 0, null, 12)) s (channel, campaign, platform, finding, spend, clicks, visits);
create table marts.source_files as
    select sha256('f' || i) as file_id, contract, case when i = 3 then '{hostile}.csv' else contract || '_' || i || '.csv'
        end as file_name, ['loaded', 'loaded', 'loaded', 'quarantined', 'duplicate', 'superseded'][1 + i % 6] as outcome,
        1000::bigint as records, case when i % 6 = 3 then 0 else 990 end::bigint as accepted, (i % 6 = 0)::bigint * 2 as quarantined,
        8::bigint as dropped, 0::bigint as erased, 0::bigint as superseded, ($week)::date as period_start, ($week + interval 6 day)::date as period_end,
        ($week + interval 6 day)::date as data_until
    from (select i, ['ga4__events', 'shopify__orders', 'zendesk__tickets'][1 + i % 3] as contract from range(18) t (i));
create table marts.quarantine as
    select sha256('f' || 0) as file_id, 'ga4__events' as contract, 'ga4__events_0.csv' as file_name, (7 + i)::bigint as row_number,
        'event_timestamp' as column_name, 'timestamp_micros' as rule, '16 digits' as expected,
        '"<i***>", 23 chars' as found_shape from range(2) t (i);
