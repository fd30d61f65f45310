"""What each source looks like: one YAML declaration per source, read into `SOURCES`.

Belongs here: how a record of a vendor is recognised, what it must hold, where its personal fields stand. Does not
belong here: how files are read (`orchestration/exports`) and what a record means (the staging model of the source).

A declaration `<source>.yml` in this folder holds:

    source: sendgrid                  # the folder below landing/, the table below raw; equals the file's name
    description: one sentence
    kind: email_events                # email_events, site_events or reference
    recognised_by: [[a, b], [c]]      # a record with all top-level keys (or CSV headers) of any of these sets is ours;
                                      # what holds records is recognised by its own keys, or by its records
    requires: {recipient: [$.email]}  # requirement -> JSONPaths; one of them must hold a value, and `time` a time
    excused: {recipient: [a_type]}    # record types that need not meet a requirement; compared without case
    emails: [$.email]                 # where addresses of people stand
    user_agents: [$.useragent]        # where user agents stand
    no_events: [{$.Type: Ping}]       # records that need not meet any: each set of JSONPath -> text, "*" for any text
    pages: [items, data.results, mautic.*]  # keys, or paths of keys, under which a page holds its records; with a *
                                            # the key says something itself, and the record keeps it
    envelopes: [Message]              # keys under which an envelope holds its message: an object, or the text of one
    encoded_envelopes: [data]         # likewise, where the message is text in base64
    json_api: false                   # whether pages are JSON:API documents, whose data refer to what is `included`
    names_carry_data: false           # whether the file's name is part of the content (then of its identity too)
    suite: sendgrid                   # the expectation suite of its candidate; default the source's name
    reader_version: 1                 # raise it when a change here may let a held export pass: it is then tried again

JSONPaths are those of DuckDB: `$.a.b`, `$."smtp-id"`, `$.items[*].email`.

Vendors whose files can be told apart but are not read stand in `unread/vendors.yml`, so that a stray file is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
KINDS = ("email_events", "site_events", "reference")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_JSON_PATH = re.compile(r'\$(\.([A-Za-z_][A-Za-z0-9_]*|"[^"\']+")|\[(\*|\d+)\])+')


class SourceError(ValueError):
    """A declaration that cannot be used; the message names the file, the key and what to write instead."""


@dataclass(frozen=True)
class Source:
    """One source's declaration; the module's docstring says what each field means."""

    source: str
    description: str
    kind: str
    recognised_by: tuple[tuple[str, ...], ...]
    requires: Mapping[str, tuple[str, ...]]
    excused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    emails: tuple[str, ...] = ()
    user_agents: tuple[str, ...] = ()
    no_events: tuple[Mapping[str, str], ...] = ()
    pages: tuple[str, ...] = ()
    envelopes: tuple[str, ...] = ()
    encoded_envelopes: tuple[str, ...] = ()
    json_api: bool = False
    names_carry_data: bool = False
    suite: str = ""
    reader_version: int = 1


def load_sources(folder: Path = FOLDER) -> dict[str, Source]:
    """Every declaration of a folder by source name, in order of the names. Raises SourceError."""
    return {path.stem: read_source(path) for path in sorted(folder.glob("*.yml"))}


def read_source(path: Path) -> Source:
    """One declaration. Raises SourceError where it is not complete and understood to the last key."""
    declared = _read_mapping(path)
    known = {f.name for f in fields(Source)}
    _demand(
        not declared.keys() - known, path, f"unknown keys {sorted(declared.keys() - known)}; known are {sorted(known)}"
    )
    for key in ("source", "description", "kind", "recognised_by", "requires"):
        _demand(declared.get(key), path, f"'{key}' is missing; the docstring of orchestration/sources lists the keys")
    name = declared["source"]
    _demand(isinstance(name, str) and _NAME.fullmatch(name), path, f"source {name!r} must be a lower-case name")
    _demand(name == path.stem, path, f"source {name!r} must equal the name of its file")
    _demand(declared["kind"] in KINDS, path, f"kind {declared['kind']!r} must be one of {', '.join(KINDS)}")
    source = Source(
        source=name,
        description=str(declared["description"]).strip(),
        kind=declared["kind"],
        recognised_by=_key_sets(path, declared["recognised_by"]),
        requires=_lists(path, "requires", declared["requires"]),
        excused=_lists(path, "excused", declared.get("excused", {})),
        emails=_texts(path, "emails", declared.get("emails", [])),
        user_agents=_texts(path, "user_agents", declared.get("user_agents", [])),
        no_events=_conditions(path, declared.get("no_events", [])),
        pages=_texts(path, "pages", declared.get("pages", [])),
        envelopes=_texts(path, "envelopes", declared.get("envelopes", [])),
        encoded_envelopes=_texts(path, "encoded_envelopes", declared.get("encoded_envelopes", [])),
        json_api=declared.get("json_api", False),
        names_carry_data=declared.get("names_carry_data", False),
        suite=declared.get("suite", name),
        reader_version=declared.get("reader_version", 1),
    )
    paths = [*source.emails, *source.user_agents, *(p for paths in source.requires.values() for p in paths)]
    paths += [json_path for conditions in source.no_events for json_path in conditions]
    for json_path in paths:
        _demand(_JSON_PATH.fullmatch(json_path), path, f"{json_path!r} is no JSONPath; write for instance $.user.email")
    for requirement in [*source.requires, *source.excused]:
        _demand(_NAME.fullmatch(requirement), path, f"requirement {requirement!r} must be a lower-case name")
    unmet = source.excused.keys() - source.requires.keys()
    _demand(not unmet, path, f"'excused' names {sorted(unmet)}, which 'requires' does not")
    _demand(not source.excused or "type" in source.requires, path, "'excused' needs the requirement 'type'")
    _demand(type(source.names_carry_data) is bool, path, "'names_carry_data' must be true or false")
    _demand(type(source.json_api) is bool, path, "'json_api' must be true or false")
    _demand(type(source.reader_version) is int, path, "'reader_version' must be a whole number")
    return source


def load_unread_vendors(path: Path = FOLDER / "unread" / "vendors.yml") -> dict[str, tuple[tuple[str, ...], ...]]:
    """Key sets of vendors that are recognised and not read, by name. Raises SourceError."""
    return {name: _key_sets(path, key_sets) for name, key_sets in _read_mapping(path).items()}


def recognisable(sources: Mapping[str, Source]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Key sets of everything that can be told apart: the given sources, then the vendors that nobody reads yet."""
    return {
        **{name: key_sets for name, key_sets in load_unread_vendors().items() if name not in sources},
        **{name: source.recognised_by for name, source in sources.items()},
    }


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error
    _demand(isinstance(content, dict), path, "must be a YAML mapping of keys to values")
    return content


