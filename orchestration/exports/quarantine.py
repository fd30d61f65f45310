"""The quarantine: what was held back, verbatim, with its reasons, readable by the owner alone.

Belongs here: the folder `quarantine/<source>/<export_id>/`. Does not belong here: the decision (`decisions.py`).

A folder holds `report.json` (why, how often, what to do next), `records.jsonl` (each rejected record: position, reason,
record) and, of an export that is held whole, `original`: the file as it came, or the member of its archive. A record
that is not UTF-8 is written with each byte as the Latin-1 character of the same number. The folder appears at once,
complete, and before the ledger speaks of it: whoever dies in between does the same again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from orchestration.exports.containers import Content
from orchestration.exports.json_text import CONTINUED

ORIGINAL = "original"
RECORDS = "records.jsonl"
REPORT = "report.json"
_END = b'"}\n'


class Rejected(NamedTuple):
    """A record that is not readable: its position in the export counts from 1.

    One that is too long to be held whole comes in pieces, one after another; `reason` then only numbers those that
    follow the first.
    """

    position: int
    reason: str
    record: str


def folder(root: Path, source: str, export_id: str) -> Path:
    """Where an export's held parts lie."""
    return root / source / export_id


def keep(
    root: Path,
    source: str,
    export_id: str,
    report: Mapping[str, Any],
    rejected: Iterable[Rejected],
    original: Content | None,
    keep_out: Callable[[Path], int] = lambda folder: 0,
) -> Path:
    """Put an export's held parts into the quarantine, in the place of what lay there of it before.

    `keep_out` may remove something from the folder before it appears, and returns how much.
    """
    target = folder(root, source, export_id)
    for parent in (root, target.parent):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{export_id}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    reasons: Counter[str] = Counter()
    with _private(draft / RECORDS) as file:
        for item in rejected:
            if not item.reason.startswith(CONTINUED):
                file.write(_END if reasons else b"")
                reasons[item.reason] += 1
                file.write(f'{{"position": {item.position}, "reason": {_quoted(item.reason)}, "record": "'.encode())
            file.write(_quoted(item.record)[1:-1].encode())
        file.write(_END if reasons else b"")
    if not reasons:
        (draft / RECORDS).unlink()
    if original is not None:
        with original.open() as source_file, _private(draft / ORIGINAL) as file:
            shutil.copyfileobj(source_file, file, 1 << 20)
    left_out = keep_out(draft)
    kept = sorted(path.name for path in draft.iterdir())
    with _private(draft / REPORT) as file:
        content = {**report, "reasons_of_records": dict(reasons.most_common()), "kept_beside": kept}
        if left_out:
            content["left_out"] = f"{left_out:,} of what was held, since it speaks of people who were erased"
        file.write((json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n").encode())
    forget(root, source, export_id)
    os.rename(draft, target)
    return target


def read_report(folder: Path) -> dict[str, Any]:
    """What is told of an export whose parts are held in this folder; empty where none are."""
    try:
        return json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def forget(root: Path, source: str, export_id: str) -> None:
    """Remove what is kept of an export that is held no longer."""
    shutil.rmtree(folder(root, source, export_id), ignore_errors=True)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _private(path: Path):
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
