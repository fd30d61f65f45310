"""Real payloads of the vendors, where they lie beside this checkout, against an independent reading of them.

Every shape among them also stands re-created under `tests/fixtures` and in the staging models' unit tests.
"""

import csv
import json
import re
import shutil
from datetime import UTC

import pytest

from tests.pipeline.running import canonical_events, failure, run, settings_of, stored
from tests.shared import SAMPLES, needs

EVENTS = {
    "DELIVERED": "delivered",
    "DROPPED": "dropped",
    "BOUNCE": "bounced",
    "DEFERRED": "deferred",
    "RECEIVED": "sent",
    "CLICK": "clicked",
    "OPEN": "opened",
    "SPAM": "complained",
    "UNSUBSCRIBE": "unsubscribed",
}
# The independent reader's name of a vendor, and ours.
BRIDGES = {
    "Brevo": "brevo",
    "Mailchimp": "mandrill",
    "Mailgun": "mailgun",
    "Mailjet": "mailjet",
    "Postmark": "postmark",
    "Resend": "resend",
    "Sendgrid": "sendgrid",
}
# Two events of one body share their sg_event_id; an id names one event (esp_formats, section 8), so one of them stands.
SHARED_ID = ("sendgrid", "batch")

# A suppression that follows from a bounce is no second loss of the reader, and no wish of theirs (section 2).
# An address that does not exist bounces, whoever found out (section 8); the sample called `error` holds such an event.
READ_OTHERWISE = {
    ("postmark", "subscription_change"): "control",
    ("brevo", "invalid_email"): "bounced",
    ("brevo", "error"): "bounced",
}
# Where they read as a reason what the server said when it took the message, there is none: nothing went wrong.
NO_REASON = {("mailgun", "delivered_messages"), ("mailjet", "sent")}
# They leave out what exactly was wrong.
LONGER_REASON = {("mailjet", "blocked"): "mailjet: preblocked"}

pytestmark = needs(SAMPLES)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    home = tmp_path_factory.mktemp("vendors")
    for esp in BRIDGES.values():
        shutil.copytree(SAMPLES / esp, home / "landing" / esp)
    settings = settings_of(home)
    result = run(settings, canonical_events(settings))
    assert result.success, failure(result)
    return settings


def readings():
    if not SAMPLES.exists():
        return []
    with (SAMPLES / "symfony_expected.tsv").open() as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["bridge"] in BRIDGES]


@pytest.mark.parametrize("reading", readings(), ids=lambda r: f"{r['bridge']}-{r['fixture']}-{r['idx']}")
def test_an_event_is_read_as_the_independent_reader_reads_it(loaded, reading):
    esp = BRIDGES[reading["bridge"]]
    sample = (esp, reading["fixture"])
    rows = stored(
        loaded,
        f"""
        select events.event_type, events.recipient_email, events.esp_message_id, events.source_event_id, events.reason,
            events.occurred_at
        from staging.stg_{esp}__events as events join pipeline.exports using (export_id)
        where file_name = 'symfony_{reading["fixture"]}.json' and position = {int(reading["idx"]) + 1}
        """,
    )
    ((event_type, email, message_id, event_id, reason, occurred_at),) = rows
    assert event_type == READ_OTHERWISE.get(sample, EVENTS[reading["name"]])
    assert email == re.search(r'"RecipientEmail": "\'(.+?)\'"', reading["setters"]).group(1)
    if esp == "mailgun":  # theirs is the event's
        assert event_id.startswith(reading["message_id"])
    else:
        assert reading["message_id"].strip("<>").startswith(message_id)
    if literal := json.loads(reading["setters"]).get("Reason"):
        said = " ".join(literal[1:-1].replace("\\n", " ").split()) or None
        expected = None if sample in NO_REASON else LONGER_REASON.get(sample, said)
        assert (" ".join(reason.split()) if reason else None) == expected
    epoch = re.search(r"'U(?:\.u)?', '?([\d.]+)'?\)", reading["setters"])
    if epoch:
        assert occurred_at.replace(tzinfo=UTC).timestamp() == float(epoch.group(1))
    iso = re.search(r"'(\d{4}-\d\d-\d\dT[\d:]+)[.\d]*Z'", reading["setters"])
    if iso:
        assert occurred_at.isoformat()[:19] == iso.group(1)


def test_of_two_events_that_share_an_id_one_stands(loaded):
    esp, fixture = SHARED_ID
    assert stored(
        loaded,
        f"""
        select count(*) from intermediate.int_email_events as events join pipeline.exports using (export_id)
        where esp = '{esp}' and file_name in ('symfony_{fixture}.json', 'symfony_webhook.json')
        """,
    ) == [(1,)]


def test_documents_that_hold_no_event_are_held_back_with_a_reason(loaded):
    held = stored(
        loaded, "select file_name, reason from pipeline.exports where status = 'quarantined' order by file_name"
    )
    names = {name for name, _ in held}
    assert "docs_event_16_unique_arguments.json" in names
    assert all(reason for _, reason in held)
    assert not [name for name in names if name.startswith("symfony")]
