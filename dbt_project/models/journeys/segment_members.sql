-- What the number of a segment stands for: one row per set and number, unknown included.
with listed as (
    {%- for set in segment_sets() %}
    {%- for name in ['unknown'] + set.names %}
    select '{{ set.name }}' as segment_set, cast({{ loop.index0 }} as smallint) as segment_number, '{{ name }}' as segment
    union all
    {%- endfor %}
    {%- for level in set.levels %}
    select '{{ set.name }}', cast(1000 + level_number as smallint), level_value
    from {{ ref('segment_levels') }}
    where level_column = '{{ level }}'
    union all
    {%- endfor %}
    {%- endfor %}
    select null, null, null where false
)

select * from listed
