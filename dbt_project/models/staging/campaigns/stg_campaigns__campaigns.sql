{%- set fields = [
    'campaign_id', 'esp', 'campaign_name', 'campaign_type', 'subject', 'preheader', 'variant', 'experiment',
    'control_variant', 'cost', 'sent_from_at', 'stream', 'updated_at',
] -%}
with

records as (

    {{ published_records('campaigns', fields) }}

),

typed as (

    select
        {{ filled('campaign_id') }} as campaign_id,
        lower({{ filled('esp') }}) as esp,
        {{ mask_personal(filled('variant')) }} as variant,
        {{ mask_personal(filled('campaign_name')) }} as campaign_name,
        {{ mask_personal(filled('campaign_type')) }} as campaign_type,
        {{ mask_personal(filled('subject')) }} as subject,
        {{ mask_personal(filled('preheader')) }} as preheader,
        {{ mask_personal(filled('experiment')) }} as experiment,
        {{ mask_personal(filled('control_variant')) }} as control_variant,
        {{ mask_personal(filled('stream')) }} as stream,
        {{ plausible_amount(amount('cost')) }} as cost,
        {{ utc_timestamp('sent_from_at') }} as sent_from_at,
        {{ utc_timestamp('updated_at') }} as updated_at
    from records

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
