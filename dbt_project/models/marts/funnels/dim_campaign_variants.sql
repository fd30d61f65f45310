with

messages as (

    select
        campaign_key,
        variant,
        min(experiment) as experiment
    from {{ ref('int_messages') }}
    group by campaign_key, variant

),

declarations as (

    select * from {{ ref('int_declared_campaigns') }}

),

controls as (

    select * from {{ ref('int_experiment_controls') }}

),

variants as (

    select
        coalesce(messages.campaign_key, declarations.campaign_key) as campaign_key,
        coalesce(messages.variant, declarations.variant) as variant,
        coalesce(declarations.experiment, messages.experiment) as experiment,
        declarations.subject,
        declarations.preheader,
        declarations.cost
    from messages
    full outer join declarations
        on
            messages.campaign_key = declarations.campaign_key
            and messages.variant = declarations.variant

),

final as (

    select
        -- keys
        variants.campaign_key,
        variants.variant,

        -- attributes
        variants.experiment,
        nullif(variants.variant, '') = controls.control_variant as is_control,
        variants.subject,
        variants.preheader,

        -- measures
        cast(variants.cost as decimal(18, 2)) as cost
    from variants
    left join controls
        on coalesce(variants.experiment, variants.campaign_key) = controls.comparison

)

select * from final
