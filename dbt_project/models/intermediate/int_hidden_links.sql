with

clicked_urls as (

    select distinct url
    from {{ ref('int_email_event_records') }}
    where
        event_type = 'clicked'
        and url is not null

),

hidden_links as (

    select
        coalesce(campaign_id, '') as campaign_id,
        url_pattern
    from {{ ref('stg_links__links') }}
    where is_hidden

),

final as (

    select distinct
        -- keys
        hidden_links.campaign_id,
        clicked_urls.url
    from clicked_urls
    inner join hidden_links
        on {{ regexp_like_if_valid('clicked_urls.url', 'hidden_links.url_pattern') }}

)

select * from final
