{#-
  The keys that more than one model computes, each spelled once. They stay digests of the natural key's parts alone,
  so that any model can name a campaign or a link without joining its dimension.
-#}

{#- A campaign of an e-mail service provider; mail without a campaign has '' for its campaign_id. -#}
{% macro campaign_key(esp, campaign_id) -%}
    {{ surrogate_key([esp, campaign_id]) }}
{%- endmacro %}

{#- A link of a campaign: its URL without query and fragment. -#}
{% macro link_key(campaign_key, url) -%}
    {{ surrogate_key([campaign_key, url]) }}
{%- endmacro %}
