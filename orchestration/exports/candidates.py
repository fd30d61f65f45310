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

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.exports import sql
from orchestration.exports.json_lines import JsonLines
from orchestration.exports.json_text import CONTINUED
from orchestration.exports.readers import Scan
from orchestration.exports.slices import SliceSpool
from orchestration.settings import Settings
from orchestration.sources import Source

# Said where DuckDB read nothing, or something other than one record: the patient readers then take over.
UNREAD = "unread"
PAGE = "a page of records in the place of one"
# Whether a row begins a record: one that is too long to be held whole has further rows with its other pieces.
BEGINS = f"not coalesce(starts_with(problem, '{CONTINUED}'), false)"

_NOT_STRICT = "invalid JSON"
# DuckDB also reads NaN, Infinity and trailing commas, which are no JSON. These patterns find where they may be; each
# begins with one plain character, which makes them several times faster than one pattern for all.
_MAY_BE_LENIENT = (r",\s*([}\]]|[-+]?(?i:nan|inf))", r":\s*[-+]?(?i:nan|inf)", r"\[\s*[-+]?(?i:nan|inf)")
_LENIENT = (
    "case when ("
    + " or ".join(f"regexp_matches(record, {sql.text(pattern)})" for pattern in _MAY_BE_LENIENT)
    + f") and not is_strict_json(record) then '{_NOT_STRICT}' end"
)
_IS_UNREAD = f"problem in ('{UNREAD}', '{PAGE}')"
# A value says something and is no object or list; a time holds at least the digits of a year. The first character of
# nearly every value tells, and comparing costs a tenth of matching.
_A_VALUE = (
    r"({0} >= '!' and {0} < '[' or {0} >= '\' and {0} < '{{' or {0} >= '|' or regexp_matches({0}, '^\s*[^\s{{\[]'))"
)
_A_TIME = r"^[^{\[]*[0-9].*[0-9].*[0-9].*[0-9]"
_FIRST_KEY = re.compile(r'\$\.(?:"([^"]*)"|(\w+))')
# A fraction of DuckDB's default: long texts then stay in the processor's cache while they are packed.
_FORMAT = "format parquet, compression snappy, row_group_size 30_720"
# Rows of a spool written by our own readers.
_SPOOL_COLUMNS = {"export_id": "varchar", "position": "bigint", "record": "varchar", "problem": "varchar"}
_EXPORT_COLUMNS = {"export_id": "varchar", "source": "varchar", "file_name": "varchar", "bytes": "bigint"}


def from_scan(
    reader: duckdb.DuckDBPyConnection,
    scan: Scan,
    export_id: str,
    source: Source,
    path: Path,
) -> bool:
    """Write the candidate of one export that DuckDB scans; False where the patient readers must take over.

    That DuckDB finds nothing at all is no proof that a file is empty: they have the last word on that as well.
    """
    cells = "".join(f", {cell}" for cell in (scan.cells or {}).values())
    rows = f"""
        select
            {sql.text(export_id)} as export_id,
            null::bigint as position,
            record,
            case
                when record is null or not starts_with(record, '{{') then '{UNREAD}'
                else {"null" if scan.is_ours else _LENIENT}
            end as problem
            {cells}
        from {scan.table}
    """
    asked = _Asked(source, scan.keys) if scan.cells is None else _AskedOfCells(source, scan.cells)
    _write(reader, rows, source, path, asked, may_hold_records=not scan.is_ours)
    counts = f"count(*), count(*) filter ({_IS_UNREAD})"
    records, unread = reader.execute(f"select {counts} from read_parquet({sql.file_to_read(path)})").fetchone()
    return records > 0 and unread == 0


