{#-
  Vendors write one moment in many ways. The table of ways, in the order they are tried:

    a number below 1e11     seconds since 1970, whole or with a fraction   1534109600.089676
    a number below 1e14     milliseconds                                   1591726752372
    a number below 1e17     microseconds
    ISO 8601                with Z, an offset, a space before the offset, up to nine digits of fraction
                            (cut to microseconds), Go's trailing " UTC"    2016-12-02 20:31:39 +00:00
    ISO 8601, no offset     read as UTC

  Anything else is NULL, never an error.
-#}
{% macro utc_timestamp(text) -%}
    case
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

{#- The time of an event: a time before 2005 or more than a day after "now" is a mistake of the sender, and no time. -#}
{% macro plausible_time(time) -%}
    case
        when {{ time }} >= timestamp '2005-01-01' and {{ time }} <= {{ as_of_now() }} + interval '1' day then {{ time }}
    end
{%- endmacro %}

{#- How an event's time was read: epoch, offset, assumed_utc, implausible or unreadable; NULL where none was given. -#}
{% macro time_basis(text, time) -%}
    case
        when {{ text }} is null then null
        when {{ time }} is null then 'unreadable'
        when {{ plausible_time(time) }} is null then 'implausible'
        when try_cast({{ text }} as double) is not null then 'epoch'
        when {{ regexp_like(text, "'([zZ]|UTC|:[0-9.]+ ?[+-][0-9:]+)$'") }} then 'offset'
        else 'assumed_utc'
    end
{%- endmacro %}
