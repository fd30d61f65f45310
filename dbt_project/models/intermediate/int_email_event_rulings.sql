-- Few records are ruled on, and everything reads the events: what was found out about them is joined to them once.
with

repeats as (

    select
        export_id,
        position,
        part,
        event_key,
        stands
    from {{ ref('int_email_event_repeats') }}

),

twins as (

    select * from {{ ref('int_email_event_twins') }}

),

adoptions as (

    select * from {{ ref('int_email_event_adoptions') }}

),

actors as (

    select
        export_id,
        position,
        part,
        actor,
        class
    from {{ ref('int_event_actors') }}

),

rulings as (

    select
        export_id,
        position,
        part,
        event_key,
        cast(null as varchar) as message_key,
        cast(null as varchar) as actor,
        cast(null as varchar) as class,
        stands
    from repeats
    union all
    select
        export_id,
        position,
        part,
        null as event_key,
        null as message_key,
        null as actor,
        null as class,
        false as stands
    from twins
    union all
    select
        export_id,
        position,
        part,
        null as event_key,
        message_key,
        null as actor,
        null as class,
        true as stands
    from adoptions
    union all
    select
        export_id,
        position,
        part,
        null as event_key,
        null as message_key,
        actor,
        class,
        true as stands
    from actors

),

final as (

    select
        -- keys
        export_id,
        position,
        part,
        max(event_key) as event_key,
        max(message_key) as message_key,

        -- attributes
        max(actor) as actor,
        max(class) as class,
        bool_and(stands) as stands
    from rulings
    group by export_id, position, part

)

select * from final
