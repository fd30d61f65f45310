"""The same records in every wrapping that the landing zone accepts."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Sequence

import zstandard

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "zstd": lambda content: zstandard.ZstdCompressor().compress(content),
    "zip": lambda content: zipped({"export": content}),
    "gzip in zip": lambda content: zipped({"inner.gz": gzip.compress(content)}),
}


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP of members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members: dict[str, bytes], mode: str) -> bytes:
    """A tar archive of members, packed as the mode says."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def lines(records: Sequence[str]) -> str:
    return "".join(record + "\n" for record in records)


def lines_without_last_newline(records: Sequence[str]) -> str:
    return "\n".join(records)


def lines_with_blank_ones(records: Sequence[str]) -> str:
    return "\n\r\n" + "\r\n\r\n".join(records) + "\n \n"


def array(records: Sequence[str]) -> str:
    return "[" + ",".join(records) + "]"


def array_over_lines(records: Sequence[str]) -> str:
    return "[\r\n  " + ",\r\n  ".join(records) + "\r\n]\r\n"


def pretty_array(records: Sequence[str]) -> str:
    return json.dumps([json.loads(record) for record in records], indent=2, ensure_ascii=False)


def arrays_per_line(records: Sequence[str]) -> str:
    return "".join("[" + ",".join(records[start : start + 2]) + "]\n" for start in range(0, len(records), 2))


def concatenated(records: Sequence[str]) -> str:
    return "".join(records)


SHAPES: dict[str, Callable[[Sequence[str]], str]] = {
    shape.__name__: shape
    for shape in (
        lines,
        lines_without_last_newline,
        lines_with_blank_ones,
        array,
        array_over_lines,
        pretty_array,
        arrays_per_line,
        concatenated,
    )
}
