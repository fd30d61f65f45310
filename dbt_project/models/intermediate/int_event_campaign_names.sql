with

events as (

    select * from {{ ref('int_email_events') }}

),

final as (

    select distinct
        -- keys
        esp,
        campaign_id,
        campaign_name
    from events
    where campaign_id is not null and campaign_name is not null

)

select * from final
