{{ config(materialized='view') }}
select * exclude (reason, is_in_lookback) from {{ ref('considered_touches') }} where reason is null
