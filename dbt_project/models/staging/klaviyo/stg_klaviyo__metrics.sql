with source as (
    select * from {{ source('raw', 'klaviyo__metrics') }}
    where _is_current
),

named as (
    select
        id as metric_id,
        lower({{ clean_text(json_fields('attributes', {'name': 'VARCHAR'}) ~ '.name') }}) as metric_name
    from source
)

-- What the site and the shop do is theirs to tell: only messages become touchpoints.
select
    'klaviyo' as source,
    metric_id as record_key,
    metric_id,
    metric_name,
    case
        when metric_name = 'received email' then 'email_sent'
        when metric_name = 'opened email' then 'email_opened'
        when metric_name = 'clicked email' then 'email_clicked'
        when metric_name in ('bounced email', 'dropped email') then 'email_bounced'
        when metric_name in ('unsubscribed', 'unsubscribed from email marketing') then 'email_unsubscribed'
        when metric_name in ('received sms', 'sent sms') then 'sms_sent'
        when metric_name = 'clicked sms' then 'message_clicked'
    end as interaction_type,
    case
        when metric_name in ('received email', 'received sms', 'sent sms') then 'outbound'
        when metric_name in ('bounced email', 'dropped email') then 'system'
        else 'inbound'
    end as direction,
    case when metric_name like '% sms%' then 'sms' else 'email' end as medium
from named
