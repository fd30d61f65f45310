"""The vendors' own sample payloads load, and what among them is no event is held with its reason."""

from __future__ import annotations

import pytest

from tests.shared import SAMPLES, needs

# Code blocks of the vendor's documentation that show a request, or a part of an event.
NO_EVENTS = {
    "sendgrid": {
        "docs_event_16_unique_arguments.json",
        "docs_event_18_reserved_keys_in_unique_arguments.txt",
        "docs_event_20_custom_arguments.json",
        "docs_event_21_custom_arguments.json",
    },
    # Not all of what Mailgun's pages show is JSON: commas are missing, or there is one too many.
    "mailgun": {
        "docs_bot_opened.as_published.txt",
        "docs_events_05_failed_permanent_delayed_bounce.json",
        "docs_events_07_opened.json",
        "docs_events_08_clicked.json",
        "docs_events_09_unsubscribed.json",
        "docs_events_10_complained.json",
        "docs_events_12_rejected.json",
        "docs_events_14_list_member_upload_error.json",
    },
    "mailjet": set(),
    "mandrill": set(),
    "postmark": set(),
    "brevo": set(),
    "resend": set(),
    "ses": set(),
    "sparkpost": set(),
}

pytestmark = needs(SAMPLES)


@pytest.mark.parametrize("source", NO_EVENTS)
def test_the_vendors_samples_load_but_for_what_is_no_event(bench, source: str):
    names = {path.name for path in (SAMPLES / source).iterdir()}
    for name in names:
        bench.land(f"{source}/{name}", (SAMPLES / source / name).read_bytes())
    report = bench.load(source)
    assert {held.file_name for held in report.held} == NO_EVENTS[source]
    assert all(held.reason.startswith("unreadable: ") for held in report.held)
    # Two pages of a vendor may show the same record.
    assert report.published + report.known == len(names) - len(NO_EVENTS[source])


def test_the_samples_of_other_vendors_are_all_held(bench):
    others = [path for path in SAMPLES.glob("*/*.*") if path.parent.name != "sendgrid"]
    for path in others:
        bench.land(f"sendgrid/{path.parent.name}-{path.name}", path.read_bytes())
    report = bench.load()
    assert report.published == 0
    assert report.held_back == len(others) - report.known
