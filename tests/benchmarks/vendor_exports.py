"""Large exports of every vendor, from its fixtures: the same payloads again and again, each time of other people.

Belongs here: writing them, in the layouts that the vendors write. Does not belong here: reading them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import fastavro

from orchestration.sources import SOURCES

FIXTURES = Path(__file__).parents[1] / "fixtures"
# What the fixtures call the people of their payloads; each repetition has people of its own, up to so many.
PERSON, PEOPLE = "reader", 50_000
ROWS_OF_A_PAGE = 200

# The fixtures' ids are short.
AS_LONG_AS_BRAZES = {
    "campaign_id": "3c5f8d2e-6c1b-4a5e-9a39-0d7a4c4f2b10",
    "message_variation_id": "8f0f1f4e-21b5-4a8b-8c5e-6a1d0e3c9b77",
    "dispatch_id": "b1946ac92492d2347c6235b4d2611184",
    "send_id": "64f1a0c2e4b0a1b2c3d4e5f6",
    "external_user_id": "0d7a4c4f-2b10-4a5e-9a39-3c5f8d2e6c1b",
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/15E148",
}

# Vendor, layout, and the fixtures whose payloads fill it.
EXPORTS: tuple[tuple[str, str, str], ...] = (
    ("sendgrid", "JSON lines", "events.ndjson"),
    ("sendgrid", "JSON arrays", "webhook_log.ndjson"),
    ("sendgrid", "CSV", "email_activity.csv"),
    ("activecampaign", "form posts", "webhooks.form"),
    ("braze", "JSON lines", "encodings/events.ndjson"),
    ("braze", "JSON pages", "http.ndjson"),
    ("braze", "Avro", "encodings/events.avro"),
    ("braze", "Parquet", "encodings/events.avro"),
    ("brevo", "JSON lines", "transactional.ndjson"),
    ("customerio", "JSON lines", "reporting.ndjson"),
    ("hubspot", "JSON lines", "events.ndjson"),
    ("hubspot", "JSON pages", "page_1.json"),
    ("iterable", "JSON lines", "webhooks.ndjson"),
    ("iterable", "CSV", "export.csv"),
    ("klaviyo", "JSON pages", "events_page.json"),
    ("listmonk", "JSON pages", "bounces.json"),
    ("listmonk", "CSV", "link_clicks.csv"),
    ("mailchimp", "CSV", "granular_activity/clicks/*.csv"),
    ("mailchimp", "JSON lines", "email_activity.json"),
    ("mailchimp", "JSON pages", "export_api.ndjson"),
    ("mailchimp", "form posts", "webhooks.form"),
    ("mailgun", "JSON lines", "webhook_log.ndjson"),
    ("mailgun", "JSON pages", "events_page.json"),
    ("mailgun", "form posts", "legacy_posts.form"),
    ("mailjet", "JSON arrays", "grouped.json"),
    ("mandrill", "form posts", "posts.form"),
    ("mautic", "JSON pages", "log.ndjson"),
    ("postmark", "JSON lines", "*.json"),
    ("resend", "JSON lines", "log.ndjson"),
    ("ses", "JSON lines", "firehose.ndjson"),
    ("ses", "JSON envelopes", "sns.ndjson"),
    ("sfmc", "CSV", "2026-09-01/Clicks.csv"),
    ("sfmc", "CSV in UTF-16", "2026-09-01/Clicks.csv"),
    ("sparkpost", "JSON arrays", "webhook.json"),
    ("sparkpost", "JSON pages", "events_page.json"),
)


def write(source: str, layout: str, pattern: str, folder: Path, size: int) -> Path:
    """An export of about so many bytes under the name of its fixture. Returns its path."""
    (path, *others) = sorted((FIXTURES / source).glob(pattern))
    target = folder / path.relative_to(FIXTURES / source)
    target.parent.mkdir(parents=True, exist_ok=True)
    if layout in ("Avro", "Parquet"):
        _write_avro(path, target, size)
        if layout == "Parquet":
            return _as_parquet(target)
        return target
    head, lines = _lines(source, layout, [path, *others])
    encoding = "utf-16" if layout == "CSV in UTF-16" else "utf-8"
    with target.open("w", encoding=encoding, newline="") as file:
        file.write(head)
        written = 0
        for line in _repeated(lines):
            written += file.write(line + "\n")
            if written >= size:
                break
    return target


def _lines(source: str, layout: str, paths: list[Path]) -> tuple[str, list[str]]:
    """What stands once at the top of an export, and the lines that are repeated."""
    texts = [path.read_text(encoding="utf-8-sig") for path in paths]
    if layout.startswith("CSV"):
        head, *rows = texts[0].splitlines()
        return head + "\n", rows
    if layout == "form posts":
        return "", texts[0].splitlines()
    values = [value for text in texts for value in _json_values(text)]
    if layout == "JSON lines":
        # Records that a fixture wraps are written as they are without it.
        pages = [page.split(".")[-1] for page in SOURCES[source].pages]
        values = [
            record
            for value in values
            for record in (next((value[p] for p in pages if isinstance(value.get(p), list)), [value]))
        ]
    if layout == "JSON pages":
        values = [_filled(value) for value in values]
    return "", [json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values]


def _json_values(text: str) -> list:
    try:
        value = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return [value]


def _filled(page: dict) -> dict:
    """A page with as many rows as a vendor puts on one, where it holds a list of any."""
    found = dict(page)
    for key, value in page.items():
        if isinstance(value, list) and value and key not in ("included", "_links", "links"):
            found[key] = (value * ROWS_OF_A_PAGE)[:ROWS_OF_A_PAGE]
        elif isinstance(value, dict) and isinstance(value.get("results"), list):
            found[key] = {**value, "results": (value["results"] * ROWS_OF_A_PAGE)[:ROWS_OF_A_PAGE]}
    return found


def _repeated(lines: list[str]) -> Iterator[str]:
    number = 0
    while True:
        for line in lines:
            yield line.replace(PERSON, f"{PERSON}{number % PEOPLE}x")
        number += 1


def _write_avro(path: Path, target: Path, size: int) -> None:
    with path.open("rb") as file:
        reader = fastavro.reader(file)
        schema, rows = reader.writer_schema, list(reader)
    rows = [{name: value and AS_LONG_AS_BRAZES.get(name, value) for name, value in row.items()} for row in rows]
    few = io.BytesIO()
    fastavro.schemaless_writer(few, {"type": "array", "items": schema}, rows)
    people = (
        {**row, "email_address": row["email_address"] and f"{PERSON}{number % PEOPLE}x@example.com"}
        for number in range(max(1, size // len(few.getvalue())))
        for row in rows
    )
    with target.open("wb") as file:
        fastavro.writer(file, schema, people, codec="null")


def _as_parquet(path: Path) -> Path:
    target = path.with_suffix(".parquet")
    with path.open("rb") as file:
        lines = path.with_suffix(".ndjson")
        lines.write_text("".join(json.dumps(row) + "\n" for row in fastavro.reader(file)))
    duckdb.sql(f"copy (select * from read_json('{lines}', sample_size = -1)) to '{target}' (format parquet)")
    lines.unlink()
    path.unlink()
    return target
