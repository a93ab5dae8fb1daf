with source as (
    select * from {{ source('raw', 'tcf__decisions') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_fields('tc_data', {
            'eventStatus': 'VARCHAR', 'gdprApplies': 'VARCHAR', 'publisherCC': 'VARCHAR', 'tcfPolicyVersion': 'VARCHAR',
            'tcString': 'VARCHAR',
            'purpose': {'consents': {
                '1': 'VARCHAR', '2': 'VARCHAR', '3': 'VARCHAR', '4': 'VARCHAR', '7': 'VARCHAR', '8': 'VARCHAR',
                '9': 'VARCHAR'
            }}
        }) }} as tcf
    from source
),

-- tcloaded reads an old decision again and cmpuishown only asks. A purpose that is not listed was refused.
decisions as (
    select
        'tcf' as source,
        logged_at,
        client_id,
        user_id,
        page,
        tc_data,
        tcf,
        lower(tcf.gdprapplies) = 'false' as is_exempt,
        {% for number in [1, 2, 3, 4, 7, 8, 9] %}
        coalesce(lower(tcf.purpose.consents."{{ number }}") in ('true', '1'), false) as purpose_{{ number }},
        {% endfor %}
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
    where tcf.eventstatus = 'useractioncomplete'
),

-- Nothing may be kept on the device without purpose 1, so no other purpose counts without it.
purposes as (
    select *, 'analytics' as purpose, purpose_1 and (purpose_8 or purpose_9) as is_granted from decisions
    union all
    select *, 'ads' as purpose, purpose_1 and purpose_2 and purpose_3 and purpose_4 and purpose_7 from decisions
    union all
    select *, 'ads_personalization' as purpose, purpose_1 and purpose_3 and purpose_4 from decisions
),

logged as (
    select
        source,
        {{ key_of(['purpose', 'logged_at', 'client_id', 'user_id', 'page', 'tc_data']) }} as record_key,
        -- Who refuses everything has no id: the refusal is counted and names nobody.
        case
            when client_id <> '' then 'ga_client_id'
            when user_id <> '' then 'user_id'
        end as identifier_type,
        coalesce(nullif(client_id, ''), nullif(user_id, '')) as identifier_value,
        purpose,
        -- Where the regulation does not apply the data lists no purposes, and nobody refused anything.
        case when is_exempt then 'not_asked' when is_granted then 'granted' else 'denied' end as state,
        {{ utc_instant('logged_at') }} as occurred_at,
        'explicit' as method,
        tcf.publishercc as jurisdiction,
        tcf.tcfpolicyversion as policy_version,
        nullif(tcf.tcstring, '') as evidence_ref,
        source_file_id,
        source_row_number
    from purposes
)

{{ consent_decisions('logged') }}
