{%- set outer_credit = var('attribution_position_share') -%}
{%- set half_life_seconds = var('attribution_half_life_days') * 86400 -%}
with

touches as (

    select * from {{ ref('int_attribution_touches') }}

),

weighted as (

    select
        *,
        'first' as model,
        case when touch_number = 1 then 1e0 else 0e0 end as weight
    from touches

    union all

    select
        *,
        'last' as model,
        case when touch_number = greatest(touches, 1) then 1e0 else 0e0 end as weight
    from touches

    union all

    select
        *,
        'linear' as model,
        1e0 as weight
    from touches

    union all

    select
        *,
        'position' as model,
        case
            when touches <= 2 then 1e0
            when touch_number in (1, touches) then {{ outer_credit }}e0
            else (1e0 - 2e0 * {{ outer_credit }}e0) / (touches - 2)
        end as weight
    from touches

    union all

    select
        *,
        'time_decay' as model,
        case
            when touches = 0 then 1e0
            else power(2e0, -{{ seconds_between('touch_at', 'converted_at') }} / {{ half_life_seconds }})
        end as weight
    from touches

),

credited as (

    select
        *,
        weight / sum(weight) over (partition by macro_conversion_key, model) as credit
    from weighted

),

final as (

    select
        -- keys
        macro_conversion_key,
        message_key,
        campaign_key,
        model,

        -- measures
        credit,
        {{ parted_revenue('revenue', 'credit', 'macro_conversion_key, model', 'touch_number') }} as revenue,

        -- times
        touch_at,
        converted_at,

        -- beyond the contract
        macro_conversion,
        family
    from credited

)

select * from final
