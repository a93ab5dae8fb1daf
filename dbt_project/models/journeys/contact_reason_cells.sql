-- One row per week, desk and reason as the desk tagged it, with contacts; one contact may have several reasons.
with contacts as (
    select * from {{ ref('support_contacts') }}
),

reasons as (
    {{ contact_tags('contacts') }}
),

told as (
    select contacts.week, contacts.source, coalesce(reasons.reason, contacts.case_type, 'not_told') as reason
    from contacts
    left join reasons on contacts.touchpoint_id = reasons.touchpoint_id
),

whole as (
    select week, source, count(*) as all_contacts from contacts group by week, source
)

select told.week, told.source, told.reason, count(*) as contacts, whole.all_contacts
from told
inner join whole on told.week = whole.week and told.source = whole.source
group by told.week, told.source, told.reason, whole.all_contacts
