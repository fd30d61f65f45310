-- What the campaigns file says, per provider: a row that names no provider fits every one whose events use its id.
with

declarations as (

    select * from {{ ref('stg_campaigns__campaigns') }}

),

used_campaigns as (

    select
        esp,
        campaign_id,
        min(experiment) as experiment
    from {{ ref('int_email_events') }}
    where campaign_id is not null
    group by esp, campaign_id

),

fitted as (

    select
        declarations.campaign_id,
        declarations.campaign_name,
        declarations.campaign_type,
        declarations.subject,
        declarations.preheader,
        declarations.experiment,
        declarations.control_variant,
        declarations.cost,
        declarations.sent_from_at,
        declarations.stream,
        used_campaigns.experiment as events_experiment,
        coalesce(declarations.esp, used_campaigns.esp) as esp,
        coalesce(declarations.variant, '') as variant,
        case when declarations.esp is null then 1 else 0 end as fits_any_esp
    from declarations
    left join used_campaigns
        on
            declarations.campaign_id = used_campaigns.campaign_id
            and coalesce(declarations.esp, used_campaigns.esp) = used_campaigns.esp

),

ranked as (

    select
        *,
        row_number() over (
            partition by esp, campaign_id, variant
            order by fits_any_esp
        ) as preference
    from fitted

),

final as (

    select
        -- keys
        {{ campaign_key('esp', 'campaign_id') }} as campaign_key,
        variant,

        -- attributes
        esp,
        campaign_id,
        campaign_name,
        campaign_type,
        stream,
        subject,
        preheader,
        coalesce(experiment, min(experiment) over (partition by esp, campaign_id), events_experiment) as experiment,
        control_variant,

        -- measures
        cost,

        -- times
        sent_from_at
    from ranked
    where preference = 1

)

select * from final
