{%- set fields = {
    'campaign_id': ['campaign_id'],
    'url_pattern': ['url_pattern'],
    'element': ['element'],
    'element_type': ['element_type'],
    'element_position': ['position'],
    'content_category': ['content_category'],
    'is_hidden': ['is_hidden'],
    'updated_at': ['updated_at'],
} -%}
with

records as (

    {{ published_records('links', fields) }}

),

typed as (

    select
        {{ filled('campaign_id') }} as campaign_id,
        {{ filled('url_pattern') }} as url_pattern,
        {{ mask_personal(filled('element')) }} as element,
        lower({{ mask_personal(filled('element_type')) }}) as element_type,
        try_cast({{ filled('element_position') }} as integer) as position,
        {{ mask_personal(filled('content_category')) }} as content_category,
        try_cast({{ filled('is_hidden') }} as boolean) as is_hidden,
        {{ utc_timestamp('updated_at') }} as updated_at
    from records

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
