with

networks as (

    select
        *,
        split_part(network, '/', 1) as address,
        try_cast(split_part(network, '/', 2) as integer) as prefix_length
    from {{ ref('machine_networks') }}

),

written_out as (

    select
        *,
        {{ address_digits('address') }} as digits
    from networks

),

final as (

    select
        -- keys
        network,

        -- attributes
        case
            when digits is null or prefix_length is null
                then cast({{ raise_error(
                    "'machine_networks.csv: `' || network || '` is no network. Correct the line, then run again.'"
                ) }} as varchar)
            when digits like '4%' then left(digits, 1 + prefix_length)
            else left(digits, cast(1 + prefix_length / 4 as integer))
        end as network_digits,
        network_kind
    from written_out

)

select * from final
