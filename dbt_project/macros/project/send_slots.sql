{#-
  An hour of the week is told by two slots, its hour of the day and its day of the week: nobody gets mail enough for 168.
  Chances at neighbouring hours are much the same, so that an hour is judged with those around it.
-#}

{#- The slots of an hour of the week, as rows of axis, slot and `columns`, out of rows with `hour_of_week`. -#}
{% macro send_slots(relation, columns) -%}
    select
        'hour' as axis,
        hour_of_week % 24 as slot,
        {{ columns }}
    from {{ relation }}

    union all

    select
        'day' as axis,
        cast(floor(hour_of_week / 24) as integer) as slot,
        {{ columns }}
    from {{ relation }}
{%- endmacro %}

{#- Which slots are judged with which, as rows of axis, slot and judged_slot. -#}
{% macro send_slot_reach() -%}
    select
        'hour' as axis,
        hours.slot,
        (hours.slot + offsets.step + 24) % 24 as judged_slot
    from ({{ whole_numbers(0, 23, 'slot') }}) as hours
    cross join (
        {{ whole_numbers(-(var('send_time_hours_around') | int), var('send_time_hours_around'), 'step') }}
    ) as offsets

    union all

    select
        'day' as axis,
        days.slot,
        days.slot as judged_slot
    from ({{ whole_numbers(0, 6, 'slot') }}) as days
{%- endmacro %}

{#-
  How far true log odds ratios spread, as a variance: what their estimates vary by beyond chance (method of moments).
  An excess varies by chance by its information, and by a true ratio x by information * x. NULL where it is not above 0.
  Sums of decimals, so that no order of the rows can move a digit.
-#}
{% macro log_odds_spread(excess, information) -%}
    nullif(
        greatest(
            sum(cast({{ excess }} * {{ excess }} - {{ information }} as decimal(30, 9)))
            / nullif(cast(sum(cast({{ information }} * {{ information }} as decimal(30, 9))) as double), 0),
            0
        ),
        0
    )
{%- endmacro %}

{#-
  A log odds ratio by its excess and information (Peto's one-step estimate is excess / information), drawn towards
  `expected` by as much as the spread of true ratios about it allows; `expected` itself where there is none.
-#}
{% macro drawn_log_odds(excess, information, spread, expected) -%}
    coalesce(
        {{ expected }} + ({{ excess }} - {{ information }} * {{ expected }}) / ({{ information }} + 1 / {{ spread }}),
        {{ expected }}
    )
{%- endmacro %}

{#- The variance of what drawn_log_odds says, by that of `expected`. -#}
{% macro drawn_log_odds_variance(information, spread, expected_variance) -%}
    coalesce(
        1 / ({{ information }} + 1 / {{ spread }})
        + power(1 / (1 + {{ information }} * {{ spread }}), 2) * {{ expected_variance }},
        {{ expected_variance }}
    )
{%- endmacro %}

{#- The rate whose odds are `ratio` times those of `rate`. -#}
{% macro rate_at_odds(rate, ratio) -%}
    {{ rate }} * {{ ratio }} / (1 - {{ rate }} + {{ rate }} * {{ ratio }})
{%- endmacro %}

{#-
  Subscribers by their messages and responses, but for those who answer all or nothing: they tell nothing of when.
-#}
{% macro telling_subscribers(responses) -%}
    select
        subscriber_number,
        count(*) as messages,
        count(case when is_response then 1 end) as responses
    from {{ responses }}
    group by subscriber_number
    having count(case when is_response then 1 end) between 1 and count(*) - 1
{%- endmacro %}
