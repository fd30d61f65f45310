{#-
  A share of an amount, in cents, such that the shares of a partition add up to the amount whatever their rounding: what
  is due up to a row, rounded, less what was due before it. `share` sums to 1 over the partition.
-#}
{% macro parted_revenue(amount, share, partition, ordering) -%}
    cast(
        case
            when row_number() over (partition by {{ partition }} order by {{ ordering }})
                = count(*) over (partition by {{ partition }})
                then {{ amount }}
            else round({{ amount }} * sum({{ share }}) over ({{ up_to_row(partition, ordering) }}), 2)
        end
        - coalesce(
            round({{ amount }} * sum({{ share }}) over ({{ before_row(partition, ordering) }}), 2),
            case when {{ amount }} is not null then 0 end
        )
        as decimal(18, 2)
    )
{%- endmacro %}

{% macro up_to_row(partition, ordering) -%}
    partition by {{ partition }} order by {{ ordering }} rows between unbounded preceding and current row
{%- endmacro %}

{% macro before_row(partition, ordering) -%}
    partition by {{ partition }} order by {{ ordering }} rows between unbounded preceding and 1 preceding
{%- endmacro %}
