"""Follow-ups as files in the outbox, the target that needs nothing else: JSON lines and the same as CSV.

Belongs here: these files. They appear complete or not at all, and their owner alone can read them. A sending that is
repeated, because nobody knows whether the first was recorded, replaces its own files.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.disk import sync
from orchestration.follow_ups.message import FIELDS, FollowUp
from orchestration.follow_ups.targets import NotTaken

# What a spreadsheet takes for the beginning of a formula, the full-width forms included (OWASP, CSV Injection): at the
# beginning of a cell, and behind a semicolon, which divides cells where the decimal sign is a comma.
_FORMULA = re.compile('(^|;)(?=[ \u00a0\u3000\ufeff"]*[=+\\-@\uff1d\uff0b\uff0d\uff20])')


@dataclass(frozen=True)
class Files:
    """The folder `outbox/`; each sending is a pair of files named by its time and contents."""

    folder: Path
    name: str = "files"
    at_once: int | None = None
    in_parallel: int = 1

    def send(self, follow_ups: Sequence[FollowUp]) -> None:
        """Write one pair of files. Raises NotTaken where the folder cannot be written."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self.folder / f"{_stem(follow_ups)}.csv", as_csv(follow_ups))
            _write(self.folder / f"{_stem(follow_ups)}.jsonl", as_json_lines(follow_ups))
            sync(self.folder)
        except OSError as error:
            raise NotTaken(f"the outbox cannot be written ({os.strerror(error.errno or 0)})") from None


def as_json_lines(follow_ups: Sequence[FollowUp]) -> str:
    """One JSON object a line, every value as it is."""
    return "".join(json.dumps(follow_up.as_dict(), ensure_ascii=False) + "\n" for follow_up in follow_ups)


def as_csv(follow_ups: Sequence[FollowUp]) -> str:
    """A row each below a header, every cell quoted, absent values empty, and none that a spreadsheet would run."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for follow_up in follow_ups:
        writer.writerow(["" if v is None else harmless(str(v)) for v in follow_up.as_dict().values()])
    return text.getvalue()


def harmless(cell: str) -> str:
    """A text that a spreadsheet shows and does not run: what could begin a formula gets an apostrophe before it.

    Line breaks and tabs become spaces, so that nothing within a cell can come to stand at the beginning of another.
    """
    cell = cell.replace("\r\n", " ").translate({ord(c): " " for c in "\r\n\t\v\f\x00"})
    return _FORMULA.sub(r"\1'", cell)


def _stem(follow_ups: Sequence[FollowUp]) -> str:
    keys = "\n".join(sorted(follow_up.idempotency_key for follow_up in follow_ups))
    newest = max(follow_up.due_at for follow_up in follow_ups)
    return f"follow_ups-{newest:%Y%m%dT%H%M%SZ}-{hashlib.sha256(keys.encode()).hexdigest()[:12]}"


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
