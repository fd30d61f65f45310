"""Whatever bytes land, a load ends, nothing raises, and every file comes to a known end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.settings import REPOSITORY
from tests.exports.conftest import make_bench
from tests.exports.fuzzing import FIXTURES, SOURCES_READ, read_everything

SEEDS = [p.read_bytes() for p in sorted(FIXTURES.rglob("*")) if p.is_file() and p.stat().st_size < 4_000]


@st.composite
def damaged(draw) -> bytes:
    """A sample export of some vendor, cut, spliced, flipped and repeated here and there; or any bytes at all."""
    data = bytearray(draw(st.one_of(st.sampled_from(SEEDS), st.binary(max_size=300))))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 40))
        match draw(st.sampled_from(["cut", "insert", "flip", "repeat", "splice"])):
            case "cut":
                del data[at : at + length]
            case "insert":
                data[at:at] = draw(st.binary(max_size=20))
            case "flip" if data:
                data[at] ^= draw(st.integers(1, 255))
            case "repeat":
                data[at:at] = data[at : at + length] * draw(st.integers(1, 30))
            case "splice":
                other = draw(st.sampled_from(SEEDS))
                data[at:] = other[at:]
    return bytes(data)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=st.lists(damaged(), min_size=1, max_size=6), source=st.sampled_from(SOURCES_READ))
def test_every_file_of_any_bytes_comes_to_a_known_end(files: list[bytes], source: str):
    with tempfile.TemporaryDirectory() as folder:
        bench = make_bench(Path(folder) / "home")
        for number, content in enumerate(files):
            bench.land(f"{source}/{number}.bin", content)
        report = bench.load(source)
        known = {row[1] for row in bench.query("select export_id, status from pipeline.exports")}
        assert known <= {"published", "quarantined"}
        assert report.published + report.held_back == len(bench.ledger())
        assert sum(row[8] for row in bench.ledger()) == len(bench.raw(source))
        assert bench.load(source).published == 0, "what was dealt with is not read again"


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=damaged())
@example(data="a=b&c=d\r\n".encode("utf-16") + b"\n")  # half a character at the end
@example(data=b'\n""""""""""$"""""\n""""""""""""""\xd6\xdd""""""')  # quotes around line breaks where no cell has any
def test_no_reader_raises_what_it_should_not(data: bytes):
    with tempfile.TemporaryDirectory() as folder:
        read_everything(data, Path(folder))


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_coverage_guided_fuzzer_finds_no_crash_and_no_hang(tmp_path):
    pytest.importorskip("atheris")
    seconds = os.environ.get("FUZZ_SECONDS", "3600")
    command = [sys.executable, "-m", "tests.exports.fuzzing", seconds, str(tmp_path / "corpus")]
    fuzzed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    found = [path.read_bytes() for path in tmp_path.glob("found-*")]
    assert fuzzed.returncode == 0, (fuzzed.stderr[-3000:], found)
    # Blind, it would keep the one input that it began with.
    branches = [int(number) for number in re.findall(r"^#\d+\s+\w+\s+cov: (\d+)", fuzzed.stderr, re.MULTILINE)]
    assert branches and branches[-1] > 500, "the fuzzer sees which branches an input takes"
