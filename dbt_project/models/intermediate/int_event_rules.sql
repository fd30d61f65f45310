-- Names are compared here, once per distinct name, so that an event finds its definitions by an equality.
with

definitions as (

    select
        micro_conversion,
        family,
        stage,
        is_macro,
        event,
        case
            when url_pattern is null or {{ regexp_like_if_valid("''", 'url_pattern') }} is not null then url_pattern
            else cast({{ raise_error(
                "'micro_conversion_definitions.csv, ' || micro_conversion || ': the URL pattern `' || url_pattern"
                ~ " || '` is no regular expression. Correct the line, then run again.'"
            ) }} as varchar)
        end as url_pattern,
        property,
        minimum,
        row_number() over (
            order by
                micro_conversion,
                event nulls first,
                url_pattern nulls first,
                property nulls first,
                minimum nulls first
        ) as rule_number
    from {{ ref('micro_conversion_definitions') }}

),

event_names as (

    select event_type as event_name
    from {{ ref('int_email_events') }}
    group by event_type

    union

    select event_name
    from {{ ref('int_site_events') }}
    group by event_name

),

-- One row per event named in a line; a line that names none stands for every event.
name_patterns as (

    select
        definitions.rule_number,
        replace(
            replace(replace(replace(lower(trim(named.event)), '!', '!!'), '%', '!%'), '_', '!_'),
            '*',
            '%'
        ) as name_pattern
    from definitions
    {{ split_rows("coalesce(definitions.event, '*')", '[|]', 'named', 'event') }}

),

satisfied_names as (

    select distinct
        event_names.event_name,
        name_patterns.rule_number
    from event_names
    inner join name_patterns
        on lower(event_names.event_name) like name_patterns.name_pattern escape '!'

),

final as (

    select
        -- keys
        satisfied_names.event_name,
        satisfied_names.rule_number,

        -- attributes
        definitions.micro_conversion,
        definitions.family,
        definitions.stage,
        definitions.is_macro,
        definitions.url_pattern,
        {{ names_query('definitions.url_pattern') }} as reads_query,
        definitions.property,
        definitions.minimum,
        definitions.family = 'order'
        or count(*) over (
            partition by satisfied_names.event_name, definitions.micro_conversion
        ) > 1 as may_repeat
    from satisfied_names
    inner join definitions
        on satisfied_names.rule_number = definitions.rule_number

)

select * from final
