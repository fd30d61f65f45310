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
        file_name,
        content_sha256,
        bytes,
        records,
        records_loaded,
        records_rejected,
        status,
        reason,

        -- times
        seen_at,
        published_at,

        -- beyond the contract
        member,
        run_id
    from ledger

)

select * from final
