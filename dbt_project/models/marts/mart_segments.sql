select * from {{ source('measures', 'segments') }}
