with observed as (
    select * from {{ ref('stg_canonical__identifier_edges') }}
    where {{ before_as_of('last_seen_at') }}
    union all
    {{ edges_from('stg_ga4__events', 'occurred_at', [
        ('ga_client_id', 'user_id', 'login', 'deterministic'),
        ('ga_client_id', 'order_name', 'same_record', 'strong'),
        ('ga_client_id', 'mailchimp_euid', 'same_record', 'strong'),
        ('user_id', 'order_name', 'same_record', 'deterministic'),
    ] + click_pairs('ga_client_id', 'strong')) }}
    union all
    {{ edges_from('stg_hubspot__contacts', 'created_at', [
        ('email', 'hubspot_contact_id', 'same_record', 'deterministic'),
        ('phone', 'hubspot_contact_id', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_hubspot__contact_links', 'created_at', [
        ('email', 'hubspot_contact_id', 'alias', 'deterministic'),
        ('hubspot_contact_id', 'hubspot_contact_id:merged_hubspot_contact_id', 'explicit_merge', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_hubspot__form_submissions', 'occurred_at', [
        ('email', 'phone', 'same_record', 'strong'),
    ] + click_pairs('email', 'weak')) }}
    union all
    {{ edges_from('stg_shopify__orders', 'created_at', [
        ('email', 'order_name', 'same_record', 'deterministic'),
        ('phone', 'order_name', 'same_record', 'strong'),
    ] + click_pairs('order_name', 'weak')) }}
    union all
    {{ edges_from('stg_shopify__orders_bulk', 'created_at', [
        ('email', 'order_name', 'same_record', 'deterministic'),
        ('email', 'shopify_customer_id', 'same_record', 'deterministic'),
        ('order_name', 'shopify_customer_id', 'same_record', 'deterministic'),
        ('phone', 'order_name', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_zendesk__tickets', 'created_at', [
        ('email', 'zendesk_user_id', 'same_record', 'deterministic'),
        ('user_id', 'zendesk_user_id', 'same_record', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_zendesk__tickets_csv', 'created_at', [
        ('email', 'zendesk_user_id', 'same_record', 'deterministic'),
        ('user_id', 'zendesk_user_id', 'same_record', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_typeform__responses', 'answered_at', [
        ('email', 'user_id', 'form_prefill', 'strong'),
        ('email', 'phone', 'same_record', 'strong'),
        ('email', 'order_name', 'form_prefill', 'strong'),
        ('order_name', 'user_id', 'form_prefill', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_stripe__charges', 'occurred_at', [
        ('email', 'stripe_customer_id', 'same_record', 'deterministic'),
        ('email', 'order_name', 'same_record', 'strong'),
        ('order_name', 'stripe_customer_id', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_stripe__payments', 'occurred_at', [
        ('email', 'stripe_customer_id', 'same_record', 'deterministic'),
        ('email', 'order_name', 'same_record', 'strong'),
        ('order_name', 'stripe_customer_id', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_qualtrics__responses', 'answered_at', [
        ('email', 'user_id', 'form_prefill', 'strong'),
        ('email', 'order_name', 'form_prefill', 'strong'),
        ('order_name', 'user_id', 'form_prefill', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_surveymonkey__responses', 'answered_at', [
        ('email', 'user_id', 'form_prefill', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_delighted__responses', 'answered_at', [
        ('email', 'order_name', 'form_prefill', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_tcf__visits', 'occurred_at', [
        ('ga_client_id', 'user_id', 'login', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_salesforce__leads', 'created_at', [
        ('email', 'salesforce_lead_id', 'same_record', 'deterministic'),
        ('phone', 'salesforce_lead_id', 'same_record', 'strong'),
        ('phone:mobile_phone', 'salesforce_lead_id', 'same_record', 'strong'),
        ('salesforce_contact_id', 'salesforce_lead_id', 'same_record', 'deterministic'),
        ('salesforce_lead_id', 'salesforce_lead_id:master_salesforce_lead_id', 'explicit_merge', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_salesforce__contacts', 'created_at', [
        ('email', 'salesforce_contact_id', 'same_record', 'deterministic'),
        ('phone', 'salesforce_contact_id', 'same_record', 'strong'),
        ('phone:mobile_phone', 'salesforce_contact_id', 'same_record', 'strong'),
        ('salesforce_contact_id', 'salesforce_contact_id:master_salesforce_contact_id',
            'explicit_merge', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_salesforce__campaign_members', 'created_at', [
        ('salesforce_contact_id', 'salesforce_lead_id', 'same_record', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_intercom__conversation_contacts', 'seen_at', [
        ('intercom_contact_id', 'user_id', 'login', 'deterministic'),
        ('email', 'intercom_contact_id', 'same_record', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_intercom__receipts', 'received_at', [
        ('intercom_contact_id', 'user_id', 'login', 'deterministic'),
        ('email', 'intercom_contact_id', 'same_record', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_discourse__users', 'occurred_at', [
        ('discourse_user_id', 'user_id', 'login', 'deterministic'),
        ('discourse_user_id', 'email', 'same_record', 'deterministic'),
        ('discourse_user_id', 'email:unconfirmed_email', 'same_record', 'weak'),
    ]) }}
    union all
    {{ edges_from('stg_discourse__user_emails', 'occurred_at', [
        ('discourse_user_id', 'email', 'alias', 'deterministic'),
    ]) }}
    union all
    {{ edges_from('stg_mailchimp__members', 'member_since', [
        ('email', 'email_md5', 'hashed_equality', 'deterministic'),
        ('email', 'mailchimp_euid', 'same_record', 'deterministic'),
        ('email', 'phone', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_mailchimp__recipients', 'occurred_at', [
        ('email', 'email_md5', 'hashed_equality', 'deterministic'),
        ('email', 'email_md5:former_email_md5', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_mailchimp__email_activity', 'occurred_at', [
        ('email', 'mailchimp_euid', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_klaviyo__profiles', 'known_since', [
        ('email', 'klaviyo_profile_id', 'same_record', 'deterministic'),
        ('klaviyo_profile_id', 'user_id', 'same_record', 'deterministic'),
        ('klaviyo_profile_id', 'phone', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_klaviyo__events', 'occurred_at', [
        ('email', 'klaviyo_profile_id', 'same_record', 'strong'),
    ]) }}
    union all
    {{ edges_from('stg_segment__events', 'occurred_at', [
        ('segment_anonymous_id', 'user_id', 'login', 'deterministic'),
        ('segment_anonymous_id', 'email', 'same_record', 'strong'),
        ('email', 'user_id', 'same_record', 'deterministic'),
        ('phone', 'user_id', 'same_record', 'strong'),
        ('email', 'phone', 'same_record', 'strong'),
        ('segment_anonymous_id', 'device_id', 'same_record', 'strong'),
        ('segment_anonymous_id', 'advertising_id', 'same_record', 'strong'),
        ('segment_anonymous_id', 'order_name', 'same_record', 'strong'),
        ('segment_anonymous_id', 'mailchimp_euid', 'same_record', 'strong'),
        ('user_id', 'order_name', 'same_record', 'deterministic'),
        ('user_id', 'user_id:previous_user_id', 'explicit_merge', 'deterministic'),
        ('user_id', 'segment_anonymous_id:previous_segment_anonymous_id', 'explicit_merge', 'deterministic'),
        ('user_id', 'email:previous_email', 'explicit_merge', 'deterministic'),
    ] + click_pairs('segment_anonymous_id', 'strong')) }}
    union all
    {{ edges_from('stg_rudderstack__events', 'occurred_at', [
        ('segment_anonymous_id', 'user_id', 'login', 'deterministic'),
        ('segment_anonymous_id', 'email', 'same_record', 'strong'),
        ('email', 'user_id', 'same_record', 'deterministic'),
        ('phone', 'user_id', 'same_record', 'strong'),
        ('email', 'phone', 'same_record', 'strong'),
        ('segment_anonymous_id', 'device_id', 'same_record', 'strong'),
        ('segment_anonymous_id', 'advertising_id', 'same_record', 'strong'),
        ('segment_anonymous_id', 'order_name', 'same_record', 'strong'),
        ('segment_anonymous_id', 'mailchimp_euid', 'same_record', 'strong'),
        ('user_id', 'order_name', 'same_record', 'deterministic'),
        ('user_id', 'user_id:previous_user_id', 'explicit_merge', 'deterministic'),
        ('user_id', 'segment_anonymous_id:previous_segment_anonymous_id', 'explicit_merge', 'deterministic'),
        ('user_id', 'email:previous_email', 'explicit_merge', 'deterministic'),
    ] + click_pairs('segment_anonymous_id', 'strong')) }}
    union all
    {{ edges_from('stg_snowplow__events', 'occurred_at', [
        ('snowplow_domain_userid', 'user_id', 'login', 'deterministic'),
        ('device_id', 'user_id', 'login', 'deterministic'),
        ('snowplow_domain_userid', 'email', 'login', 'deterministic'),
        ('snowplow_domain_userid', 'snowplow_network_userid', 'same_record', 'weak'),
        ('snowplow_domain_userid', 'order_name', 'same_record', 'strong'),
        ('snowplow_domain_userid', 'mailchimp_euid', 'same_record', 'strong'),
        ('user_id', 'order_name', 'same_record', 'deterministic'),
    ] + click_pairs('snowplow_domain_userid', 'strong')) }}
    union all
    {{ edges_from('stg_mixpanel__events', 'occurred_at', [
        ('mixpanel_distinct_id', 'user_id', 'login', 'deterministic'),
        ('mixpanel_distinct_id', 'email', 'same_record', 'strong'),
        ('email', 'user_id', 'same_record', 'deterministic'),
        ('mixpanel_distinct_id', 'order_name', 'same_record', 'strong'),
        ('mixpanel_distinct_id', 'mailchimp_euid', 'same_record', 'strong'),
        ('user_id', 'order_name', 'same_record', 'deterministic'),
        ('user_id', 'user_id:other_user_id', 'alias', 'deterministic'),
        ('user_id', 'mixpanel_distinct_id:other_mixpanel_distinct_id', 'alias', 'deterministic'),
    ] + click_pairs('mixpanel_distinct_id', 'strong')) }}
),

-- One row per pair and source. The words for evidence and confidence sort from strong to weak, so the least is kept.
summed as (
    select
        source,
        a_type,
        a_value,
        b_type,
        b_value,
        min(evidence) as evidence,
        min(confidence) as confidence,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        cast(sum(observation_count) as bigint) as observation_count
    from observed
    where a_type <> b_type or a_value <> b_value
    group by source, a_type, a_value, b_type, b_value
)

select * from summed
