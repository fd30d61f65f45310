"""Texts from outside, as checks and messages show them."""

import pytest

from orchestration.checks.masks import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "joe@example.com from 203.0.113.7 or 2001:db8::7.json",
            "[address] from [network address] or [network address].json",
        ),
        ("2026/joe.o'neil+a@x.example/b.json", "2026/joe.o'[address]/b.json"),
        ("to=joe%40example.com&x", "[address]"),
        ("fe80:0:0:0:1:2:3:4 ::1", "[network address] [network address]"),
        ("export of 2026-09-01 12:30:00, version 1.2.3.json", "export of 2026-09-01 12:30:00, version 1.2.3.json"),
        ("2 of 6 records, more than 5%: no time (2)", "2 of 6 records, more than 5%: no time (2)"),
        ("C:\\x at 12:30:15, 10.5", "C:\\x at 12:30:15, 10.5"),
    ],
)  # fmt: skip
def test_who_somebody_is_and_where_is_masked_and_the_rest_stays(text, shown):
    assert masked(text) == shown
