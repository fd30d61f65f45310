with

hidden_links as (

    select
        coalesce(campaign_id, '') as campaign_id,
        url_pattern,
        {{ names_query('url_pattern') }} as reads_query
    from {{ ref('stg_links__links') }}
    where is_hidden

),

queries as (

    select max(reads_query) as are_read
    from hidden_links

),

addresses as (

    select distinct
        records.url,
        case when queries.are_read then records.url_query end as url_query
    from {{ ref('int_email_event_records') }} as records
    cross join queries
    where
        records.event_type = 'clicked'
        and records.url is not null

),

final as (

    select distinct
        -- keys
        hidden_links.campaign_id,
        addresses.url,
        case when hidden_links.reads_query then coalesce(addresses.url_query, '') else '' end as url_query,
        hidden_links.reads_query
    from addresses
    inner join hidden_links
        on {{ regexp_like_if_valid(
            ruled_address('addresses.url', 'addresses.url_query', 'hidden_links.reads_query'),
            'hidden_links.url_pattern'
        ) }}

)

select * from final
