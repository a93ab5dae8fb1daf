{{ config(meta={'dagster': {'ref': {'name': 'mart_next_best_actions'}}}) }}
-- Nobody is recommended for marketing without a consent that stands now.
select actions.customer_id, actions.rule_id
from {{ ref('mart_next_best_actions') }} as actions
left join {{ ref('customer_consents') }} as consents
    on actions.customer_id = consents.customer_id
    and actions.required_consent = consents.purpose
    and consents.is_current
    and consents.state in ('granted', 'implied')
where (actions.kind = 'marketing' or actions.required_consent is not null) and consents.customer_id is null
