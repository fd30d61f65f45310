"""Whatever stands where a value should stand, everybody's events are built: an odd record harms nobody but itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.vendors.reading import EMAIL_SOURCES, build_landed, fixtures, settings_of

ODD = ("", "{", "[1,", ["x"], {"a": 1})
Path = tuple[str | int, ...]


def test_no_odd_value_stops_the_build(tmp_path):
    settings = settings_of(tmp_path)
    for source in EMAIL_SOURCES:
        folder = settings.landing / source
        folder.mkdir(parents=True)
        # A file each, so that none is held for what others hold.
        for number, record in enumerate(odd_records(source)):
            (folder / f"{number}.json").write_text(json.dumps(record))
    reading = build_landed(settings)
    read = reading.rows("select distinct source from pipeline.exports where status = 'published' order by source")
    assert [row["source"] for row in read] == sorted(
        source for source in EMAIL_SOURCES if next(odd_records(source), None)
    )
    assert reading.rows("select count(*) as events from intermediate.int_email_events")[0]["events"] > 0


def odd_records(source: str) -> Iterator[Any]:
    """The JSON values of a source's fixtures, at every place that any of them has one of the odd values."""
    known: set[Path] = set()
    for value in json_values(source):
        for path in paths(value):
            place = tuple(key if isinstance(key, str) else 0 for key in path)
            if place not in known:
                known.add(place)
                yield from (with_value(value, path, odd) for odd in ODD)


def json_values(source: str) -> Iterator[Any]:
    for path in fixtures(source):
        try:
            text = path.read_text(encoding="utf-8-sig")
            lines = [text] if text.rstrip().count("\n") and text[1:2] in "\r\n" else text.splitlines()
            yield from map(json.loads, filter(None, lines))
        except ValueError:  # no text, or no JSON
            continue


def paths(value: Any) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield (key,)
        yield from ((key, *path) for path in paths(below))


def with_value(value: Any, path: Path, odd: Any) -> Any:
    changed = inner = deepcopy(value)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = odd
    return changed
