{#-
  Vendors write one moment in many ways. The table of ways, in the order they are tried:

    a number below 1e11     seconds since 1970, whole or with a fraction   1534109600.089676
    a number below 1e14     milliseconds                                   1591726752372
    a number below 1e17     microseconds
    ISO 8601                with Z, an offset, a space before the offset, up to nine digits of fraction
                            (cut to microseconds), Go's trailing " UTC"    2016-12-02 20:31:39 +00:00
    ISO 8601, no offset     read in `time_zone`: UTC unless the vendor writes another one
    one of `formats`        likewise, as strptime writes formats           %m/%d/%Y %I:%M:%S %p

  Anything else is NULL, never an error.
-#}
{% macro utc_timestamp(text, time_zone='UTC', formats=[]) -%}
    case
        {%- if time_zone != 'UTC' or formats %}
        when try_cast({{ text }} as double) is null and not {{ has_offset(text) }}
            then {{ local_to_utc(local_timestamp_of(text, formats), time_zone) }}
        {%- endif %}
        when try_cast({{ text }} as double) is null
            then {{ iso_to_timestamp(
                "replace(replace(replace(upper(trim(" ~ text ~ ")), ' UTC', ''), ' +', '+'), ' -', '-')"
            ) }}
        when abs(try_cast({{ text }} as double)) < 1e11
            then {{ epoch_to_timestamp("round(try_cast(" ~ text ~ " as double) * 1e6)") }}
        when abs(try_cast({{ text }} as double)) < 1e14
            then {{ epoch_to_timestamp("round(try_cast(" ~ text ~ " as double) * 1e3)") }}
        when abs(try_cast({{ text }} as double)) < 1e17
            then {{ epoch_to_timestamp("round(try_cast(" ~ text ~ " as double))") }}
    end
{%- endmacro %}

{#- The account's time zone at a vendor that writes local times: the var `account_time_zones`, else the general one. -#}
{% macro account_time_zone(source_name) -%}
    {{ var('account_time_zones')[source_name] | default(var('account_time_zone')) }}
{%- endmacro %}

{% macro has_offset(text) -%}
    {{ regexp_like(text, "'([zZ]|UTC|:[0-9.]+ ?[+-][0-9:]+)$'") }}
{%- endmacro %}

{#- The time of an event: a time before 2005 or more than a day after "now" is a mistake of the sender, and no time. -#}
{% macro plausible_time(time) -%}
    case
        when {{ time }} >= timestamp '2005-01-01' and {{ time }} <= {{ as_of_now() }} + interval '1' day then {{ time }}
    end
{%- endmacro %}

{#-
  The time of a send, as a record of its own event tells it. What is read once and kept does not depend on "now": a time
  that lies ahead is left to `int_email_event_records`, which takes it for none until it has come.
-#}
{% macro plausible_send_time(time) -%}
    case when {{ time }} >= timestamp '2005-01-01' and {{ time }} < timestamp '2100-01-01' then {{ time }} end
{%- endmacro %}

{% macro arrived_time(time) -%}
    case when {{ time }} <= {{ as_of_now() }} + interval '1' day then {{ time }} end
{%- endmacro %}

{#-
  A moment as a part of what identifies an event: the same however it is written, or as it stands where it cannot be
  read.
-#}
{% macro moment(time, text) -%}
    coalesce(cast({{ time }} as varchar), {{ text }})
{%- endmacro %}

{#-
  How an event's time was read: epoch, offset, implausible or unreadable; of a text without a zone `local_basis`, which
  is assumed_utc, account_time_zone or fixed_offset. NULL where none was given.
-#}
{% macro time_basis(text, time, local_basis='assumed_utc') -%}
    case
        when {{ text }} is null then null
        when {{ time }} is null then 'unreadable'
        when {{ plausible_time(time) }} is null then 'implausible'
        when try_cast({{ text }} as double) is not null then 'epoch'
        when {{ has_offset(text) }} then 'offset'
        else '{{ local_basis }}'
    end
{%- endmacro %}
