{#-
One spelling per value: text, identifiers, money, time and URLs as every staging model reads them.
Add a cleaning that two sources share; channel rules and anything that reads a table must not be here.
-#}

{#- Null for what vendors write when there is nothing. -#}
{% macro clean_text(column) -%}
case
        when lower(trim({{ column }})) not in ('', '--', '-', 'null', '(not set)', '(not provided)') then trim({{ column }})
    end
{%- endmacro %}

{#- Trimmed and lower case, plus tags kept; null unless it has one @ and a dotted domain (`asdf@asdf` is nobody). -#}
{% macro clean_email(column) -%}
case
        when regexp_matches(lower(trim({{ column }})), '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:].]+$')
            then lower(trim({{ column }}))
    end
{%- endmacro %}

{#- `+` and digits. A number without its country is shared by strangers, so it identifies nobody and becomes null. -#}
{% macro clean_phone(column) -%}
    {%- set digits = "regexp_replace(" ~ column ~ ", '[^0-9+]', '', 'g')" -%}
case
        when regexp_matches({{ digits }}, '^[+][0-9]{8,15}$') then {{ digits }}
        when regexp_matches({{ digits }}, '^00[0-9]{8,15}$') then '+' || substr({{ digits }}, 3)
    end
{%- endmacro %}

{#- Decimal text in the en_US style the contracts declare (`4,860.00`); null when it is not a number. -#}
{% macro clean_money(column) -%}
try_cast(replace({{ column }}, ',', '') as decimal(18, 6))
{%- endmacro %}

{% macro clean_count(column) -%}
try_cast(replace({{ column }}, ',', '') as bigint)
{%- endmacro %}

{#- An instant with its offset in the value (`Z`, `+01:00`, ` +0100`) as UTC. -#}
{% macro utc_instant(column) %}{{ return(adapter.dispatch('utc_instant')(column)) }}{% endmacro %}
{% macro duckdb__utc_instant(column) -%}
try_cast(regexp_replace({{ column }}, ' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2') as timestamptz) at time zone 'UTC'
{%- endmacro %}

{#- A wall-clock time of one zone as UTC; the repeated hour in autumn reads as standard time. -#}
{% macro local_to_utc(column, zone) %}{{ return(adapter.dispatch('local_to_utc')(column, zone)) }}{% endmacro %}
{% macro duckdb__local_to_utc(column, zone) -%}
try_cast({{ column }} as timestamp) at time zone '{{ zone }}' at time zone 'UTC'
{%- endmacro %}

{#- True when the wall clock showed this time twice: an hour earlier in UTC reads the same. -#}
{% macro is_ambiguous_local(column, zone) %}{{ return(adapter.dispatch('is_ambiguous_local')(column, zone)) }}{% endmacro %}
{% macro duckdb__is_ambiguous_local(column, zone) -%}
coalesce(
        (try_cast({{ column }} as timestamp) at time zone '{{ zone }}' - interval 1 hour) at time zone '{{ zone }}'
        = try_cast({{ column }} as timestamp),
        false
    )
{%- endmacro %}

{#- As local_to_utc, in the zone that a column names; null where there is no such zone. -#}
{% macro zoned_to_utc(column, zone) %}{{ return(adapter.dispatch('zoned_to_utc')(column, zone)) }}{% endmacro %}
{% macro duckdb__zoned_to_utc(column, zone) -%}
case
        when {{ zone }} in (select name from pg_timezone_names())
            then try_cast({{ column }} as timestamp) at time zone {{ zone }} at time zone 'UTC'
    end
{%- endmacro %}

{#- As is_ambiguous_local, in the zone that a column names. -#}
{% macro is_ambiguous_zoned(column, zone) %}{{ return(adapter.dispatch('is_ambiguous_zoned')(column, zone)) }}{% endmacro %}
{% macro duckdb__is_ambiguous_zoned(column, zone) -%}
case
        when {{ zone }} in (select name from pg_timezone_names())
            then coalesce(
                (try_cast({{ column }} as timestamp) at time zone {{ zone }} - interval 1 hour) at time zone {{ zone }}
                = try_cast({{ column }} as timestamp),
                false
            )
        else false
    end
{%- endmacro %}

{#- Percent-decoded once, `+` as a space; text that does not decode to UTF-8 stays as it was delivered. -#}
{% macro percent_decoded(column) %}{{ return(adapter.dispatch('percent_decoded')(column)) }}{% endmacro %}
{% macro duckdb__percent_decoded(column) -%}
case
        when {{ column }} like '%\%%' escape '\' or {{ column }} like '%+%'
            then coalesce(try(url_decode(replace({{ column }}, '+', ' '))), {{ column }})
        else {{ column }}
    end
{%- endmacro %}

{#- An instant in seconds since 1970 as UTC. -#}
{% macro epoch_seconds(column) %}{{ return(adapter.dispatch('epoch_seconds')(column)) }}{% endmacro %}
{% macro duckdb__epoch_seconds(column) -%}
make_timestamp(try_cast({{ column }} as bigint) * 1000000)
{%- endmacro %}

{#-
An amount in the smallest unit of its currency, as payment APIs write it. Currencies without a smaller unit are whole,
five have three decimals; the Icelandic krona has none since 2023 and is still sent with two (docs.stripe.com/currencies).
-#}
{% macro from_minor_units(amount, currency) -%}
cast(
        try_cast({{ amount }} as decimal(18, 0)) * case
            when upper({{ currency }}) in (
                'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF',
                'XPF'
            ) then 1.000
            when upper({{ currency }}) in ('BHD', 'JOD', 'KWD', 'OMR', 'TND') then 0.001
            else 0.010
        end as decimal(18, 6)
    )
{%- endmacro %}

{#- One decoded query parameter of a URL; null when absent or empty. -#}
{% macro url_param(url, name) -%}
    {%- set raw = "regexp_extract(" ~ url ~ ", '[?&]" ~ name ~ "=([^&#]*)', 1)" -%}
nullif(trim({{ percent_decoded(raw) }}), '')
{%- endmacro %}

{#- The host of a URL in lower case without `www.`; null when there is none. -#}
{% macro url_host(url) -%}
nullif(regexp_replace(lower(regexp_extract({{ url }}, '^[A-Za-z-]+://([^/:?#]+)', 1)), '^www[.]', ''), '')
{%- endmacro %}

{#- The path of a URL; a mail address in it is cut out. -#}
{% macro url_path(url) -%}
nullif(regexp_replace(
        regexp_extract({{ url }}, '^[A-Za-z-]+://[^/?#]+([^?#]*)', 1), '[^/@%]+(@|%40)[^/]+[.][^/]+', '{mail address}', 'gi'
    ), '')
{%- endmacro %}

{#- Row identity from the natural key: md5 of the parts, absent parts kept apart from empty ones. -#}
{% macro key_of(parts) -%}
md5(concat_ws('|'{% for part in parts %}, coalesce(cast({{ part }} as varchar), '~'){% endfor %}))
{%- endmacro %}

{#-
A hash of 32 hexadecimal digits as sixteen bytes, which sort, join and are written in half the time of their text, and the
text again, for what is released. Sixteen bytes and text are in the same order.
-#}
{% macro compact_id(hash) -%}
    {{ return(adapter.dispatch('compact_id')(hash)) }}
{%- endmacro %}

{% macro default__compact_id(hash) -%}
    {{ hash }}
{%- endmacro %}

{% macro duckdb__compact_id(hash) -%}
    cast({{ hash }} as uuid)
{%- endmacro %}

{% macro id_text(id) -%}
    {{ return(adapter.dispatch('id_text')(id)) }}
{%- endmacro %}

{% macro default__id_text(id) -%}
    {{ id }}
{%- endmacro %}

{% macro duckdb__id_text(id) -%}
    replace(cast({{ id }} as varchar), '-', '')
{%- endmacro %}

{#- The number at the end of a Shopify global id: gid://shopify/Order/7410000001047 -> 7410000001047. -#}
{% macro gid_number(column) -%}
nullif(regexp_extract({{ column }}, '([0-9]+)(?:[?].*)?$', 1), '')
{%- endmacro %}

{#- Yes in the words exports use for it; null when nothing was said. -#}
{% macro is_true(column) -%}
lower({{ column }}) in ('true', '1', 'yes')
{%- endmacro %}

{#- HTML as the words a reader sees, on one line; null when nothing is left. -#}
{% macro plain_text(column) -%}
    {%- set bare = "regexp_replace(" ~ column ~ ", '<[^>]*>', ' ', 'g')" -%}
    {%- set spoken = "replace(replace(replace(replace(" ~ bare
        ~ ", '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')" -%}
nullif(trim(regexp_replace({{ spoken }}, '[[:space:]]+', ' ', 'g')), '')
{%- endmacro %}

{#-
A Salesforce id in its 18 characters. Reports cut it to 15, which tell upper from lower case; the last three say in
base 32 which letters of each group of five are upper case.
-#}
{% macro salesforce_id(column) -%}
    {%- set id = "trim(" ~ column ~ ")" -%}
case
        when length({{ id }}) <> 15 then nullif({{ id }}, '')
        else {{ id }}
            {%- for group in range(3) %}
            || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1
                {%- for bit in range(5) %}
                + case when substr({{ id }}, {{ 5 * group + bit + 1 }}, 1) between 'A' and 'Z' then {{ 2 ** bit }} else 0 end
                {%- endfor %}, 1)
            {%- endfor %}
    end
{%- endmacro %}

{#- One spelling for a sales stage: exports write the label (`Closed Won`) or the internal name (`closedwon`). -#}
{% macro deal_stage(column) -%}
nullif(regexp_replace(lower({{ column }}), '[^\p{L}\p{N}]', '', 'g'), '')
{%- endmacro %}

{#- One `name: value` line of Shopify's note attributes. -#}
{% macro note_attribute(column, name) -%}
nullif(trim(regexp_extract({{ column }}, '(?m)^{{ name }}: *([^\r\n]*)', 1)), '')
{%- endmacro %}

{#- An identifier of any kind in the one spelling its kind has; null when it cannot be one. -#}
{% macro clean_identifier(type, value) -%}
case {{ type }}
            when 'email' then {{ clean_email(value) }}
            when 'phone' then {{ clean_phone(value) }}
            when 'order_name' then replace({{ clean_text(value) }}, '#', '')
            when 'email_md5' then lower({{ clean_text(value) }})
            when 'email_sha256' then lower({{ clean_text(value) }})
            else {{ clean_text(value) }}
        end
{%- endmacro %}

{#- True or false as people write it; null when nothing is said. -#}
{% macro clean_flag(column) -%}
case when lower({{ column }}) in ('true', 'yes', '1') then true when lower({{ column }}) in ('false', 'no', '0') then false end
{%- endmacro %}

{#- An instant in ISO 8601; without an offset it is UTC. -#}
{% macro any_instant(column) %}{{ return(adapter.dispatch('any_instant')(column)) }}{% endmacro %}
{% macro duckdb__any_instant(column) -%}
coalesce(
        try_strptime({{ column }}, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%d %H:%M', '%Y-%m-%dT%H:%M']),
        {{ utc_instant(column) }}
    )
{%- endmacro %}
