"""What vendors do that breaks readers, source by source (the tables of `traps/`)."""

from __future__ import annotations

import pytest

from tests.vendors.reading import EMAIL_SOURCES, TRAP_NAMES, Trap, as_text, declared_traps, traps


@pytest.mark.parametrize("source", EMAIL_SOURCES)
def test_every_trap_is_set_or_cannot_occur(source: str):
    declared = declared_traps(source)
    assert set(TRAP_NAMES) <= declared.keys()
    for name, cases in declared.items():
        assert isinstance(cases, list) or (isinstance(cases, str) and cases), name
        for case in cases if isinstance(cases, list) else []:
            assert case.keys() <= {"content", "encoding", "file", "reads", "held"}, name
            assert ("reads" in case) != ("held" in case), f"{name}: a file is either read or held"


@pytest.mark.parametrize("trap", traps(), ids=str)
def test_a_trap_is_read_or_held_as_it_must_be(reading, trap: Trap):
    file_name = trap.landed.removeprefix(f"{trap.source}/")
    export = reading.export(trap.source, file_name)
    if trap.held is not None:
        assert export["status"] == "quarantined" and trap.held in export["reason"], export["reason"]
        return
    assert (export["status"], export["records_rejected"]) == ("published", 0), export["reason"]
    rows = reading.staged(trap.source, file_name.rpartition("/")[0])
    told = [{name: as_text(row[name]) for name in expected} for row, expected in zip(rows, trap.reads, strict=False)]
    assert (len(rows), told) == (
        len(trap.reads),
        [{name: as_text(value) for name, value in expected.items()} for expected in trap.reads],
    )