def from_slices(
    reader: duckdb.DuckDBPyConnection,
    spool: SliceSpool,
    source: Source,
    path: Path,
) -> set[str]:
    """Write the candidate of exports that were cut into slices.

    Returns the exports that the patient readers must take instead; the candidate holds nothing of them.
    """
    rows = f"""
        select
            *,
            case
                when not coalesce(starts_with(record, '{{') and json_valid(record), false) then '{UNREAD}'
                else {_LENIENT}
            end as problem
        from {spool.relation()}
    """
    _write(reader, rows, source, path, _Asked(source), may_hold_records=True)
    written = f"read_parquet({sql.file_to_read(path)})"
    unread = reader.execute(f"select distinct export_id from {written} where {_IS_UNREAD}").fetchall()
    unread = {export_id for (export_id,) in unread}
    if unread:
        whole = path.rename(path.with_suffix(".whole"))
        ids = ", ".join(map(sql.text, unread))
        written = f"select * from read_parquet({sql.file_to_read(whole)}) where export_id not in ({ids})"
        reader.execute(f"copy ({written}) to {sql.file_to_write(path)} ({_FORMAT})")
        whole.unlink()
    return unread


def from_spool(
    reader: duckdb.DuckDBPyConnection,
    spool: JsonLines,
    source: Source,
    path: Path,
) -> None:
    """Write the candidate of rows that our own readers spooled: export_id, position, record, problem."""
    # What our readers pass and DuckDB does not, should there be such a thing, is not readable either.
    rows = f"""
        select * replace (
            case when problem is null and not json_valid(record) then '{_NOT_STRICT}' else problem end as problem
        )
        from {spool.relation(_SPOOL_COLUMNS)}
    """
    _write(reader, rows, source, path, _Asked(source))


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
        f"sum(times) filter (list_contains(string_split(problem, ', '), {sql.text(absence(requirement))})) "
        f"as no_{requirement}"
        for requirement in source.requires
    )
    shares = ",\n".join(
        f"coalesce(no_{requirement}, 0) / nullif(records, 0) as no_{requirement}_share"
        for requirement in source.requires
    )
    reader.execute(f"""
        copy (
            with exports as (select * from {exports.relation(_EXPORT_COLUMNS)}),
            kinds as (
                select export_id, problem, looks_like, count(*) as times
                from {relation(candidates) if candidates else _NO_ROWS}
                where {BEGINS}
                group by all
            ),
            counted as (
                select
                    export_id, source, file_name, bytes,
                    coalesce(sum(times), 0) as records,
                    coalesce(sum(times) filter (problem is not null), 0) as rejected,
                    coalesce(sum(times) filter (looks_like is not null), 0) as foreign_records,
                    arg_max(looks_like, (times, looks_like)) as foreign_source,
                    {missing}
                from exports left join kinds using (export_id)
                group by all
            )
            select
                export_id, source, file_name, bytes::bigint as bytes,
                records::bigint as records,
                rejected::bigint as rejected,
                rejected / nullif(records, 0) as rejected_share,
                {settings.unreadable_share_limit}::double as rejected_share_limit,
                foreign_records::bigint as foreign_records,
                foreign_records / nullif(records, 0) as foreign_share,
                foreign_source,
                {shares}
            from counted
            order by export_id
        ) to {sql.file_to_write(path)} (format parquet)
    """)


def relation(candidates: Sequence[Path]) -> str:
    """A table expression over candidate files, every record with its position."""
    files = ", ".join(map(sql.file_to_read, candidates))
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


_NO_ROWS = "(select null::varchar as export_id, null::varchar as problem, null::varchar as looks_like where false)"


