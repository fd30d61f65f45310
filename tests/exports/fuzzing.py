"""One input of any bytes, through everything that reads files: what a fuzzer calls, and the fuzzer itself.

Run as a program it lets Atheris look for an input that crashes or hangs a reader: `python -m tests.exports.fuzzing
<seconds> <folder for the corpus>`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

FIXTURES = Path(__file__).parents[1] / "fixtures"
# Sources that are read in ways of their own.
SOURCES_READ = ("sendgrid", "mandrill", "klaviyo", "ses", "mailchimp", "braze", "subscribers")


def read_everything(data: bytes, folder: Path) -> int:
    """Unpack bytes and read them as exports of several sources. Returns how many records were found.

    Raises whatever a reader raises that it should not.
    """
    from orchestration.exports import readers
    from orchestration.exports.avro import AvroError
    from orchestration.exports.containers import Spool, unpack
    from orchestration.exports.formats import HEAD_BYTES, FormatError, Kind, recognise
    from orchestration.settings import Settings
    from orchestration.sources import SOURCES

    settings = Settings(home=folder, max_unpacked_bytes=4_000_000, max_archive_members=50, max_compression_ratio=100)
    path, spool, found = folder / "input", Spool(folder / "spool"), 0
    path.write_bytes(data)
    try:
        for part in unpack(path, spool, settings):
            if part.problem:
                continue
            for name in SOURCES_READ:
                try:
                    head = part.content.head(HEAD_BYTES)
                    form = recognise(head, complete=part.content.size <= HEAD_BYTES)
                    found += sum(1 for _ in readers.read(part.content, form, SOURCES[name]))
                    if form.kind is Kind.DELIMITED:
                        readers.header(part.content, form)
                except (FormatError, AvroError):
                    pass  # an export that nobody can read is held, with this as its reason
    finally:
        spool.remove()
    return found


def main(seconds: int, corpus: Path) -> None:
    """Fuzz for so long. Ends the process: 0 where nothing was found."""
    import atheris

    corpus.mkdir(parents=True, exist_ok=True)
    # What is imported here reports which of its branches ran: without that the fuzzer guesses blindly.
    with atheris.instrument_imports(include=["orchestration.exports"]):
        read_everything(b"[]", corpus.parent)

    for number, path in enumerate(sorted(p for p in FIXTURES.rglob("*") if p.is_file() and p.stat().st_size < 20_000)):
        (corpus / f"{number:04d}").write_bytes(path.read_bytes())
    folder = Path(tempfile.mkdtemp(dir=corpus.parent))
    options = [f"-max_total_time={seconds}", "-timeout=30", "-rss_limit_mb=4096", "-max_len=65536"]
    options.append(f"-artifact_prefix={corpus.parent}/found-")
    atheris.Setup([sys.argv[0], str(corpus), *options], lambda data: read_everything(data, folder) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
