{%- set fields = [
    'campaign_id', 'esp', 'campaign_name', 'campaign_type', 'subject', 'preheader', 'variant', 'experiment',
    'control_variant', 'cost', 'sent_from_at', 'stream', 'updated_at',
] -%}
with

records as (

    {{ published_records('campaigns') }}

),

parsed as (

    select {{ json_record('record', fields) }} as cells
    from records

),

typed as (

    select
        {{ filled('cells.campaign_id') }} as campaign_id,
        lower({{ filled('cells.esp') }}) as esp,
        {{ filled('cells.variant') }} as variant,
        {{ filled('cells.campaign_name') }} as campaign_name,
        {{ filled('cells.campaign_type') }} as campaign_type,
        {{ filled('cells.subject') }} as subject,
        {{ filled('cells.preheader') }} as preheader,
        {{ filled('cells.experiment') }} as experiment,
        {{ filled('cells.control_variant') }} as control_variant,
        {{ filled('cells.stream') }} as stream,
        {{ amount('cells.cost') }} as cost,
        {{ utc_timestamp('cells.sent_from_at') }} as sent_from_at,
        {{ utc_timestamp('cells.updated_at') }} as updated_at
    from parsed

),

final as (

    select
        -- keys
        esp,
        campaign_id,
        variant,

        -- attributes
        {{ newest_value('campaign_name', 'updated_at') }} as campaign_name,
        {{ newest_value('campaign_type', 'updated_at') }} as campaign_type,
        {{ newest_value('subject', 'updated_at') }} as subject,
        {{ newest_value('preheader', 'updated_at') }} as preheader,
        {{ newest_value('experiment', 'updated_at') }} as experiment,
        {{ newest_value('control_variant', 'updated_at') }} as control_variant,
        {{ newest_value('stream', 'updated_at') }} as stream,

        -- measures
        {{ newest_value('cost', 'updated_at') }} as cost,

        -- times
        {{ newest_value('sent_from_at', 'updated_at') }} as sent_from_at
    from typed
    where campaign_id is not null
    group by esp, campaign_id, variant

)

select * from final
