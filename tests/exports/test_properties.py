"""However records are split into files and wrapped, the same records arrive, each as often as it was landed."""

from __future__ import annotations

import csv
import io
import json
import random
import tempfile
from collections import Counter
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.exports import containers, json_text, readers, strict_json
from orchestration.exports.batch import is_of_the_export, open_reader
from orchestration.exports.containers import Spool, unpack
from orchestration.exports.formats import HEAD_BYTES, Kind, recognise
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from tests.exports.conftest import make_bench
from tests.exports.wrapping import PACKINGS, SHAPES, zipped

SLOW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@st.composite
def events(draw) -> str:
    """A SendGrid event as a vendor might spell it: any extra fields, escapes or none, blanks or none."""
    event = {"email": "reader@example.com", "timestamp": draw(st.integers(10**9, 2 * 10**9)), "event": "open"}
    event["custom"] = draw(values)
    event["sg_event_id"] = draw(st.text("abc", min_size=1, max_size=3))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " :\t")]))
    return json.dumps(event, ensure_ascii=draw(st.booleans()), separators=separators)


@SLOW
@given(records=st.lists(events(), min_size=1, max_size=12), seed=st.integers(0, 10**6))
def test_any_split_and_wrapping_gives_the_same_multiset_of_records(records: list[str], seed: int):
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder) / "home")
        landed: Counter[str] = Counter()
        contents = set()
        start = number = 0
        while start < len(records):
            piece = records[start : start + chance.randint(1, len(records))]
            start += len(piece)
            number += 1
            shape = chance.choice([name for name in SHAPES if name != "pretty_array"])
            content = SHAPES[shape](piece).encode()
            bench.land(f"sendgrid/{number}/{shape}", PACKINGS[chance.choice(list(PACKINGS))](content))
            if content not in contents:  # the same content again is the same export
                contents.add(content)
                landed.update(piece)
        report = bench.load()
        assert report.held == []
        assert Counter(bench.raw()) == landed


@SLOW
@given(
    pieces=st.lists(events() | st.sampled_from(["{", "[1", '{"a":', "garbage", '"', "17", "{},", '{"a":NaN}', "]"]),
                    min_size=1, max_size=10)
)  # fmt: skip
@example(pieces=['{"a":1}', "{", '{"a":NaN}', '{"a":2}', '{"a":3}', "]"])
def test_no_sound_line_is_lost_between_damaged_ones(pieces: list[str]):
    found = [record.text for record in json_text.records(["\n".join(pieces)]) if record.problem is None]
    sound = [piece for piece in pieces if strict_json.is_strict(piece) and piece != "{},"]
    assert Counter(sound) - Counter(found) == Counter()


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t"), max_size=6)


@SLOW
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
)
def test_duckdb_and_the_patient_reader_agree_on_delimited_text(rows: list[list[str]], delimiter: str):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["a", "b", "c"], *rows])
    _agree(file.getvalue().encode())


@SLOW
@given(records=st.lists(events(), min_size=1, max_size=8), shape=st.sampled_from(sorted(SHAPES)))
def test_duckdb_and_the_patient_reader_agree_on_json(records: list[str], shape: str):
    _agree(SHAPES[shape](records).encode())


def _agree(content: bytes) -> None:
    """What DuckDB reads is what the patient reader reads; it may also leave it to that one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        spool = Spool(Path(folder) / "work")
        small, containers.SMALL_BYTES = containers.SMALL_BYTES, 0
        try:
            (part,) = unpack(path, spool, Settings())
        finally:
            containers.SMALL_BYTES = small
        form = recognise(part.content.head(HEAD_BYTES), complete=True)
        patient = list(readers.read(part.content, form, SOURCES["sendgrid"]))
        reader = open_reader(Settings(home=Path(folder)), folders=[Path(folder)])
        scan = readers.scan(reader, part.content, form, spool, 10**9)
        try:
            scanned = (
                [row for (row,) in reader.execute(f"select record from {scan.table}").fetchall()] if scan else None
            )
        except duckdb.Error as error:
            assert is_of_the_export(error)
            scanned = None
        if scanned is not None and None not in scanned and all(row.startswith("{") for row in scanned):
            if form.kind is Kind.DELIMITED:  # the text of a row is ours to spell
                assert list(map(json.loads, scanned)) == [json.loads(record.text) for record in patient]
            else:
                assert scanned == [record.text for record in patient]
        assert all(record.problem is None for record in patient)


def test_an_archive_of_many_members_is_the_same_as_its_folder():
    contents = {f"{number}.json": json.dumps({"email": f"r{number}@example.com", "timestamp": 1788249600,
                "event": "open"}).encode() for number in range(50)}  # fmt: skip
    raw = []
    for is_zipped in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            bench = make_bench(Path(folder) / "home")
            if is_zipped:
                bench.land("sendgrid/all.zip", zipped(contents))
            else:
                for name, content in contents.items():
                    bench.land(f"sendgrid/{name}", content)
            bench.load()
            raw.append(bench.query("select * from raw.sendgrid order by all"))
    assert raw[0] == raw[1] and len(raw[0]) == 50
