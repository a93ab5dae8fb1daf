-- Who is known at an anchor, and whether they agreed. At the run itself that is everybody seen within a year; earlier
-- anchors only teach, so a sample of the customers, the same at each of them, is enough.
with known as (
    select
        customer_id,
        min(day) as first_day,
        {{ resampling_bucket('customer_id') }} % 20 as bucket
    from {{ ref('prediction_days') }}
    group by customer_id
),

share as (
    select least(1000000.0, 1000000.0 * {{ var('prediction_sample_customers') }} / greatest(count(*), 1)) as per_million
    from known
),

drawn as (
    select
        known.*,
        -- A key of its own: the buckets come from the same hash.
        {{ is_sampled("known.customer_id || ':prediction'", 'share.per_million') }} as is_sampled
    from known
    cross join share
),

{#- The purpose may be 'none': then nobody's consent is asked. #}
answers as (
    select customer_id, state, valid_from, valid_to, is_current
    from {{ ref('customer_consents') }}
    where purpose = '{{ var('prediction_consent_purpose') }}'
),

refused as (
    select distinct customer_id from answers where is_current and state in ('denied', 'withdrawn')
),

placed as (
    select drawn.customer_id, drawn.bucket, drawn.first_day, drawn.is_sampled, anchors.*
    from drawn
    inner join {{ ref('prediction_anchors') }} as anchors
        on drawn.first_day < anchors.anchor_date
        and (drawn.is_sampled or anchors.days_back = 0)
),

-- Agreed by then, and not refused since: what somebody has refused, teaches nothing either.
agreed as (
    select distinct placed.customer_id, placed.days_back
    from placed
    inner join answers
        on placed.customer_id = answers.customer_id
        and answers.state in ('granted', 'implied')
        and answers.valid_from < placed.anchor_at
        and (answers.valid_to is null or answers.valid_to >= placed.anchor_at)
    left join refused on placed.customer_id = refused.customer_id
    where refused.customer_id is null
)

select
    placed.*,
    {% if var('prediction_consent_purpose') == 'none' %}true{% else %}agreed.customer_id is not null{% endif %} as is_consented
from placed
left join agreed on placed.customer_id = agreed.customer_id and placed.days_back = agreed.days_back
