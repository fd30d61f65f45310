with

events as (

    select * from {{ ref('int_email_events') }}
    where message_key is not null

),

human_engagements as (

    select
        message_key,
        event_key,
        device_type,
        email_client,
        occurred_at
    from {{ ref('int_email_events') }}
    where
        message_key is not null
        and actor = 'human'
        and event_type in ('opened', 'clicked')

),

providers as (

    select * from {{ ref('email_service_providers') }}

),

assignments as (

    select * from {{ ref('stg_assignments__assignments') }}

),

campaign_experiments as (

    select
        campaign_key,
        min(experiment) as experiment
    from {{ ref('int_declared_campaigns') }}
    group by campaign_key

),

-- Subscriber, provider and domain depend on the message alone. As grouping keys they can be spilled to disk, which
-- the state of an aggregate over text cannot.
gathered as (

    select
        message_key,
        subscriber_key,
        esp,
        recipient_domain,
        mailbox_provider,
        coalesce(min(campaign_id), '') as campaign_id,
        min(experiment) as experiment,
        min(variant) as variant,
        count(case when event_type = 'dropped' then 1 end) as drops,
        count(case when event_type = 'opened' then 1 end) as opens,
        count(case when event_type = 'opened' and actor = 'human' then 1 end) as human_opens,
        count(case when event_type = 'opened' and actor = 'machine' then 1 end) as machine_opens,
        count(case when event_type = 'clicked' then 1 end) as clicks,
        count(case when event_type = 'clicked' and actor = 'human' then 1 end) as human_clicks,
        count(case when event_type = 'clicked' and actor = 'machine' then 1 end) as machine_clicks,
        max(
            case
                when event_type != 'opened' or actor != 'human' then null
                when read_seconds > {{ var('read_cap_seconds') }} then {{ var('read_cap_seconds') }}
                else read_seconds
            end
        ) as read_seconds,
        min(sent_at) as stated_sent_at,
        min(case when event_type = 'sent' then occurred_at end) as accepted_at,
        min(
            case when event_type in ('deferred', 'delivered', 'bounced', 'opened', 'clicked') then occurred_at end
        ) as attempted_at,
        min(case when event_type = 'delivered' then occurred_at end) as first_delivered_at,
        max(case when event_type = 'delivered' then occurred_at end) as last_delivered_at,
        min(case when event_type = 'bounced' then occurred_at end) as first_bounced_at,
        max(case when event_type = 'bounced' then occurred_at end) as last_bounced_at,
        min(case when event_type = 'bounced' and bounce_type = 'hard' then occurred_at end) as first_hard_bounced_at,
        min(
            case when event_type = 'complained' and coalesce(event_subtype, '') != 'not_spam' then occurred_at end
        ) as complained_at,
        min(case when event_type = 'unsubscribed' then occurred_at end) as unsubscribed_at,
        min(case when event_type = 'opened' then occurred_at end) as first_opened_at,
        min(case when event_type = 'opened' and actor = 'human' then occurred_at end) as human_first_opened_at,
        min(case when event_type = 'clicked' and actor = 'human' then occurred_at end) as human_first_clicked_at,
        max(
            case when event_type in ('opened', 'clicked') and actor = 'human' then occurred_at end
        ) as human_last_engaged_at
    from events
    group by message_key, subscriber_key, esp, recipient_domain, mailbox_provider

),

-- An accepted but dropped message was never handed on, hence not sent. `last_arrived_at` is the newest proof that the
-- message had arrived; a person who opens or clicks has it, whatever the provider reported.
judged as (

    select
        gathered.*,
        {{ campaign_key('gathered.esp', 'gathered.campaign_id') }} as campaign_key,
        coalesce(providers.reports_delivered, true) as reports_delivered,
        gathered.attempted_at is not null
        or (gathered.accepted_at is not null and gathered.drops = 0) as is_sent,
        least(gathered.stated_sent_at, gathered.accepted_at, gathered.attempted_at) as first_evidence_at,
        least(gathered.human_first_opened_at, gathered.human_first_clicked_at) as human_first_engaged_at,
        coalesce(gathered.last_delivered_at, gathered.human_last_engaged_at) as last_arrived_at
    from gathered
    left join providers
        on gathered.esp = providers.esp

),

-- A provider that does not report deliveries is taken at its word that what did not bounce arrived.
settled as (

    select
        *,
        case
            when last_arrived_at is not null then last_bounced_at is null or last_bounced_at < last_arrived_at
            else is_sent and not reports_delivered and last_bounced_at is null
        end as is_delivered
    from judged

),

newest_engagements as (

    select
        message_key,
        device_type,
        email_client
    from (
        select
            *,
            row_number() over (
                partition by message_key
                order by occurred_at desc, event_key asc
            ) as recency
        from human_engagements
    ) as ranked
    where recency = 1

),

final as (

    select
        -- keys
        settled.message_key,
        settled.subscriber_key,
        settled.campaign_key,
        coalesce(settled.variant, assignments.variant, '') as variant,

        -- attributes
        settled.esp,
        settled.campaign_id,
        coalesce(settled.experiment, campaign_experiments.experiment) as experiment,
        coalesce(settled.mailbox_provider, 'unknown') as mailbox_provider,
        settled.recipient_domain,
        settled.is_sent,
        settled.is_delivered,
        case
            when settled.first_hard_bounced_at is not null then 'hard'
            when settled.first_bounced_at is not null then 'soft'
        end as bounce_type,
        settled.opens > 0 and settled.human_opens = 0 as machine_only_open,
        case
            when settled.read_seconds < {{ var('skimmed_from_seconds') }} then 'glanced'
            when settled.read_seconds < {{ var('read_from_seconds') }} then 'skimmed'
            when settled.read_seconds >= {{ var('read_from_seconds') }} then 'read'
        end as read_band,
        coalesce(newest_engagements.device_type, 'unknown') as device_type,
        newest_engagements.email_client,

        -- measures
        settled.opens,
        settled.human_opens,
        settled.machine_opens,
        settled.clicks,
        settled.human_clicks,
        settled.machine_clicks,
        settled.read_seconds,

        -- times
        case when settled.is_sent then settled.first_evidence_at end as sent_at,
        case
            when not settled.is_delivered then null
            when settled.last_bounced_at is null and settled.first_delivered_at is not null
                then settled.first_delivered_at
            when settled.last_delivered_at is not null then settled.last_delivered_at
            when settled.reports_delivered then settled.human_first_engaged_at
            else settled.first_evidence_at
        end as delivered_at,
        coalesce(settled.first_hard_bounced_at, settled.first_bounced_at) as bounced_at,
        settled.complained_at,
        settled.unsubscribed_at,
        settled.first_opened_at,
        settled.human_first_opened_at,
        settled.human_first_clicked_at
    from settled
    left join campaign_experiments
        on settled.campaign_key = campaign_experiments.campaign_key
    left join assignments
        on
            coalesce(settled.experiment, campaign_experiments.experiment) = assignments.experiment
            and settled.subscriber_key = assignments.subscriber_key
    left join newest_engagements
        on settled.message_key = newest_engagements.message_key

)

select * from final
