"""Candidates: records judged one by one, and the profile of each export that the first gate looks at.

Belongs here: the SQL that judges a record against its source's declaration, the two Parquet files, their columns. Does
not belong here: what becomes of an export (`decisions.py`).

A candidate holds one row per record of one or more exports:

    export_id        VARCHAR
    position         BIGINT    null in the candidate of a single export scanned by DuckDB: there it is the row's number
    record           VARCHAR   verbatim
    problem          VARCHAR   why the record is not readable, null if it is
    looks_like       VARCHAR   the vendor whose record it is, where that is another one
    email_1, …       VARCHAR   one column per declared place of an address; VARCHAR[] where the path has a wildcard
    user_agent_1, …  VARCHAR   likewise

A profile holds one row per export:

    export_id, source, file_name   VARCHAR
    bytes, records                 BIGINT
    rejected                       BIGINT   records with a problem
    rejected_share                 DOUBLE   of all records; null where there are none
    rejected_share_limit           DOUBLE   the setting: an export above it is held whole
    foreign_records, foreign_share, foreign_source
    no_<requirement>_share         DOUBLE   one column per requirement of the source
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.exports.json_lines import JsonLines
from orchestration.settings import Settings
from orchestration.sources import Source

# Set by the scan where DuckDB read nothing, or something other than one object: the patient readers then take over.
UNREAD = "unread"

_NOT_STRICT = "invalid JSON"
# DuckDB also reads NaN, Infinity and trailing commas, which are no JSON. These patterns find where they may be; each
# begins with one plain character, which makes them several times faster than one pattern for all.
_MAY_BE_LENIENT = (r",\s*([}\]]|[-+]?(?i:nan|inf))", r":\s*[-+]?(?i:nan|inf)", r"\[\s*[-+]?(?i:nan|inf)")
# Rows of a spool written by our own readers.
_SPOOL_COLUMNS = {"export_id": "varchar", "position": "bigint", "record": "varchar", "problem": "varchar"}
_EXPORT_COLUMNS = {"export_id": "varchar", "source": "varchar", "file_name": "varchar", "bytes": "bigint"}


def from_scan(
    reader: duckdb.DuckDBPyConnection,
    scan: str,
    export_id: str,
    source: Source,
    vendors: Mapping[str, Sequence[Sequence[str]]],
    path: Path,
) -> bool:
    """Write the candidate of one export that DuckDB scans; False where the patient readers must take over."""
    lenient = " or ".join(f"regexp_matches(record, {_text(pattern)})" for pattern in _MAY_BE_LENIENT)
    rows = f"""
        select
            {_text(export_id)} as export_id,
            null::bigint as position,
            record,
            case
                when record is null or record[1] <> '{{' then '{UNREAD}'
                when ({lenient}) and not is_strict_json(record) then '{_NOT_STRICT}'
            end as problem
        from {scan}
    """
    _write(reader, rows, source, vendors, path)
    unread = f"select count(*) from read_parquet({_text(str(path))}) where problem = '{UNREAD}'"
    return reader.execute(unread).fetchone()[0] == 0


def from_spool(
    reader: duckdb.DuckDBPyConnection,
    spool: JsonLines,
    source: Source,
    vendors: Mapping[str, Sequence[Sequence[str]]],
    path: Path,
) -> None:
    """Write the candidate of rows that our own readers spooled: export_id, position, record, problem."""
    rows = f"select * from {spool.relation(_SPOOL_COLUMNS)}"
    _write(reader, rows, source, vendors, path)


def write_profile(
    reader: duckdb.DuckDBPyConnection,
    candidates: Sequence[Path],
    exports: JsonLines,
    source: Source,
    settings: Settings,
    path: Path,
) -> None:
    """Write the profile of the exports that were spooled: export_id, source, file_name, bytes."""
    missing = ",\n".join(
        f"count(*) filter (list_contains(string_split(problem, ', '), {_text(absence(requirement))})) "
        f"/ nullif(count(record), 0) as no_{requirement}_share"
        for requirement in source.requires
    )
    counted = relation(candidates) if candidates else _NO_ROWS
    reader.execute(f"""
        copy (
            with exports as (select * from {exports.relation(_EXPORT_COLUMNS)})
            select
                exports.export_id, exports.source, exports.file_name, exports.bytes,
                count(record) as records,
                count(problem) as rejected,
                count(problem) / nullif(count(record), 0) as rejected_share,
                {settings.unreadable_share_limit}::double as rejected_share_limit,
                count(looks_like) as foreign_records,
                count(looks_like) / nullif(count(record), 0) as foreign_share,
                min(looks_like) as foreign_source,
                {missing}
            from exports left join {counted} as counted using (export_id)
            group by all
            order by exports.export_id
        ) to {_text(str(path))} (format parquet)
    """)


def relation(candidates: Sequence[Path]) -> str:
    """A table expression over candidate files, every record with its position."""
    files = ", ".join(_text(str(path)) for path in candidates)
    return (
        "(select * exclude (file_row_number) replace (coalesce(position, file_row_number + 1) as position) "
        f"from read_parquet([{files}], file_row_number = true))"
    )


def email_columns(source: Source) -> list[str]:
    """SQL expressions over a candidate, each one address or a list of addresses."""
    return [f"email_{number}" for number in range(1, len(source.emails) + 1)]


def user_agent_columns(source: Source) -> list[str]:
    """SQL expressions over a candidate, each one user agent or a list of them."""
    return [f"user_agent_{number}" for number in range(1, len(source.user_agents) + 1)]


def absence(requirement: str) -> str:
    """What is said of a record that does not meet a requirement."""
    return "no " + requirement.replace("_", " ")


_NO_ROWS = (
    "(select null::varchar as export_id, null::varchar as record, null::varchar as problem, null::varchar as looks_like "
    "where false)"
)


def _write(reader, rows: str, source: Source, vendors: Mapping[str, Sequence[Sequence[str]]], path: Path) -> None:
    """One parse of each record: everything asked of it is taken out at once, then judged by plain comparisons."""
    asked = _Asked(source)
    own = source.recognised_by
    seen = " or ".join(
        "(" + " and ".join(f"{asked.value(_key_path(key))} is not null" for key in keys) + ")" for keys in own
    )
    others = ", ".join(
        f"case when {_has_any(key_sets)} then {_text(name)} end"
        for name, key_sets in vendors.items()
        if name != source.source
    )
    judgements = {requirement: asked.meets(requirement, paths) for requirement, paths in source.requires.items()}
    kind_of_record = asked.first_value(source.requires.get("type", ()))
    absences = []
    for requirement, met in judgements.items():
        excused = ", ".join(_text(name.lower()) for name in source.excused.get(requirement, ()))
        excuse = f" or lower({kind_of_record}) in ({excused})" if excused else ""
        absences.append(f"case when not coalesce({met}{excuse}, false) then {_text(absence(requirement))} end")
    pages = " or ".join(f"{asked.value(_key_path(key) + '[0]')} is not null" for key in source.pages) or "false"
    personal = [
        f"{asked.value(json_path)} as {column}"
        for json_path, column in zip(
            (*source.emails, *source.user_agents), (*email_columns(source), *user_agent_columns(source)), strict=True
        )
    ]
    takes = ",\n".join(f"case when problem is null then {take} end as {name}" for name, take in asked.takes().items())
    reader.execute(f"""
        copy (
            with rows as ({rows}),
            taken as (select *, {takes} from rows),
            recognised as (
                select *,
                    case when plain is not null and not coalesce({seen}, false) then json_keys(record) end as keys
                from taken
            ),
            named as (
                select *,
                    case
                        when keys is not null and not ({_has_any(own)}) then nullif(concat_ws(' or ', {others}), '')
                    end as looks_like
                from recognised
            )
            select
                export_id, position, record,
                case
                    when problem is not null then problem
                    when plain is null then '{_NOT_STRICT}'
                    when {pages} then '{UNREAD}'
                    when looks_like is not null
                        then concat('looks like ', looks_like, ', not ', {_text(source.source)})
                    else nullif(concat_ws(', ', {", ".join(absences)}), '')
                end as problem,
                looks_like,
                {", ".join(personal) or "null as nothing_personal"}
            from named
        ) to {_text(str(path))} (format parquet, compression snappy)
    """)


class _Asked:
    """The JSONPaths asked of a record: DuckDB takes all plain ones in one parse, and each wildcard in one of its own."""

    def __init__(self, source: Source) -> None:
        keys = [key for keys in source.recognised_by for key in keys]
        required = [json_path for paths in source.requires.values() for json_path in paths]
        asked = [*required, *source.emails, *source.user_agents, *map(_key_path, keys)]
        asked += [_key_path(key) + "[0]" for key in source.pages]
        self._plain = list(dict.fromkeys(json_path for json_path in asked if "[*]" not in json_path))
        self._wild = list(dict.fromkeys(json_path for json_path in asked if "[*]" in json_path))

    def takes(self) -> dict[str, str]:
        """Column name to the expression that takes it out of a record."""
        plain = ", ".join(map(_text, self._plain))
        return {"plain": f"try(json_extract_string(record, [{plain}]))"} | {
            f"wild_{number}": f"try(json_extract_string(record, {_text(json_path)}))"
            for number, json_path in enumerate(self._wild)
        }

    def value(self, json_path: str) -> str:
        """What a path leads to: a text or null; a list of texts where it has a wildcard."""
        if "[*]" in json_path:
            return f"wild_{self._wild.index(json_path)}"
        return f"plain[{self._plain.index(json_path) + 1}]"

    def first_value(self, paths: Sequence[str]) -> str:
        """The first value that says something, as text; null where none does."""
        values = [self._text(json_path) for json_path in paths] or ["null::varchar"]
        return f"coalesce({', '.join(values)})"

    def meets(self, requirement: str, paths: Sequence[str]) -> str:
        """Whether a record has what is required; a time must at least hold the digits of a year."""
        value = self.first_value(paths)
        return f"regexp_matches({value}, '([0-9].*){{4}}')" if requirement == "time" else f"{value} is not null"

    def _text(self, json_path: str) -> str:
        value = self.value(json_path)
        if "[*]" in json_path:
            return f"list_filter({value}, lambda item: trim(item) <> '')[1]"
        # An object or a list in the place of a value is none.
        return f"case when trim({value}) <> '' and {value}[1] not in ('{{', '[') then {value} end"


def _key_path(key: str) -> str:
    return f'$."{key}"'


def _has_any(key_sets: Sequence[Sequence[str]]) -> str:
    return " or ".join(f"list_has_all(keys, [{', '.join(map(_text, keys))}])" for keys in key_sets)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
