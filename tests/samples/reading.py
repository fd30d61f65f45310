"""Reads sample exports back without the pipeline: every wrapping, by nothing but its name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard


@dataclass(frozen=True)
class Record:
    """One delivered record: the text it stood as, what it says, and the file it came in."""

    text: str
    body: dict
    file: Path


def records(landing: Path, source: str) -> Iterator[Record]:
    """Every delivered record of a source, file by file."""
    for file in sorted(p for p in (landing / source).rglob("*") if p.is_file()):
        for line in _text(file).splitlines():
            body = json.loads(line)
            for one in body if isinstance(body, list) else [body]:
                yield Record(json.dumps(one, sort_keys=True), one, file)


def _text(file: Path) -> str:
    data = file.read_bytes()
    if file.suffix == ".gz":
        data = gzip.decompress(data)
    elif file.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.decode()
