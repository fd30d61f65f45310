with

ledger as (

    select * from {{ source('pipeline', 'exports') }}

),

final as (

    select
        -- keys
        export_id,

        -- attributes
        source,
        {{ mask_personal('file_name') }} as file_name,
        content_sha256,
        bytes,
        records,
        records_loaded,
        records_rejected,
        status,
        {{ mask_personal('reason') }} as reason,

        -- times
        seen_at,
        published_at,

        -- beyond the contract
        {{ mask_personal('member') }} as member,
        run_id
    from ledger

)

select * from final
