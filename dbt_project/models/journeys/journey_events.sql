{{ config(materialized='view') }}
select * from {{ ref('funnel_events') }} where funnel = 'journey'
