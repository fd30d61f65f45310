{#- Below so many messages an interval is too wide to accuse anybody (methods.md section 4.1). -#}
{%- set least_messages = 30 -%}
with

-- Numerators of rates count what their denominators do: complaints delivered messages, bounces sent ones.
days as (

    select
        mailbox_provider,
        cast(sent_at as date) as sent_on,
        count(*) as sent,
        count(delivered_at) as delivered,
        count(case when bounce_type = 'hard' then 1 end) as hard_bounces,
        count(case when bounce_type = 'soft' then 1 end) as soft_bounces,
        count(case when delivered_at is not null then complained_at end) as complaints,
        count(case when delivered_at is null then complained_at end) as complaints_undelivered,
        max(sent_at) as last_sent_at
    from {{ ref('fct_messages') }}
    group by mailbox_provider, cast(sent_at as date)

),

rated as (

    select
        *,
        complaints / nullif(delivered, 0) as complaint_rate,
        {{ wilson_lo('complaints', 'delivered') }} as complaint_rate_lo,
        {{ wilson_hi('complaints', 'delivered') }} as complaint_rate_hi,
        (hard_bounces + soft_bounces) / nullif(sent, 0) as bounce_rate,
        {{ wilson_lo('hard_bounces + soft_bounces', 'sent') }} as bounce_rate_lo,
        {{ wilson_hi('hard_bounces + soft_bounces', 'sent') }} as bounce_rate_hi,
        hard_bounces / nullif(sent, 0) as hard_bounce_rate,
        {{ wilson_lo('hard_bounces', 'sent') }} as hard_bounce_rate_lo,
        {{ wilson_hi('hard_bounces', 'sent') }} as hard_bounce_rate_hi
    from days

),

final as (

    select
        -- keys
        mailbox_provider,
        sent_on,

        -- measures and rates, in the contract's order
        sent,
        delivered,
        hard_bounces,
        soft_bounces,
        complaints,
        complaint_rate,
        complaint_rate_lo,
        complaint_rate_hi,
        bounce_rate,
        case
            when
                (delivered >= {{ least_messages }} and complaint_rate_lo > {{ var('complaint_rate_limit') }})
                or (sent >= {{ least_messages }} and hard_bounce_rate_lo > {{ var('hard_bounce_rate_limit') }})
                then 'breach'
            when
                complaint_rate >= {{ var('complaint_rate_target') }}
                or hard_bounce_rate >= {{ var('hard_bounce_rate_target') }}
                then 'watch'
            else 'ok'
        end as status,

        -- beyond the contract
        bounce_rate_lo,
        bounce_rate_hi,
        hard_bounce_rate,
        hard_bounce_rate_lo,
        hard_bounce_rate_hi,
        complaints_undelivered,
        last_sent_at + interval '{{ var("funnel_window_days") }}' day < {{ as_of_now() }} as is_closed
    from rated

)

select * from final
