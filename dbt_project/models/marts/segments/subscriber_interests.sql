{%- set prior = var('interest_prior_events') -%}
with

-- An event that is several micro-conversions shows one interest once.
events as (

    select
        subscriber_key,
        event_key,
        content_category,
        min(occurred_at) as occurred_at
    from {{ ref('fct_micro_conversions') }}
    where
        subscriber_key is not null
        and content_category is not null
    group by subscriber_key, event_key, content_category

),

subscriber_categories as (

    select
        subscriber_key,
        content_category,
        sum(
            cast(
                {{ decay('occurred_at', 'greatest(occurred_at, ' ~ as_of_now() ~ ')', var('interest_half_life_days')) }}
                as decimal(18, 12)
            )
        ) as weighted_events,
        max(occurred_at) as last_at
    from events
    group by subscriber_key, content_category

),

subscriber_totals as (

    select
        subscriber_key,
        cast(sum(weighted_events) as double) as weighted_events
    from subscriber_categories
    group by subscriber_key

),

account_total as (

    select cast(sum(weighted_events) as double) as weighted_events
    from subscriber_categories

),

account_shares as (

    select
        subscriber_categories.content_category,
        cast(sum(subscriber_categories.weighted_events) as double) / nullif(account_total.weighted_events, 0) as share
    from subscriber_categories
    cross join account_total
    group by subscriber_categories.content_category, account_total.weighted_events

),

-- The share of one's own events, drawn towards everyone's.
profiled as (

    select
        subscriber_categories.subscriber_key,
        subscriber_categories.content_category,
        cast(subscriber_categories.weighted_events as double) as weighted_events,
        account_shares.share,
        (cast(subscriber_categories.weighted_events as double) + {{ prior }} * account_shares.share)
        / (subscriber_totals.weighted_events + {{ prior }}) as affinity,
        subscriber_totals.weighted_events / (subscriber_totals.weighted_events + {{ prior }}) as confidence,
        subscriber_categories.last_at
    from subscriber_categories
    inner join subscriber_totals
        on subscriber_categories.subscriber_key = subscriber_totals.subscriber_key
    inner join account_shares
        on subscriber_categories.content_category = account_shares.content_category

),

-- What erased people cared for counts, and is said of nobody.
erased as (

    select subscriber_key from {{ source('retained', 'erased_subjects') }}

),

final as (

    select
        -- keys
        profiled.subscriber_key,
        profiled.content_category,

        -- measures
        profiled.weighted_events,
        profiled.affinity,
        profiled.affinity / nullif(profiled.share, 0) as lift,
        profiled.confidence,
        row_number() over (
            partition by profiled.subscriber_key
            order by
                profiled.weighted_events + coalesce(profiled.share, 0) desc,
                profiled.last_at desc,
                profiled.content_category asc
        ) as interest_rank,

        -- times
        profiled.last_at
    from profiled
    left join erased
        on profiled.subscriber_key = erased.subscriber_key
    where erased.subscriber_key is null

)

select * from final
