{#-
  A rate drawn towards the account's (empirical Bayes): `prior_trials` trials at the mean rate are added to those seen.
  No prior_trials means that the account's rates differ by chance alone, and then the mean speaks for everyone.
-#}
{% macro shrunk_rate(successes, trials, mean_rate, prior_trials) -%}
    case
        when {{ trials }} = 0 then null
        when {{ prior_trials }} is null then {{ mean_rate }}
        else (least({{ successes }}, {{ trials }}) + {{ mean_rate }} * {{ prior_trials }})
            / ({{ trials }} + {{ prior_trials }})
    end
{%- endmacro %}
