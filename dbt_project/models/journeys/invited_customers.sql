-- Every invitation with its customer, the week it was sent in and the segments the customer was in.
with invitations as (
    select
        invitations.*,
        identifiers.customer_id,
        {{ reporting_week('invitations.asked_at', 'parameters.time_zone') }} as week
    from {{ ref('survey_invitations') }} as invitations
    cross join {{ source('raw', 'run_parameters') }} as parameters
    left join {{ source('identity', 'identifiers') }} as identifiers
        on invitations.identifier_type = identifiers.identifier_type
        and invitations.identifier_value = identifiers.identifier_value
),

numbered as (
    select invitations.*, numbers.customer_number, {{ week_number('invitations.week') }} as week_number
    from invitations
    left join {{ ref('customer_numbers') }} as numbers on invitations.customer_id = numbers.customer_id
)

select
    numbered.*,
    case when numbered.instrument = 'NPS' then 'advocacy' else 'experience' end as stage,
    {{ segments_then('numbered', ['lifecycle', 'persona']) }}
