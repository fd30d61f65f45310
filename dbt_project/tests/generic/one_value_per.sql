{#- What several rows say of one thing agrees: each of the columns has one value per value of `per`. -#}
{% test one_value_per(model, columns, per) %}

select {{ per }}
from {{ model }}
group by {{ per }}
having
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}count(distinct {{ column }}) > 1
    {%- endfor %}

{% endtest %}
