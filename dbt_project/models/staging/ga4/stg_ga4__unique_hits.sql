with hits as (
    select * from {{ ref('stg_ga4__hits') }}
),

-- One day delivered both as JSON and as Parquet gives two texts of the same hit.
repeated_hits as (
    select record_key, max((delivery_rank, source_row_number)) as kept_row
    from hits
    group by record_key
    having count(*) > 1
),

-- A reload of the thank-you page sends the purchase again; the first one is the order.
first_purchases as (
    select order_name, min_by(record_key, (occurred_at, record_key)) as record_key
    from hits
    where order_name is not null
    group by order_name
),

deduplicated as (
    select hits.*
    from hits
    left join repeated_hits on hits.record_key = repeated_hits.record_key
    left join first_purchases on hits.order_name = first_purchases.order_name
    where
        (repeated_hits.record_key is null or (hits.delivery_rank, hits.source_row_number) = repeated_hits.kept_row)
        and (first_purchases.record_key is null or first_purchases.record_key = hits.record_key)
)

select * from deduplicated
