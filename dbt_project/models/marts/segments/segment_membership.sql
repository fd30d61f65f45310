{%- set numbers = range(1, segment_comparisons() + 1) -%}
-- Each profile meets each alternative of each segment once, in a stream: nothing is held but what matches.
with

conditions as (

    select * from {{ ref('int_segment_conditions') }}

),

segments as (

    select
        segment,
        {{ joined_text('condition', ' or ') }} as definition,
        cast(row_number() over (order by segment) as integer) as segment_number
    from (select distinct segment, condition from conditions) as lines
    group by segment

),

alternatives as (

    select
        segments.segment_number,
        {%- for number in numbers %}
        {%- for column in ['column_name', 'relations', 'number_operand', 'text_operand'] %}
        max(case when conditions.comparison_number = {{ number }} then conditions.{{ column }} end)
            as {{ column }}_{{ number }},
        {%- endfor %}
        {%- endfor %}
        count(*) as comparisons
    from conditions
    inner join segments
        on conditions.segment = segments.segment
    group by segments.segment_number, conditions.line, conditions.alternative

),

profiles as (

    select
        profiles.*,
        subscribers.signed_up_at,
        subscribers.signup_source,
        subscribers.time_zone
    from {{ ref('int_subscriber_profiles') }} as profiles
    inner join {{ ref('int_subscribers') }} as subscribers
        on profiles.subscriber_number = subscribers.subscriber_number

),

matches as (

    select
        alternatives.segment_number,
        profiles.subscriber_number,
        profiles.state_number,
        profiles.as_of_at,
        profiles.next_as_of_at
    from profiles
    cross join alternatives
    where
        {%- for number in numbers %}
        {{ 'and ' if not loop.first }}(
            alternatives.comparisons < {{ number }}
            or position(
                coalesce(
                    case
                        sign(
                            {{ segment_number('profiles', 'alternatives.column_name_' ~ number) | indent(28) }}
                            - alternatives.number_operand_{{ number }}
                        )
                        when -1 then '<'
                        when 0 then '='
                        when 1 then '>'
                    end,
                    case
                        {{ segment_text('profiles', 'alternatives.column_name_' ~ number) | indent(24) }}
                        = alternatives.text_operand_{{ number }}
                        when true then '='
                        when false then '<'
                    end,
                    '0'
                ) in alternatives.relations_{{ number }}
            ) > 0
        )
        {%- endfor %}

),

-- Two alternatives may match one state: the dense rank counts it once.
runs as (

    select
        *,
        state_number - dense_rank() over (
            partition by segment_number, subscriber_number
            order by state_number
        ) as run
    from matches

),

stays as (

    select
        segment_number,
        subscriber_number,
        min(as_of_at) as entered_at,
        max(coalesce(next_as_of_at, timestamp '9999-12-31')) as left_at
    from runs
    group by segment_number, subscriber_number, run

),

final as (

    select
        -- keys
        segments.segment,
        subscribers.subscriber_key,

        -- times
        stays.entered_at,
        nullif(stays.left_at, timestamp '9999-12-31') as left_at,

        -- attributes
        stays.left_at = timestamp '9999-12-31' as is_current,
        segments.definition
    from stays
    inner join segments
        on stays.segment_number = segments.segment_number
    inner join {{ ref('int_subscribers') }} as subscribers
        on stays.subscriber_number = subscribers.subscriber_number

)

select * from final