def _write(
    reader,
    rows: str,
    source: Source,
    path: Path,
    asked: _Asked,
    may_hold_records: bool = False,
) -> None:
    """One parse of each record: everything asked of it is taken out at once, then judged by plain comparisons."""
    no_event = " or ".join(f"({asked.fits(conditions)})" for conditions in source.no_events) or "false"
    absences = []
    for requirement, paths in source.requires.items():
        met = asked.meets(requirement, paths)
        if excused := source.excused.get(requirement):
            met += asked.is_one_of(excused, source.requires["type"])
        # As a condition of its own, each is asked only where those before it do not hold.
        conditions = " or ".join([*met, "no_event"])
        absences.append(f"case when {conditions} then null else {sql.text(absence(requirement))} end")
    personal = [
        f"{asked.value(json_path)} as {column}"
        for json_path, column in zip(
            (*source.emails, *source.user_agents), (*email_columns(source), *user_agent_columns(source)), strict=True
        )
    ]
    taken, found_below = (
        ", ".join(["*", *(f"{take} as {name}" for name, take in takes.items())])
        for takes in (asked.takes("readable"), asked.takes_below("readable"))
    )
    reader.execute(f"""
        copy (
            with rows as (select *, case when problem is null then record end as readable from ({rows})),
            taken as (select {taken} from rows),
            found_below as (select {found_below} from taken),
            recognised as (
                select *, case when not coalesce({asked.shows_at_once()}, false) then readable end as unrecognised
                from found_below
            ),
            looked_at as (select *, {asked.keys("unrecognised")} as keys from recognised),
            owned as (
                select *,
                    case
                        when unrecognised is null or {asked.shows()} then null
                        else nullif(owner_of(readable, {sql.text(source.source)}), '')
                    end as owner,
                    coalesce({no_event}, false) as no_event
                from looked_at
            )
            select
                export_id, position, record,
                case
                    when problem is not null then problem
                    when {asked.may_hold_records() if may_hold_records else "false"} then '{PAGE}'
                    when owner is not null
                        then concat('looks like ', owner, ', not ', {sql.text(source.source)})
                    else nullif(concat_ws(', ', {", ".join(absences)}), '')
                end as problem,
                owner as looks_like,
                {", ".join(personal) or "null as nothing_personal"}
            from owned
        ) to {sql.file_to_write(path)} ({_FORMAT})
    """)


class _Asked:
    """The JSONPaths asked of a record: DuckDB takes all plain ones in one parse, each wildcard in one of its own.

    That of a wildcard is spared where nothing stands at the path before it; of records that have no other top-level
    keys than `keys`, nothing is asked that lies below others.
    """

    def __init__(self, source: Source, keys: Collection[str] | None = None) -> None:
        self._held = keys
        required = [json_path for paths in source.requires.values() for json_path in paths]
        asked = [*required, *source.emails, *source.user_agents]
        asked += [json_path for conditions in source.no_events for json_path in conditions]
        self._holders = _holders(source)
        asked += [json_path for json_path, _ in self._holders]
        self._pattern = _keys_with_meaning(source)
        # Nearly every record shows whose it is by what is asked of it anyway, or by a key or two more; only the others
        # are asked for every key. References never do: their keys are anybody's words.
        own_sets = () if source.kind == "reference" else source.recognised_by
        self._own = [own for own in own_sets if keys is None or set(keys).issuperset(own)]
        missing = {own: [key for key in own if _key_path(key) not in asked] for own in self._own}
        fewest = min(map(len, missing.values()), default=0)
        self._at_once = [own for own, more in missing.items() if len(more) == fewest]
        self._own_keys = list(dict.fromkeys(key for own in self._own for key in own))
        asked += [_key_path(key) for own in self._at_once for key in own]
        asked = [json_path for json_path in asked if self._may_lead(json_path)]
        self._wild = list(dict.fromkeys(json_path for json_path in asked if "[*]" in json_path))
        asked += map(_before_wildcard, self._wild)
        self._plain = list(dict.fromkeys(json_path for json_path in asked if "[*]" not in json_path))

    def takes(self, record: str) -> dict[str, str]:
        """Column name to the expression that takes it out of a record."""
        return {"plain": f"json_extract_string({record}, [{', '.join(map(sql.text, self._plain))}])"}

    def takes_below(self, record: str) -> dict[str, str]:
        """The same of what is taken after that."""
        return {
            f"wild_{number}": f"case when {self.value(_before_wildcard(json_path))} is not null "
            f"then json_extract_string({record}, {sql.text(json_path)}) end"
            for number, json_path in enumerate(self._wild)
        }

    def keys(self, record: str) -> str:
        """Which of the keys that tell whose a record is it has, as `shows` asks for them."""
        return f"json_exists({record}, [{', '.join(sql.text(_key_path(key)) for key in self._own_keys)}])"

    def value(self, json_path: str) -> str:
        """What a path leads to: a text or null; a list of texts where it has a wildcard."""
        if not self._may_lead(json_path):
            return "null::varchar[]" if "[*]" in json_path else "null::varchar"
        if "[*]" in json_path:
            return f"wild_{self._wild.index(json_path)}"
        return f"plain[{self._plain.index(json_path) + 1}]"

    def shows_at_once(self) -> str:
        """Whether a record is the source's own by what was taken of it: sure where true."""
        return _any_of([f"{self.value(_key_path(key))} is not null" for key in own] for own in self._at_once)

    def shows(self) -> str:
        """Whether a record is the source's own by its keys."""
        return _any_of([f"keys[{self._own_keys.index(key) + 1}]" for key in own] for own in self._own)

    def meets(self, requirement: str, paths: Sequence[str]) -> list[str]:
        """Conditions of which one holds where one of the paths leads to what is required."""
        return [
            f"len(list_filter({self.value(path)}, lambda item: {_holds(requirement, 'item')})) > 0"
            if "[*]" in path
            else _holds(requirement, self.value(path))
            for path in paths
            if self._may_lead(path)
        ]

    def is_one_of(self, names: Sequence[str], paths: Sequence[str]) -> list[str]:
        """Conditions of which one holds where one of the plain paths leads to one of the names, without case."""
        listed = ", ".join(sql.text(name.lower()) for name in names)
        plain = [path for path in paths if "[*]" not in path and self._may_lead(path)]
        return [f"list_contains([{listed}], lower({self.value(path)}))" for path in plain]

    def fits(self, conditions: Mapping[str, str]) -> str:
        """Whether all paths lead to their texts, `*` standing for any."""
        return " and ".join(
            f"{self.value(path)} is not null" if text == "*" else f"{self.value(path)} = {sql.text(text)}"
            for path, text in conditions.items()
        )

    def may_hold_records(self) -> str:
        """Whether an object is one that `cutting.py` may find records in."""
        held = [f"coalesce({self.value(path)} ^@ '{bracket}', false)" for path, bracket in self._holders]
        if self._pattern:
            held.append(f"coalesce(len(list_filter(json_keys(readable), lambda key: {self._pattern})) > 0, false)")
        return " or ".join(held) or "false"

    def _may_lead(self, json_path: str) -> bool:
        """Whether a path may lead to something, by its first key."""
        return self._held is None or any(map(self._held.__contains__, _FIRST_KEY.match(json_path).groups()))


