{# One test for all the columns of a model that are never empty; a failing row names the column and how often. #}
{% test never_null(model, columns) %}
{% for column in columns %}
select '{{ column }}' as column_name, count(*) as missing_rows
from {{ model }}
where {{ column }} is null
having count(*) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endtest %}
