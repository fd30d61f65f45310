with

site_events as (

    select * from {{ ref('int_site_events') }}

),

placements as (

    select
        site_event_key as event_key,
        subscriber_key,
        coalesce(order_id, site_event_key) as order_id,
        amount,
        currency,
        occurred_at
    from site_events
    where lower(event_name) = 'order completed'

    union all

    select
        event_key,
        subscriber_key,
        coalesce(order_id, event_key) as order_id,
        revenue as amount,
        currency,
        occurred_at
    from {{ ref('int_email_events') }}
    where
        event_type = 'purchased'
        and coalesce(event_subtype, 'placed_order') = 'placed_order'

),

numbered_placements as (

    select
        *,
        row_number() over (partition by order_id order by occurred_at, event_key) as placement_number
    from placements

),

orders as (

    select
        event_key,
        subscriber_key,
        order_id,
        amount,
        coalesce(nullif(upper(trim(currency)), ''), '{{ var("reporting_currency") }}') as currency,
        occurred_at as ordered_at
    from numbered_placements
    where placement_number = 1

),

rates as (

    select
        upper(trim(currency)) as currency,
        from_on,
        rate,
        lead(from_on) over (partition by upper(trim(currency)) order by from_on) as until_on
    from {{ ref('exchange_rates') }}

),

-- What reduces an order. Without an amount, or by a cancellation, nothing of it remains.
reductions as (

    select
        orders.order_id,
        orders.ordered_at,
        coalesce(nullif(upper(trim(site_events.currency)), ''), orders.currency) as currency,
        abs(site_events.amount) as amount,
        lower(site_events.event_name) != 'order refunded' or site_events.amount is null as is_whole
    from orders
    inner join site_events
        on orders.order_id = site_events.order_id
    where lower(site_events.event_name) in ('order refunded', 'order cancelled', 'order canceled')

),

converted_reductions as (

    select
        reductions.order_id,
        reductions.is_whole,
        reductions.amount * {{ exchange_rate('reductions.currency', 'rates.rate') }} as amount,
        reductions.amount is not null
        and {{ exchange_rate('reductions.currency', 'rates.rate') }} is null as lacks_rate
    from reductions
    left join rates
        on {{ exchange_rate_applies('reductions.currency', 'reductions.ordered_at', 'rates') }}

),

reduced_orders as (

    select
        order_id,
        bool_or(is_whole) as is_void,
        bool_or(lacks_rate) as lacks_rate,
        sum(case when is_whole then 0 else amount end) as amount,
        count(case when not is_whole and amount is null then 1 end) as unknown_amounts
    from converted_reductions
    group by order_id

),

priced_orders as (

    select
        orders.*,
        orders.amount * {{ exchange_rate('orders.currency', 'rates.rate') }} as gross_revenue
    from orders
    left join rates
        on {{ exchange_rate_applies('orders.currency', 'orders.ordered_at', 'rates') }}

),

final as (

    select
        -- keys
        {{ surrogate_key(['priced_orders.order_id']) }} as order_key,
        priced_orders.event_key,
        priced_orders.subscriber_key,
        outcome_messages.clicked_message_key as message_key,
        outcome_messages.clicked_campaign_key as campaign_key,

        -- attributes
        priced_orders.order_id,
        priced_orders.currency,
        not coalesce(reduced_orders.is_void, false)
        and (
            (priced_orders.amount is not null and priced_orders.gross_revenue is null)
            or coalesce(reduced_orders.lacks_rate, false)
        ) as lacks_rate,

        -- measures
        cast(
            round(
                case
                    when reduced_orders.is_void then 0
                    when {{ plausible_amount('priced_orders.gross_revenue') }} is null then null
                    when reduced_orders.unknown_amounts > 0 then null
                    else greatest(priced_orders.gross_revenue - coalesce(reduced_orders.amount, 0), 0)
                end,
                2
            ) as decimal(18, 2)
        ) as revenue,

        -- times
        outcome_messages.click_at,
        priced_orders.ordered_at
    from priced_orders
    left join reduced_orders
        on priced_orders.order_id = reduced_orders.order_id
    left join {{ ref('int_outcome_messages') }} as outcome_messages
        on priced_orders.event_key = outcome_messages.event_key

)

select * from final
