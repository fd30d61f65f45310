with

definitions as (

    select * from {{ ref('micro_conversion_definitions') }}

),

-- Each line in words, so that the catalogue says what counts without a look at the seed.
lines as (

    select
        *,
        concat_ws(
            ' and ',
            replace(event, '|', ' or '),
            'URL matches ' || url_pattern,
            property || ' of at least ' || {{ regexp_replace_all('cast(minimum as varchar)', "'[.]0$'", "''") }}
        ) as line
    from definitions

),

final as (

    select
        -- keys
        micro_conversion,

        -- attributes
        min(family) as family,
        min(stage) as stage,
        min(weight) as weight,
        bool_or(is_macro) as is_macro,
        {{ joined_text('line', '; or ') }} as definition
    from lines
    group by micro_conversion

)

select * from final
