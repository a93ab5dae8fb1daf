{{ config(meta={'dagster': {'ref': {'name': 'touchpoints'}}}) }}
-- No event lies at or after the run's as_of: a release of an earlier week must not know later days.
with instants as (
    select 'touchpoints' as events_table, touchpoint_id as row_id, occurred_at from {{ ref('touchpoints') }}
    union all
    select 'measurements', measurement_id, occurred_at from {{ ref('measurements') }}
    union all
    select 'conversions', conversion_id, occurred_at from {{ ref('conversions') }}
    union all
    select 'experience_scores', score_id, answered_at from {{ ref('experience_scores') }}
    union all
    select 'survey_invitations', invitation_id, greatest(asked_at, coalesce(answered_at, asked_at))
    from {{ ref('survey_invitations') }}
    union all
    select 'consents', consent_id, occurred_at from {{ ref('consents') }}
    union all
    select 'identifier_edges', source, last_seen_at from {{ ref('identifier_edges') }}
    union all
    select 'profile_attributes', attribute, observed_at from {{ ref('profile_attributes') }}
)

select instants.*
from instants
where not {{ before_as_of('instants.occurred_at') }}
