{#-
  The records of keys that occur more than once, and which of them stands. `records` is a relation with export_id,
  position, part, event_key, is_numbered and occurred_at; `verbatim_records` a select of export_id, position, part and
  record. `is_wanted` is a condition on event_key: which keys are looked at.

  Under one number of the vendor's, one record stands: the smallest SHA-256 of the normalised payload, then the first
  by export and position; a record without a time stands last. Without numbers an event is what it says: identical
  records of one export are that many events, and the same records in another export are these again. An event that is
  retained without its verbatim record stands before any that came later.
-#}
{% macro event_repeats(records, verbatim_records, is_wanted='true') -%}
{#- Of the exports alone in which something repeats. -#}
{%- set texts -%}
    (
        select *
        from ({{ verbatim_records }}) as all_records
        where all_records.export_id in (select repeating_exports.export_id from repeating_exports)
    )
{%- endset -%}
with

repeated_keys as (

    select event_key
    from {{ records }}
    where {{ is_wanted }}
    group by event_key
    having count(*) > 1

),

repeating_exports as (

    select distinct records.export_id
    from {{ records }} as records
    inner join repeated_keys
        on records.event_key = repeated_keys.event_key

),

repeats as (

    select
        records.export_id,
        records.position,
        records.part,
        records.event_key,
        records.is_numbered,
        records.occurred_at,
        verbatim_records.export_id is null as is_retained,
        md5(verbatim_records.record) as record_digest
    from {{ records }} as records
    inner join repeated_keys
        on records.event_key = repeated_keys.event_key
    left join {{ texts }} as verbatim_records
        on
            records.export_id = verbatim_records.export_id
            and records.position = verbatim_records.position
            and records.part = verbatim_records.part

),

-- Payloads are normalised only where they differ at all: that costs more than everything else here.
conflicting_keys as (

    select event_key
    from repeats
    group by event_key
    having min(record_digest) != max(record_digest)

),

conflicts as (

    select
        repeats.export_id,
        repeats.position,
        repeats.part
    from repeats
    inner join conflicting_keys
        on repeats.event_key = conflicting_keys.event_key

),

payloads as (

    select
        verbatim_records.export_id,
        verbatim_records.position,
        verbatim_records.part,
        {{ sha256_hex(normalised_json('verbatim_records.record')) }} as payload_sha256
    from {{ texts }} as verbatim_records
    inner join conflicts
        on
            verbatim_records.export_id = conflicts.export_id
            and verbatim_records.position = conflicts.position
            and verbatim_records.part = conflicts.part

),

counted as (

    select
        repeats.export_id,
        repeats.position,
        repeats.part,
        repeats.event_key,
        repeats.occurred_at,
        repeats.is_retained,
        payloads.payload_sha256,
        case
            when repeats.is_numbered then 1
            else row_number() over (
                partition by repeats.event_key, repeats.export_id, payloads.payload_sha256
                order by repeats.position, repeats.part
            )
        end as occurrence
    from repeats
    left join payloads
        on
            repeats.export_id = payloads.export_id
            and repeats.position = payloads.position
            and repeats.part = payloads.part

),

ranked as (

    select
        *,
        row_number() over (
            partition by event_key, occurrence
            order by
                case when is_retained then 0 else 1 end,
                case when occurred_at is null then 1 else 0 end,
                payload_sha256 nulls first,
                export_id,
                position,
                part
        ) as preference
    from counted

),

final as (

    select
        -- keys
        export_id,
        position,
        part,
        case
            when occurrence = 1 then event_key
            else {{ surrogate_key(['event_key', 'occurrence']) }}
        end as event_key,
        event_key as shared_key,

        -- attributes
        payload_sha256 is not null as is_conflicting,
        preference = 1 as stands
    from ranked

)

select * from final
{%- endmacro %}
