{#-
What every mail tool reports alike: which opens and clicks no person made, and what brought the visitor of a click.
Add what two mail tools share; what one tool means by its fields belongs in its staging model.
-#}

{#- Mail programs that load every picture beforehand: Apple's privacy protection and Google's picture proxy. -#}
{% macro is_mail_proxy(ip) -%}
coalesce(regexp_matches({{ ip }}, '^(17[.]58|66[.]102|66[.]249)[.]'), false)
{%- endmacro %}

{#-
Rows of `relation` with is_link_burst: nobody follows three different links of one message within two seconds, a scanner
does. `message` are the columns of one message to one recipient; `url` is null for what is no click.
-#}
{% macro link_bursts(relation, message) %}{{ return(adapter.dispatch('link_bursts')(relation, message)) }}{% endmacro %}
{% macro duckdb__link_bursts(relation, message) -%}
    {%- set recipient = message | join(', ') -%}
    select
        * exclude (links_ahead),
        max(links_ahead) over (
            partition by {{ recipient }} order by occurred_at range between interval 2 second preceding and current row
        ) >= 3 as is_link_burst
    from (
        select
            *,
            count(distinct url) over (
                partition by {{ recipient }}
                order by occurred_at range between current row and interval 2 second following
            ) as links_ahead
        from {{ relation }}
    ) as counted
{%- endmacro %}

{#-
What brought the visitor of a click: the link's own tag, as the site's tracking sees it, else the tool and the medium
that mail has. Null for anything but a click.
-#}
{% macro link_source(url, tool) -%}
case when {{ url }} is not null then lower(coalesce({{ url_param(url, 'utm_source') }}, '{{ tool }}')) end
{%- endmacro %}

{% macro link_medium(url, medium="'email'") -%}
case when {{ url }} is not null then lower(coalesce({{ url_param(url, 'utm_medium') }}, {{ medium }})) end
{%- endmacro %}

{#- The member a Mailchimp link was sent to; null where its merge tag was not filled. -#}
{% macro link_euid(url) -%}
nullif(regexp_extract(lower({{ url_param(url, 'mc_eid') }}), '^([0-9a-f]{8,12})$', 1), '')
{%- endmacro %}
