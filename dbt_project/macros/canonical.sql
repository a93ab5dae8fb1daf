{#-
From staging to the canonical tables. Adding a channel is one of these calls, one line, in each events model it feeds.
The columns come from the events model's own contract (its YAML): what the staging model has is cast, what it lacks is
null. Cleaning and vendor mess must not be here, they are staging.
-#}

{#- Only what happened before the run's `as_of` exists. -#}
{% macro before_as_of(instant) -%}
{{ instant }} < (select as_of from {{ source('raw', 'run_parameters') }})
{%- endmacro %}

{#- Only days that had ended at the run's `as_of`, in the reporting zone. -#}
{% macro day_before_as_of(day) -%}
{{ day }} < (select {{ reporting_date('as_of', 'time_zone') }} from {{ source('raw', 'run_parameters') }})
{%- endmacro %}

{#-
One staging model's rows in the shape of the calling model's contract. Keyword arguments give a column another
expression: rows_from('stg_x__y', occurred_at='created_at'). Besides the contract's columns every row has `record_key`,
`source_priority` and `twin_key` for `preferred_rows`, and `order_rank` for `orders_of_record`.
-#}
{% macro rows_from(model_name, where='true', source_priority=1, order_rank='null') %}
    {%- set expressions = kwargs -%}
    {%- set relation = ref(model_name) -%}
    {%- set found = adapter.get_columns_in_relation(relation) if execute else [] -%}
    {%- set available = found | map(attribute='name') | map('lower') | list -%}
    {%- set natural_key = 'record_key' if 'record_key' in available else 'null' -%}
    select
        {%- for name, column in model.columns.items() %}
        cast({{ expressions.get(name, name if name in available else 'null') }} as {{ column.data_type }}) as {{ name }},
        {%- endfor %}
        cast({{ expressions.get('record_key', natural_key) }} as varchar) as record_key,
        cast({{ expressions.get('twin_key', natural_key) }} as varchar) as twin_key,
        {{ source_priority }} as source_priority,
        cast({{ order_rank }} as integer) as order_rank
    from {{ relation }}
    where {{ where }}
{% endmacro %}

{#-
Of two exports that tell the same fact (same source, same kind, same twin_key) the one with the lower priority number,
with all its rows: a screen download and an API never add up.
-#}
{% macro preferred_rows(relation, kind) -%}
    select delivered.*
    from {{ relation }} as delivered
    where
        delivered.source_priority = 1
        or not exists (
            select 1
            from {{ relation }} as better
            where
                better.source = delivered.source
                and better.{{ kind }} = delivered.{{ kind }}
                and better.twin_key = delivered.twin_key
                and better.source_priority < delivered.source_priority
        )
{%- endmacro %}

{#-
Several systems tell of one order: the shop, the site's own tracking, the mail tool, the payment provider. It is taken
from one of them, the one with the lowest order_rank that delivers any order; rows without a rank are kept. Two trackers
of one site tell the same order under one number: of them the one with the lower priority number does.
-#}
{% macro orders_of_record(relation, kind='conversion_type', word='order') -%}
    {%- set first_rank -%}
    (select min(order_rank) from {{ relation }} where {{ kind }} = '{{ word }}')
    {%- endset -%}
    select told.*
    from {{ relation }} as told
    left join (
        select order_ref, min_by(source, (source_priority, source)) as source
        from {{ relation }}
        where {{ kind }} = '{{ word }}' and order_ref is not null and order_rank = {{ first_rank }}
        group by order_ref
    ) as tellers
        on told.order_ref = tellers.order_ref
    where
        told.order_rank is null
        or (told.order_rank = {{ first_rank }} and coalesce(told.source = tellers.source, true))
{%- endmacro %}

{#-
Pairs of identifiers one staging model saw together, already summed per pair. A pair is (a, b, evidence, confidence);
columns are named by the identifier type, or as `type:column` where one row holds two of a type.
-#}
{% macro edges_from(model_name, seen_at, pairs) %}
    {%- for a, b, evidence, confidence in pairs %}
    {%- set a_type, a_column = a.split(':')[0], a.split(':')[-1] -%}
    {%- set b_type, b_column = b.split(':')[0], b.split(':')[-1] -%}
    {% if not loop.first %}    union all
    {% endif -%}
    select
        source,
        '{{ a_type }}' as a_type,
        {{ a_column }} as a_value,
        '{{ b_type }}' as b_type,
        {{ b_column }} as b_value,
        '{{ evidence }}' as evidence,
        '{{ confidence }}' as confidence,
        min({{ seen_at }}) as first_seen_at,
        max({{ seen_at }}) as last_seen_at,
        count(*) as observation_count
    from {{ ref(model_name) }}
    where {{ a_column }} is not null and {{ b_column }} is not null and {{ before_as_of(seen_at) }}
    group by source, {{ a_column }}, {{ b_column }}
    {% endfor %}
{% endmacro %}

{#- What one staging model says about an identifier: one row per attribute and value with the last time it was seen. -#}
{% macro attributes_from(model_name, identifier_type, observed_at, attributes) %}
    {%- for attribute in attributes %}
    {% if not loop.first %}    union all
    {% endif -%}
    select
        source,
        '{{ identifier_type }}' as identifier_type,
        {{ identifier_type }} as identifier_value,
        '{{ attribute }}' as attribute,
        cast({{ attribute }} as varchar) as value,
        max({{ observed_at }}) as observed_at
    from {{ ref(model_name) }}
    where {{ identifier_type }} is not null and {{ attribute }} is not null and {{ before_as_of(observed_at) }}
    group by source, {{ identifier_type }}, {{ attribute }}
    {% endfor %}
{% endmacro %}

{#-
An amount of an original as it stands, of an adjustment in proportion to what it takes back of the original. The product
of two amounts needs the wide decimal: 1,299 by 1,299 is past 18 digits with six of them behind the point each.
-#}
{% macro share_of_original(amount) -%}
    {%- set blank = '0' if amount == 'net_amount' else 'null' -%}
cast(case
            when preferred.adjusts_conversion_id is null then coalesce(preferred.{{ amount }}, {{ blank }})
            when originals.gross_amount is null or originals.gross_amount = 0 then
                {{ 'preferred.gross_amount' if amount == 'net_amount' else 'null' }}
            else cast(preferred.gross_amount as decimal(38, 6)) * originals.{{ amount }} / originals.gross_amount
        end as decimal(18, 6))
{%- endmacro %}
