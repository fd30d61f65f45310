with

elements as (

    select * from {{ ref('int_element_clicks') }}

),

expectations as (

    select * from {{ ref('int_position_expectations') }}

),

rated as (

    select
        elements.*,
        elements.human_unique_clicks / nullif(elements.delivered, 0) as human_click_rate,
        {{ wilson_lo('elements.human_unique_clicks', 'elements.delivered') }} as human_click_rate_lo,
        {{ wilson_hi('elements.human_unique_clicks', 'elements.delivered') }} as human_click_rate_hi,
        expectations.expected_click_rate,
        coalesce(expectations.compared_campaigns, 0) as compared_campaigns
    from elements
    left join expectations
        on
            elements.campaign_key = expectations.campaign_key
            and elements.variant = expectations.variant
            and elements.link_key = expectations.link_key

),

final as (

    select
        -- keys
        campaign_key,
        variant,
        link_key,

        -- attributes
        element,
        element_type,
        position,
        content_category,

        -- measures and rates, in the contract's order
        delivered,
        human_clicks,
        human_unique_clicks,
        human_click_rate,
        human_click_rate_lo,
        human_click_rate_hi,
        expected_click_rate,
        human_click_rate / nullif(expected_click_rate, 0) as lift_over_position,
        conversions,
        revenue,

        -- beyond the contract
        human_click_rate_lo / nullif(expected_click_rate, 0) as lift_over_position_lo,
        human_click_rate_hi / nullif(expected_click_rate, 0) as lift_over_position_hi,
        compared_campaigns
    from rated

)

select * from final
