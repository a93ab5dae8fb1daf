select breakdown, rule from {{ ref('breakdowns') }}