def _demand(condition: Any, path: Path, complaint: str) -> None:
    if not condition:
        raise SourceError(f"{path}: {complaint}.")


def _texts(path: Path, key: str, value: Any) -> tuple[str, ...]:
    good = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    _demand(good, path, f"'{key}' must be a list of texts, not {value!r}")
    return tuple(value)


def _lists(path: Path, key: str, value: Any) -> dict[str, tuple[str, ...]]:
    _demand(isinstance(value, dict), path, f"'{key}' must map names to lists, not {value!r}")
    return {name: _texts(path, f"{key}.{name}", items) for name, items in value.items()}


def _conditions(path: Path, value: Any) -> tuple[dict[str, str], ...]:
    good = isinstance(value, list) and all(
        isinstance(conditions, dict) and conditions and all(isinstance(text, str) for text in conditions.values())
        for conditions in value
    )
    _demand(good, path, f"'no_events' must be a list of mappings from JSONPaths to texts, not {value!r}")
    return tuple(value)


def _key_sets(path: Path, value: Any) -> tuple[tuple[str, ...], ...]:
    _demand(isinstance(value, list) and value, path, f"a list of lists of keys is needed, not {value!r}")
    key_sets = tuple(_texts(path, "recognised_by", keys) for keys in value)
    _demand(all(key_sets), path, "a set of keys in 'recognised_by' is empty and would recognise everything")
    return key_sets


SOURCES: dict[str, Source] = load_sources()
