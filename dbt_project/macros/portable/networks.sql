{#- Network addresses as texts that begin alike where the addresses lie in one network. -#}

{#-
  '4' and 32 binary digits, or '6' and 32 hexadecimal ones; NULL for what is no address. An IPv4 address written as an
  IPv6 one is the IPv4 address.
-#}
{% macro address_digits(address) -%}
    {%- set without_prefix = "replace(" ~ address ~ ", '::ffff:', '')" -%}
    case
        when {{ regexp_like(address, "'^(::ffff:)?[0-9]{1,3}([.][0-9]{1,3}){3}$'") }}
            then '4' || lpad(bin(
                {%- for part in range(1, 5) %}
                {{ 256 ** (4 - part) }} * try_cast(split_part({{ without_prefix }}, '.', {{ part }}) as bigint)
                {{- ' +' if not loop.last }}
                {%- endfor %}
            ), 32, '0')
        when contains({{ address }}, ':') and {{ regexp_like(address, "'^[0-9a-fA-F:]+$'") }}
            then '6' || rpad(
                {{ hexadecimal_digits("split_part(" ~ address ~ ", '::', 1)") }},
                cast(32 - length({{ hexadecimal_digits("split_part(" ~ address ~ ", '::', 2)") }}) as integer),
                '0'
            ) || {{ hexadecimal_digits("split_part(" ~ address ~ ", '::', 2)") }}
    end
{%- endmacro %}

{#- The groups of a part of an IPv6 address, each in four digits. -#}
{% macro hexadecimal_digits(groups) -%}
    case
        when {{ groups }} = '' then ''
        else array_to_string(
            list_transform(string_split(lower({{ groups }}), ':'), lambda digits: lpad(digits, 4, '0')), ''
        )
    end
{%- endmacro %}

{#- The networks of a relation with `network_digits` and `network_kind` as one value, the narrowest first. -#}
{% macro network_list(relation) -%}
    select
        list(
            struct_pack(network_digits := network_digits, network_kind := network_kind)
            order by length(network_digits) desc, network_digits
        ) as networks
    from {{ relation }}
{%- endmacro %}

{#- The kind of the narrowest network of such a list that an address lies in; NULL where it lies in none. -#}
{% macro network_kind_of(digits, networks) -%}
    list_filter({{ networks }}, lambda network: starts_with({{ digits }}, network.network_digits))[1].network_kind
{%- endmacro %}
