with source as (
    select * from {{ source('raw', 'mailchimp__email_activity') }}
    where _is_current
),

parsed as (
    select
        campaign_id,
        lower(email_id) as email_id,
        {{ clean_email('email_address') }} as email,
        {{ unnest_list(json_list('activity', {
            'action': 'VARCHAR', 'type': 'VARCHAR', 'timestamp': 'VARCHAR', 'url': 'VARCHAR', 'ip': 'VARCHAR'
        })) }} as done,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

actions as (
    select
        *,
        lower(done.action) as action,
        lower(done.type) as bounce_type,
        {{ utc_instant('done."timestamp"') }} as occurred_at,
        case when lower(done.action) = 'click' then done.url end as url,
        done.ip as ip,
        {{ key_of(["'activity'", 'campaign_id', 'email_id', 'lower(done.action)', 'done."timestamp"', 'done.url']) }}
            as record_key
    from parsed
    where lower(done.action) in ('open', 'click', 'bounce')
),

-- There is no event id: equal actions of one second are one, some true repetitions are lost with them.
first_actions as (
    select *, row_number() over (partition by record_key order by ip, source_file_id, source_row_number) as copy
    from actions
),

distinct_actions as (
    select * exclude (copy, done) from first_actions
    where copy = 1
),

judged as (
    {{ link_bursts('distinct_actions', ['campaign_id', 'email_id']) }}
),

renamed as (
    select
        'mailchimp' as source,
        judged.record_key,
        case when judged.email is not null then 'email' else 'email_md5' end as identifier_type,
        coalesce(judged.email, judged.email_id) as identifier_value,
        judged.email,
        judged.email_id as email_md5,
        {{ link_euid('judged.url') }} as mailchimp_euid,
        judged.occurred_at,
        'second' as occurred_at_precision,
        'email' as family,
        case judged.action when 'open' then 'email_opened' when 'click' then 'email_clicked' else 'email_bounced' end
            as interaction_type,
        case when judged.action = 'bounce' then 'system' else 'inbound' end as direction,
        judged.campaign_id,
        {{ key_of(['coalesce(judged.email, judged.email_id)', 'judged.campaign_id']) }} as bounce_key,
        {{ link_source('judged.url', 'mailchimp') }} as utm_source,
        {{ link_medium('judged.url') }} as utm_medium,
        coalesce({{ url_param('judged.url', 'utm_campaign') }}, campaigns.campaign_title, judged.campaign_id)
            as campaign,
        coalesce({{ url_param('judged.url', 'utm_content') }}, campaigns.campaign_title) as content,
        {{ url_param('judged.url', 'utm_term') }} as term,
        {{ url_path('judged.url') }} as page_path,
        judged.is_link_burst or (judged.action = 'open' and {{ is_mail_proxy('judged.ip') }}) as is_machine,
        case when judged.bounce_type in ('hard', 'soft') then '{"bounce_type":"' || judged.bounce_type || '"}' end
            as attributes,
        judged.source_file_id,
        judged.source_row_number
    from judged
    left join {{ ref('stg_mailchimp__campaigns') }} as campaigns on judged.campaign_id = campaigns.campaign_id
)

select
    * exclude (bounce_key),
    -- The audience export tells the bounce that cleaned an address once more.
    case when interaction_type = 'email_bounced' then bounce_key else record_key end as twin_key
from renamed
