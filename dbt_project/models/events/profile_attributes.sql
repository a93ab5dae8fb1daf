with observed as (
    select source, identifier_type, identifier_value, attribute, value, max(observed_at) as observed_at
    from {{ ref('stg_canonical__profile_attributes') }}
    where {{ before_as_of('observed_at') }}
    group by source, identifier_type, identifier_value, attribute, value
    union all
    {{ attributes_from('stg_ga4__events', 'ga_client_id', 'occurred_at', ['country']) }}
    union all
    {{ attributes_from('stg_hubspot__contacts', 'hubspot_contact_id', 'observed_at', [
        'lifecycle_stage', 'original_traffic_source', 'contact_owner', 'company_id'
    ]) }}
    union all
    {{ attributes_from('stg_shopify__orders', 'email', 'created_at', ['shipping_country']) }}
    union all
    {{ attributes_from('stg_salesforce__leads', 'salesforce_lead_id', 'updated_at', ['lead_source', 'lead_status']) }}
    union all
    {{ attributes_from('stg_salesforce__contacts', 'salesforce_contact_id', 'updated_at', ['lead_source', 'account_id']) }}
    union all
    {{ attributes_from('stg_discourse__users', 'discourse_user_id', 'observed_at', ['trust_level']) }}
    union all
    {{ attributes_from('stg_mailchimp__members', 'email', 'changed_at', [
        'email_status', 'email_country', 'time_zone', 'member_rating', 'tags'
    ]) }}
    union all
    {{ attributes_from('stg_klaviyo__profiles', 'klaviyo_profile_id', 'observed_at', ['email_country', 'time_zone']) }}
    union all
    {{ attributes_from('stg_segment__events', 'user_id', 'occurred_at', [
        'plan', 'company', 'account_id', 'job_title', 'industry', 'country'
    ]) }}
    union all
    {{ attributes_from('stg_rudderstack__events', 'user_id', 'occurred_at', [
        'plan', 'company', 'account_id', 'job_title', 'industry', 'country'
    ]) }}
    union all
    {{ attributes_from('stg_snowplow__events', 'snowplow_domain_userid', 'occurred_at', ['country']) }}
    union all
    {{ attributes_from('stg_mixpanel__events', 'mixpanel_distinct_id', 'occurred_at', ['country']) }}
)

select * from observed
