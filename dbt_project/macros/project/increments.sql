{#-
  What a run has to look at anew: what incremental models are made of.

  By export, where a model takes records as they came:

      {{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_changed_exports() }}') }}
      select … where {{ is_of_changed_export('export_id') }}

  Changed are the exports whose records are not, or no longer, in what the last complete build read: new ones, and those
  released, withdrawn or erased since; and those with a record whose time lay ahead, which may have come. Some vendors write into one export what another one needs (a campaign's name, a
  member's address): of a source in the var `sources_read_as_a_whole` all exports have changed when one has.

  By event or message, where a model judges what belongs together:

      {{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched("…") }}') }}
      select … where {{ is_touched('…') }}

  Touched are the events of changed exports, every event with the key of one, and the messages of all these; and what a
  model further down finds to stand otherwise than it did (`touch_moved_verdicts`). They are noted in
  `pipeline.touched_events` together with the change that touches them.

  The orchestrator notes in `pipeline.read_exports` what a build has read once it is complete, and drops what was
  touched; a build that died is made good by the next one, which forgets and takes up the same again. A full refresh
  reads everything. The orchestrator asks for one where other code than the project's present one built what stands
  there.
-#}

{#- The condition of rows to take up; true for all of them in a full build. -#}
{% macro is_of_changed_export(export_id) -%}
    {%- if is_incremental() -%}
        {{ export_id }} in ({{ changed_exports() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- What has to go before that, as a hook. -#}
{% macro forget_changed_exports() -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where export_id in ({{ changed_exports() }})
    {%- endif -%}
{%- endmacro %}

{% macro changed_exports() -%}
    select exports.export_id
    from {{ source('pipeline', 'exports') }} as exports
    left join {{ source('pipeline', 'read_exports') }} as read_exports
        on exports.export_id = read_exports.export_id
    where {{ differs_from_what_was_read() }}

    union

    select of_a_whole.export_id
    from {{ source('pipeline', 'exports') }} as of_a_whole
    inner join {{ source('pipeline', 'exports') }} as exports
        on of_a_whole.source = exports.source
    left join {{ source('pipeline', 'read_exports') }} as read_exports
        on exports.export_id = read_exports.export_id
    where
        {{ differs_from_what_was_read() }}
        and of_a_whole.source in ('{{ var("sources_read_as_a_whole") | join("', '") }}')
{%- endmacro %}

{% macro differs_from_what_was_read() -%}
    case
        when exports.status in ('published', 'released')
            then
                read_exports.export_id is null
                or read_exports.run_id is distinct from exports.run_id
                or read_exports.has_time_ahead
        else read_exports.export_id is not null
    end
{%- endmacro %}

{#- Note the events of changed exports, as a hook: before the old records go, and once the new ones stand. -#}
{% macro touch_events_of_changed_exports() -%}
    {%- if is_incremental() -%}
        insert into {{ source('pipeline', 'touched_events') }}
        with

        changed as (

            {{ changed_exports() }}

        ),

        records as (

            select export_id, event_key, message_key, event_type from {{ this }}
            union all
            select export_id, event_key, message_key, event_type from {{ source('retained', 'email_event_records') }}

        ),

        -- What links are declared says how every click is judged.
        declarations as (

            select exports.export_id
            from changed
            inner join {{ source('pipeline', 'exports') }} as exports
                on changed.export_id = exports.export_id
            where exports.source = 'links'

        ),

        touched_keys as (

            select event_key
            from records
            where
                export_id in (select changed.export_id from changed)
                or (event_type in ('opened', 'clicked') and exists (select 1 from declarations))

        )

        select distinct
            event_key,
            coalesce(message_key, event_key) as message_or_event_key
        from records
        where event_key in (select touched_keys.event_key from touched_keys)
    {%- endif -%}
{%- endmacro %}

{#- The condition of rows to take up: `key` is compared with a column of touched_events. True for all in a full build. -#}
{% macro is_touched(key, by='message_or_event_key') -%}
    {%- if is_incremental() -%}
        {{ key }} in (select touched.{{ by }} from {{ source('pipeline', 'touched_events') }} as touched)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- What has to go before that, as a hook. -#}
{% macro forget_touched(key='message_or_event_key', by='message_or_event_key') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where {{ is_touched(key, by) }}
    {%- endif -%}
{%- endmacro %}
