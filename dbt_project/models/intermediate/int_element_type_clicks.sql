with

final as (

    select
        -- keys
        elements.campaign_key,
        elements.element_type,

        -- measures
        count(*) as elements,
        cast(sum(elements.delivered) as bigint) as delivered,
        cast(sum(elements.human_unique_clicks) as bigint) as human_unique_clicks,
        cast(
            sum(cast(elements.delivered * expectations.expected_click_rate as decimal(18, 6))) as double
        ) as expected_clicks
    from {{ ref('int_element_clicks') }} as elements
    inner join {{ ref('int_position_expectations') }} as expectations
        on
            elements.campaign_key = expectations.campaign_key
            and elements.variant = expectations.variant
            and elements.link_key = expectations.link_key
    where
        elements.element_type is not null
        and expectations.expected_click_rate is not null
    group by elements.campaign_key, elements.element_type

)

select * from final
