{%- set fields = [
    'campaign_id', 'url_pattern', 'element', 'element_type', 'position', 'content_category', 'is_hidden', 'updated_at',
] -%}
with

records as (

    {{ published_records('links') }}

),

parsed as (

    select {{ json_record('record', fields) }} as cells
    from records

),

typed as (

    select
        {{ filled('cells.campaign_id') }} as campaign_id,
        {{ filled('cells.url_pattern') }} as url_pattern,
        {{ filled('cells.element') }} as element,
        lower({{ filled('cells.element_type') }}) as element_type,
        try_cast({{ filled('cells.position') }} as integer) as position,
        {{ filled('cells.content_category') }} as content_category,
        try_cast({{ filled('cells.is_hidden') }} as boolean) as is_hidden,
        {{ utc_timestamp('cells.updated_at') }} as updated_at
    from parsed

),

final as (

    select
        -- keys
        campaign_id,
        url_pattern,

        -- attributes
        {{ newest_value('element', 'updated_at') }} as element,
        {{ newest_value('element_type', 'updated_at') }} as element_type,
        {{ newest_value('position', 'updated_at') }} as position,
        {{ newest_value('content_category', 'updated_at') }} as content_category,
        {{ newest_value('is_hidden', 'updated_at') }} as is_hidden
    from typed
    where url_pattern is not null
    group by campaign_id, url_pattern

)

select * from final
