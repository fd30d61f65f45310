-- Conditions are data: they are taken apart here, once, into comparisons that segment_membership evaluates. One that
-- cannot be read stops the build and says which, for a segment that silently matched nobody would be believed.
with

catalogue as (
    {{ segment_columns('catalogue') }}
),

definitions as (

    select
        trim(segment) as segment,
        trim({{ regexp_replace_all('condition', "'[[:space:]]+'", "' '") }}) as condition,
        row_number() over (order by segment nulls first, condition nulls first) as line
    from {{ ref('segment_definitions') }}

),

alternatives as (

    select
        definitions.segment,
        definitions.condition,
        definitions.line,
        parts.alternative
    from definitions
    {{ split_rows("coalesce(definitions.condition, '')", '(?i) or ', 'parts', 'alternative') }}

),

comparisons as (

    select distinct
        alternatives.segment,
        alternatives.condition,
        alternatives.line,
        alternatives.alternative,
        trim(parts.comparison) as comparison
    from alternatives
    {{ split_rows('alternatives.alternative', '(?i) and ', 'parts', 'comparison') }}

),

pieces as (

    select
        *,
        {{ regexp_group('lower(comparison)', "'^([a-z0-9_]+)'", 1) }} as column_name,
        case
            when {{ regexp_like('lower(comparison)', "'^[a-z0-9_]+ +is +null$'") }} then 'is null'
            when {{ regexp_like('lower(comparison)', "'^[a-z0-9_]+ +is +not +null$'") }} then 'is not null'
            else {{ regexp_group('comparison', "'^[A-Za-z0-9_]+ *(>=|<=|!=|=|<|>)'", 1) }}
        end as operator,
        {{ regexp_group(
            'comparison', "'^[A-Za-z0-9_]+ *(?:>=|<=|!=|=|<|>) *''?([^=<>!''](?:.*[^''])?)''?$'", 1
        ) }} as operand
    from comparisons

),

typed as (

    select
        pieces.*,
        catalogue.kind,
        catalogue.permitted,
        catalogue.permitted is null
        or position('|' || pieces.operand || '|' in catalogue.permitted) > 0 as is_permitted,
        coalesce(pieces.operator in ('is null', 'is not null'), false) as asks_for_null,
        row_number() over (
            partition by pieces.line, pieces.alternative
            order by pieces.comparison
        ) as comparison_number
    from pieces
    left join catalogue
        on pieces.column_name = catalogue.column_name

),

columns as (

    select {{ joined_text('column_name', ', ') }} as names
    from catalogue

),

valued as (

    select
        *,
        case
            when asks_for_null and kind != 'text' then 0
            when kind = 'number' and {{ regexp_like('operand', "'^-?[0-9]+([.][0-9]+)?$'") }}
                then try_cast(operand as double)
            when kind = 'boolean' then case lower(operand) when 'true' then 1 when 'false' then 0 end
            when kind = 'time'
                then {{ seconds_between("timestamp '1970-01-01'", iso_to_timestamp('operand')) }}
        end as number_operand,
        case
            when asks_for_null and kind = 'text' then ''
            when kind = 'text' then operand
        end as text_operand
    from typed

),

judged as (

    select
        *,
        case
            when nullif(trim(segment), '') is null then 'the segment has no name'
            when comparison = '' then 'a comparison is missing'
            when column_name is null or operator is null
                then 'it is no comparison: `column operator value`, `column is null` or `column is not null`'
            when kind is null then 'there is no such column; there are ' || (select columns.names from columns)
            when asks_for_null then null
            when kind in ('text', 'boolean') and operator not in ('=', '!=')
                then 'values of this column have no order: use = or !='
            when kind = 'text' and operand is null then 'the value is missing'
            when not is_permitted then 'this column holds one of ' || trim(replace(permitted, '|', ' '))
            when kind != 'text' and number_operand is null then 'its value is no ' || kind
            when comparison_number > {{ segment_comparisons() }}
                then 'more than {{ segment_comparisons() }} comparisons are joined by `and`'
        end as problem
    from valued

),

final as (

    select
        -- keys
        segment,
        line,
        alternative,
        comparison_number,

        -- attributes
        case
            when problem is null then column_name
            else cast({{ raise_error(
                "'segment_definitions.csv, segment ' || coalesce(segment, '(none)') || ': cannot read `' || comparison"
                ~ " || '` in the condition `' || coalesce(condition, '') || '`: ' || problem"
                ~ " || '. Correct the line, then run again.'"
            ) }} as varchar)
        end as column_name,
        -- How the value may stand to the operand: below, equal, above; 0 stands for an absent value.
        case operator
            when '!=' then '<>'
            when 'is null' then '0'
            when 'is not null' then '<=>'
            else operator
        end as relations,
        number_operand,
        text_operand,
        condition
    from judged

)

select * from final
