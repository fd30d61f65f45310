{#- A statement about every row. What cannot be judged because a part is absent is not held against the row. -#}
{% test always_true(model, statement) %}

select *
from {{ model }}
where not ({{ statement }})

{% endtest %}
