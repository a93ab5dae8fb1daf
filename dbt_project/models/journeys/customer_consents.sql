-- What holds for a customer and a purpose, and since when. Every address, account and browser of a customer has a say
-- in every source; the most restrictive of their latest answers holds. Not having been asked is no answer.
with decisions as (
    select
        identifiers.customer_id,
        consents.purpose,
        consents.source || ':' || identifiers.identifier_hash as voice,
        consents.occurred_at,
        consents.valid_until,
        case consents.state when 'withdrawn' then 1 when 'denied' then 2 when 'implied' then 3 when 'granted' then 4 end
            as permission,
        consents.consent_id
    from {{ ref('consents') }} as consents
    inner join {{ source('identity', 'identifiers') }} as identifiers
        on consents.identifier_type = identifiers.identifier_type
        and consents.identifier_value = identifiers.identifier_value
    where identifiers.customer_id is not null and consents.state <> 'not_asked'
),

-- An answer stands until the next one of the same voice, or until it lapses. Of two answers of one moment the more
-- restrictive counts as the later.
standing as (
    select
        customer_id,
        purpose,
        permission,
        occurred_at as valid_from,
        least(
            lead(occurred_at) over (
                partition by customer_id, purpose, voice order by occurred_at, permission desc, consent_id),
            valid_until
        ) as valid_to
    from decisions
),

moments as (
    select customer_id, purpose, valid_from as moment from standing
    union
    select customer_id, purpose, valid_to from standing where valid_to is not null
),

resolved as (
    select moments.customer_id, moments.purpose, moments.moment, min(standing.permission) as permission
    from moments
    left join standing
        on moments.customer_id = standing.customer_id
        and moments.purpose = standing.purpose
        and moments.moment >= standing.valid_from
        and (standing.valid_to is null or moments.moment < standing.valid_to)
    group by moments.customer_id, moments.purpose, moments.moment
),

changes as (
    select *
    from (
        select
            *,
            lag(permission) over (partition by customer_id, purpose order by moment) as before,
            row_number() over (partition by customer_id, purpose order by moment) as place
        from resolved
    ) as followed
    where place = 1 or permission is distinct from before
),

-- No permission is left where the last answer lapsed.
spans as (
    select
        customer_id,
        purpose,
        permission,
        moment as valid_from,
        lead(moment) over (partition by customer_id, purpose order by moment) as valid_to
    from changes
)

select
    customer_id,
    purpose,
    case permission when 1 then 'withdrawn' when 2 then 'denied' when 3 then 'implied' when 4 then 'granted' end as state,
    valid_from,
    valid_to,
    valid_to is null as is_current
from spans
where permission is not null
