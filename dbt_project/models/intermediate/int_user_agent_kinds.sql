-- Patterns are compared here, once per distinct agent.
with

agents as (

    select
        user_agent_key,
        trim(user_agent) as user_agent,
        is_known_bot
    from {{ source('restricted', 'user_agents') }}

),

matches as (

    select
        agents.user_agent_key,
        min(
            case patterns.agent_kind when 'scanner' then 1 when 'privacy_proxy' then 2 when 'image_proxy' then 3 end
        ) as preference
    from agents
    inner join {{ ref('machine_agents') }} as patterns
        on {{ regexp_like_if_valid('agents.user_agent', "'(?i)' || patterns.pattern") }}
    group by agents.user_agent_key

),

final as (

    select
        -- keys
        agents.user_agent_key,

        -- attributes
        case
            when matches.preference = 1 then 'scanner'
            when matches.preference = 2 then 'privacy_proxy'
            when matches.preference = 3 then 'image_proxy'
            when agents.is_known_bot then 'program'
            else 'person'
        end as agent_kind
    from agents
    left join matches
        on agents.user_agent_key = matches.user_agent_key

)

select * from final
