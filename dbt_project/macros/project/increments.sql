{#-
  What a run has to read anew: the one pair that incremental models are made of.

      {{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_changed_exports() }}') }}
      select … where {{ is_of_changed_export('export_id') }}

  Changed are the exports whose records are not, or no longer, in what the last complete build read: new ones, and those
  released, withdrawn or erased since; and those with a record whose time lay ahead, which may have come. Some vendors write into one export what another one needs (a campaign's name, a
  member's address): of a source in the var `sources_read_as_a_whole` all exports have changed when one has. The
  orchestrator notes in `pipeline.read_exports` what a build has read once it is complete; a build that died is made good
  by the next one, which forgets and reads the same exports again.

  A full refresh reads everything. The orchestrator asks for one where other code than the project's present one built
  what stands there.
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
