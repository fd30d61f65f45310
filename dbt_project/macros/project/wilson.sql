{#-
  The two bounds of the 95 % Wilson score interval of a proportion (Newcombe 1998, method 3), NULL where there were
  no trials. With x successes in n trials and z the 0.975 quantile of the standard normal distribution:
      (x + z^2/2 -/+ z * sqrt(x (n - x) / n + z^2/4)) / (n + z^2)
  At no or only successes the outer bound is 0 or 1 exactly, which rounding would miss by a last digit.
-#}
{% macro wilson_lo(successes, trials) -%}
    case
        when {{ trials }} > 0 and {{ successes }} = 0 then 0e0
        when {{ trials }} > 0 then {{ wilson_bound(successes, trials, '-') }}
    end
{%- endmacro %}

{% macro wilson_hi(successes, trials) -%}
    case
        when {{ trials }} > 0 and {{ successes }} = {{ trials }} then 1e0
        when {{ trials }} > 0 then {{ wilson_bound(successes, trials, '+') }}
    end
{%- endmacro %}

{% macro wilson_bound(successes, trials, sign) -%}
{%- set z = 1.959963984540054 -%}
{%- set x = 'cast(' ~ successes ~ ' as double)' -%}
{%- set n = 'cast(' ~ trials ~ ' as double)' -%}
    ({{ x }} + {{ z * z / 2 }}e0 {{ sign }} {{ z }}e0 * sqrt({{ x }} * ({{ n }} - {{ x }}) / {{ n }} + {{ z * z / 4 }}e0))
    / ({{ n }} + {{ z * z }}e0)
{%- endmacro %}
