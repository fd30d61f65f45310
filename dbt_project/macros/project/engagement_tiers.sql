{#- The tiers by the age of the newest human engagement: `engaged_30` for less than 30 days, and so on. -#}

{#- The ages that part the tiers, as rows of `days`. -#}
{% macro engagement_tier_days() -%}
    {%- for days in var('engagement_tier_days') %}
    select {{ days }} as days
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The tier of someone who never engaged so far: `new` until the mail that the events know of is enough to say so. -#}
{% macro tier_without_engagement(deliveries, first_delivered_at, as_of_at) -%}
    case
        when
            {{ deliveries }} >= {{ var('new_subscriber_deliveries') }}
            and {{ as_of_at }} >= {{ first_delivered_at }} + interval '{{ var("new_subscriber_days") }}' day
            then 'never_engaged'
        else 'new'
    end
{%- endmacro %}

{#- The tier of an engagement, `otherwise` where it is older than any or there is none. -#}
{% macro engagement_tier(engaged_at, as_of_at, otherwise) -%}
    case
        {%- for days in var('engagement_tier_days') | sort %}
        when {{ as_of_at }} < {{ engaged_at }} + interval '{{ days }}' day then 'engaged_{{ days }}'
        {%- endfor %}
        else {{ otherwise }}
    end
{%- endmacro %}
