select
    content_metric_id,
    platform,
    content_id,
    content_type,
    metric,
    snapshot_date,
    published_at,
    value,
    is_lifetime,
    permalink,
    -- A reply is addressed to somebody, and begins with the name.
    case when content_type <> 'reply' then title end as title
from {{ ref('content_metrics') }}
