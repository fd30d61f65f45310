with

messages as (

    select
        campaign_key,
        esp,
        campaign_id,
        min(sent_at) as sent_from_at,
        max(sent_at) as sent_to_at
    from {{ ref('int_messages') }}
    group by campaign_key, esp, campaign_id

),

event_names as (

    select
        esp,
        campaign_id,
        min(campaign_name) as campaign_name
    from {{ ref('int_event_campaign_names') }}
    group by esp, campaign_id

),

declarations as (

    select
        campaign_key,
        esp,
        campaign_id,
        min(campaign_name) as campaign_name,
        min(campaign_type) as campaign_type,
        min(sent_from_at) as sent_from_at
    from {{ ref('int_declared_campaigns') }}
    group by campaign_key, esp, campaign_id

),

-- Without a control the first variant speaks for the campaign; that of a campaign without variants is ''.
variants as (

    select
        campaign_key,
        case
            when count(case when is_control then 1 end) > 0 then min(case when is_control then subject end)
            else min_by(subject, variant) filter (where subject is not null)
        end as subject,
        sum(cost) as cost
    from {{ ref('dim_campaign_variants') }}
    group by campaign_key

),

campaigns as (

    select
        coalesce(messages.campaign_key, declarations.campaign_key) as campaign_key,
        coalesce(messages.esp, declarations.esp) as esp,
        coalesce(messages.campaign_id, declarations.campaign_id) as campaign_id,
        declarations.campaign_name,
        declarations.campaign_type,
        coalesce(messages.sent_from_at, declarations.sent_from_at) as sent_from_at,
        messages.sent_to_at
    from messages
    full outer join declarations
        on messages.campaign_key = declarations.campaign_key

),

final as (

    select
        -- keys
        campaigns.campaign_key,

        -- attributes
        {{ mask_personal('campaigns.esp') }} as esp,
        nullif({{ mask_personal('campaigns.campaign_id') }}, '') as campaign_id,
        case
            when campaigns.campaign_id = '' then '(no campaign)'
            else coalesce(campaigns.campaign_name, event_names.campaign_name)
        end as campaign_name,
        campaigns.campaign_type,
        variants.subject,

        -- times
        campaigns.sent_from_at,
        campaigns.sent_to_at,

        -- measures
        cast(variants.cost as decimal(18, 2)) as cost
    from campaigns
    left join event_names
        on
            campaigns.esp = event_names.esp
            and campaigns.campaign_id = event_names.campaign_id
    left join variants
        on campaigns.campaign_key = variants.campaign_key

)

select * from final
