{%- set least_experiments = 8 -%}
-- Fewer experiments than a proxy is judged by (orchestration/statistics/proxies.py) are not looked at.
with

counts as (

    select * from {{ ref('int_experiment_conversion_counts') }}

),

closed_experiments as (

    select distinct experiment from counts

),

numbered_experiments as (

    select
        experiment,
        count(*) over () as experiments
    from closed_experiments

),

experiments as (

    select experiment
    from numbered_experiments
    where experiments >= {{ least_experiments }}

),

-- The assignment comes before what it may bring about, hence before an entry at the same moment.
members as (

    select
        participants.experiment,
        participants.variant,
        participants.is_control,
        participants.subscriber_key,
        memberships.segment
    from {{ ref('int_experiment_subscribers') }} as participants
    inner join experiments
        on participants.experiment = experiments.experiment
    inner join {{ ref('segment_membership') }} as memberships
        on
            participants.subscriber_key = memberships.subscriber_key
            and participants.begins_at > memberships.entered_at
            and (participants.begins_at <= memberships.left_at or memberships.left_at is null)

),

done as (

    select
        outcomes.experiment,
        outcomes.subscriber_key,
        outcomes.conversion,
        catalogue.is_macro
    from {{ ref('int_experiment_outcomes') }} as outcomes
    inner join experiments
        on outcomes.experiment = experiments.experiment
    inner join {{ ref('dim_micro_conversions') }} as catalogue
        on outcomes.conversion = catalogue.micro_conversion
    where outcomes.amount_during > 0

),

arms as (

    select
        experiment,
        variant,
        is_control,
        segment,
        count(*) as n
    from members
    group by experiment, variant, is_control, segment

),

singles as (

    select
        members.experiment,
        members.variant,
        members.segment,
        done.conversion,
        count(*) as successes
    from members
    inner join done
        on
            members.experiment = done.experiment
            and members.subscriber_key = done.subscriber_key
    group by members.experiment, members.variant, members.segment, done.conversion

),

doubles as (

    select
        members.experiment,
        members.variant,
        members.segment,
        micros.conversion as micro_conversion,
        macros.conversion as macro_conversion,
        count(*) as successes
    from members
    inner join done as micros
        on
            members.experiment = micros.experiment
            and members.subscriber_key = micros.subscriber_key
    inner join done as macros
        on
            members.experiment = macros.experiment
            and members.subscriber_key = macros.subscriber_key
    where not micros.is_macro and macros.is_macro
    group by members.experiment, members.variant, members.segment, micros.conversion, macros.conversion

),

pairs as (

    {{ micro_macro_pairs() }}

),

final as (

    select
        -- keys
        arms.experiment,
        arms.variant,
        arms.segment,
        pairs.micro_conversion,
        pairs.macro_conversion,

        -- attributes
        arms.is_control,

        -- measures
        arms.n,
        coalesce(micros.successes, 0) as micro_successes,
        coalesce(macros.successes, 0) as macro_successes,
        coalesce(doubles.successes, 0) as both_successes
    from arms
    cross join pairs
    left join singles as micros
        on
            arms.experiment = micros.experiment
            and arms.variant = micros.variant
            and arms.segment = micros.segment
            and pairs.micro_conversion = micros.conversion
    left join singles as macros
        on
            arms.experiment = macros.experiment
            and arms.variant = macros.variant
            and arms.segment = macros.segment
            and pairs.macro_conversion = macros.conversion
    left join doubles
        on
            arms.experiment = doubles.experiment
            and arms.variant = doubles.variant
            and arms.segment = doubles.segment
            and pairs.micro_conversion = doubles.micro_conversion
            and pairs.macro_conversion = doubles.macro_conversion

)

select * from final
