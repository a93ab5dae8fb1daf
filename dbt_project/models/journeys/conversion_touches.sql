{{ config(materialized='view') }}
select * exclude (reason) from {{ ref('considered_touches') }} where reason is null
