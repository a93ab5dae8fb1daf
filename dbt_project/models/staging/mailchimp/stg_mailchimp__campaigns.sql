-- Reports give the id of a campaign only; the audience export names those that somebody left by.
select
    campaign_id,
    max(campaign_title) as campaign_title
from {{ ref('stg_mailchimp__members') }}
where campaign_id is not null
group by campaign_id
