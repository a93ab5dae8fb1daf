with hits as (
    select * from {{ ref('stg_ga4__hits') }}
),

source_categories as (
    select * from {{ ref('source_categories') }}
),

-- The shop, the app and the checkout of one site send visitors to each other: that is no source.
foreign_hosts as (
    select distinct page_host, referrer_host
    from hits
    where
        referrer_host is not null
        and not coalesce({{ is_same_site('referrer_host', 'page_host') }}, false)
),

categorised as (
    select
        foreign_hosts.page_host,
        foreign_hosts.referrer_host,
        min_by(source_categories.source_category, source_categories.position) as source_category,
        min_by(source_categories.source_name, source_categories.position) as source_name
    from foreign_hosts
    left join source_categories
        on regexp_full_match(foreign_hosts.referrer_host, source_categories.source_pattern)
    group by foreign_hosts.page_host, foreign_hosts.referrer_host
),

-- A payment page returns the buyer to the shop; the sale was earned before.
named as (
    select
        page_host,
        referrer_host,
        coalesce(source_name, referrer_host) as referrer_source,
        case source_category
            when 'search' then 'organic'
            when 'social' then 'social'
            else 'referral'
        end as referrer_medium
    from categorised
    where source_category is distinct from 'payment'
)

select * from named
