{%- set window = "interval '" ~ var('experiment_window_days') ~ "' day" -%}
-- An experiment is what assignments or campaigns name; a campaign in several variants is one of its own. Where
-- assignments are recorded they alone say who takes part.
with

assignments as (

    select * from {{ ref('dim_assignments') }}

),

messages as (

    select
        coalesce(experiment, campaign_key) as experiment,
        subscriber_key,
        variant,
        sent_at,
        delivered_at
    from {{ ref('int_messages') }}
    where is_sent and variant != ''

),

mailed as (

    select
        experiment,
        subscriber_key,
        min(variant) as variant,
        count(distinct variant) > 1 as is_ambiguous,
        min(sent_at) as first_sent_at,
        min(delivered_at) as first_delivered_at
    from messages
    group by experiment, subscriber_key

),

assigned_experiments as (

    select distinct experiment from assignments

),

-- Without recorded assignments two arms are needed for a comparison.
unassigned_experiments as (

    select messages.experiment
    from messages
    left join assigned_experiments
        on messages.experiment = assigned_experiments.experiment
    where assigned_experiments.experiment is null
    group by messages.experiment
    having count(distinct messages.variant) > 1

),

times as (

    select
        experiment,
        assigned_at as begins_at
    from assignments

    union all

    select
        experiment,
        sent_at as begins_at
    from messages

),

first_times as (

    select
        experiment,
        min(begins_at) as begins_at
    from times
    group by experiment

),

participants as (

    select
        assignments.experiment,
        assignments.subscriber_key,
        assignments.variant,
        coalesce(
            assignments.assigned_at, mailed.first_delivered_at, mailed.first_sent_at, first_times.begins_at
        ) as begins_at
    from assignments
    left join mailed
        on
            assignments.experiment = mailed.experiment
            and assignments.subscriber_key = mailed.subscriber_key
    left join first_times
        on assignments.experiment = first_times.experiment

    union all

    select
        mailed.experiment,
        mailed.subscriber_key,
        mailed.variant,
        coalesce(mailed.first_delivered_at, mailed.first_sent_at) as begins_at
    from mailed
    inner join unassigned_experiments
        on mailed.experiment = unassigned_experiments.experiment
    where not mailed.is_ambiguous

),

-- A variant of nearly every message is an id, and no arm.
comparable_experiments as (

    select experiment
    from participants
    group by experiment
    having count(distinct variant) <= {{ var('experiment_most_arms') }}

),

final as (

    select
        -- keys
        participants.experiment,
        participants.subscriber_key,

        -- attributes
        participants.variant,
        participants.variant = controls.control_variant as is_control,

        -- times
        participants.begins_at,
        participants.begins_at + {{ window }} as ends_at
    from participants
    inner join comparable_experiments
        on participants.experiment = comparable_experiments.experiment
    left join {{ ref('int_experiment_controls') }} as controls
        on participants.experiment = controls.comparison
    where participants.begins_at is not null

)

select * from final
