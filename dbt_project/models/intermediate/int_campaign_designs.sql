{#- So many clicked messages of a campaign have come upon all of its links that matter (ours). -#}
{%- set least_clicked_messages = 30 -%}
with

variant_mails as (

    select
        campaign_key,
        variant,
        min(campaign_id) as campaign_id,
        min(sent_at) as sent_from_at,
        count(*) as delivered,
        count(human_first_clicked_at) as human_unique_clicks
    from {{ ref('int_messages') }}
    where is_delivered
    group by campaign_key, variant

),

campaign_variants as (

    select
        campaign_key,
        count(*) as variants
    from variant_mails
    group by campaign_key

),

-- More variants than arms can be are ids: such a campaign is one mail.
arm_mails as (

    select
        variant_mails.campaign_key,
        variant_mails.campaign_id,
        variant_mails.sent_from_at,
        variant_mails.delivered,
        variant_mails.human_unique_clicks,
        case
            when campaign_variants.variants <= {{ var('experiment_most_arms') }} then variant_mails.variant
            else ''
        end as variant
    from variant_mails
    inner join campaign_variants
        on variant_mails.campaign_key = campaign_variants.campaign_key

),

mails as (

    select
        campaign_key,
        variant,
        min(campaign_id) as campaign_id,
        min(sent_from_at) as sent_from_at,
        cast(sum(delivered) as bigint) as delivered,
        cast(sum(human_unique_clicks) as bigint) as human_unique_clicks
    from arm_mails
    group by campaign_key, variant

),

campaigns as (

    select
        campaign_key,
        campaign_id,
        sum(human_unique_clicks) as human_unique_clicks
    from mails
    group by campaign_key, campaign_id

),

variants as (

    select * from {{ ref('dim_campaign_variants') }}

),

-- What the links file says of the campaign itself, clicked or not; where it has general patterns only, the links that
-- people clicked, once they are many.
declared_elements as (

    select
        campaigns.campaign_key,
        links.element_type,
        links.position
    from campaigns
    inner join {{ ref('stg_links__links') }} as links
        on campaigns.campaign_id = links.campaign_id
    where not coalesce(links.is_hidden, false)

),

declared_campaigns as (

    select distinct campaign_key from declared_elements

),

clicked_elements as (

    select
        elements.campaign_key,
        elements.element_type,
        elements.position
    from {{ ref('int_element_clicks') }} as elements
    inner join campaigns
        on elements.campaign_key = campaigns.campaign_key
    left join declared_campaigns
        on elements.campaign_key = declared_campaigns.campaign_key
    where
        elements.human_unique_clicks > 0
        and campaigns.human_unique_clicks >= {{ least_clicked_messages }}
        and declared_campaigns.campaign_key is null

),

known_elements as (

    select * from declared_elements
    union all
    select * from clicked_elements

),

elements as (

    select
        campaign_key,
        element_type,
        dense_rank() over (partition by campaign_key order by position) as place
    from known_elements
    where
        position is not null
        and element_type is not null

),

layouts as (

    select
        campaign_key,
        case min(case when element_type = 'button' then place end)
            when 1 then 'first'
            when 2 then 'second'
            else case when count(case when element_type = 'button' then 1 end) > 0 then 'third or later' else 'none' end
        end as cta_position,
        min(case when place = 1 then element_type end) as lead_element
    from elements
    group by campaign_key

),

described as (

    select
        mails.*,
        dim_campaigns.campaign_type,
        coalesce(variants.subject, of_all.subject) as subject,
        layouts.cta_position,
        layouts.lead_element
    from mails
    left join {{ ref('dim_campaigns') }} as dim_campaigns
        on mails.campaign_key = dim_campaigns.campaign_key
    left join variants
        on
            mails.campaign_key = variants.campaign_key
            and mails.variant = variants.variant
    left join variants as of_all
        on
            mails.campaign_key = of_all.campaign_key
            and of_all.variant = ''
    left join layouts
        on mails.campaign_key = layouts.campaign_key

),

final as (

    select
        -- keys
        campaign_key,
        variant,

        -- attributes
        campaign_type,
        {{ subject_length('subject') }} as subject_length,
        {{ subject_has('subject', question_pattern()) }} as subject_question,
        {{ subject_has('subject', emoji_pattern()) }} as subject_emoji,
        {{ subject_has('subject', merge_tag_pattern()) }} as subject_personalised,
        {{ subject_has('subject', '[0-9]') }} as subject_number,
        cta_position,
        lead_element,

        -- measures
        delivered,
        human_unique_clicks,

        -- times
        sent_from_at
    from described

)

select * from final
