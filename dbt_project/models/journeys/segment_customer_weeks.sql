-- Who was known at the end of which week. A table of its own, so that its size is known to whoever joins to it: what is
-- carried from week to week is the smaller side.
select customers.customer_number, weeks.week_number
from {{ ref('segment_customers') }} as customers
cross join {{ ref('segment_weeks') }} as weeks
where customers.first_seen_at < weeks.ends_at