class _AskedOfCells(_Asked):
    """The same of rows whose records were built of text cells: these are at hand, and nothing lies below them."""

    def __init__(self, source: Source, cells: Mapping[str, str]) -> None:
        super().__init__(source, cells)
        self._cells = {_key_path(name): cell for name, cell in cells.items()}

    def takes(self, record: str) -> dict[str, str]:
        return {}

    def takes_below(self, record: str) -> dict[str, str]:
        return {}

    def keys(self, record: str) -> str:
        return "null"

    def value(self, json_path: str) -> str:
        return self._cells.get(json_path, "null::varchar[]" if "[*]" in json_path else "null::varchar")

    def shows_at_once(self) -> str:
        return "true" if self._own else "false"

    def shows(self) -> str:
        return "false"


def _holds(requirement: str, value: str) -> str:
    """Whether a text is what is required."""
    return f"regexp_matches({value}, {sql.text(_A_TIME)})" if requirement == "time" else _A_VALUE.format(value)


def _before_wildcard(json_path: str) -> str:
    return json_path.partition("[*]")[0]


def _any_of(alternatives: Iterable[Sequence[str]]) -> str:
    """A condition: all conditions of one alternative hold."""
    return " or ".join(f"({' and '.join(conditions)})" for conditions in alternatives) or "false"


def _holders(source: Source) -> list[tuple[str, str]]:
    """Paths under which an object may hold records, and how the value begins then."""
    pages = [(_path(page.split(".")), "[") for page in source.pages if "*" not in page]
    documents = [("$.data", "["), ("$.included", "["), ("$.relationships", "{")] if source.json_api else []
    return pages + documents + [(_path([key]), "") for key in (*source.envelopes, *source.encoded_envelopes)]


def _keys_with_meaning(source: Source) -> str:
    """A condition on `key` that the keys of pages meet whose keys say something; empty where there are none."""
    likes = [page.replace("*", "%") for page in source.pages if "*" in page]
    return " or ".join(f"key like {sql.text(like)}" for like in likes)


def _path(keys: Sequence[str]) -> str:
    return "$" + "".join(_key_path(key)[1:] for key in keys)


def _key_path(key: str) -> str:
    return f"$.{key}" if key.isidentifier() and key.isascii() else f'$."{key}"'
