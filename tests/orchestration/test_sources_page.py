"""The page of sources is what the YAML says, and the YAML says what the models do."""

from __future__ import annotations

import re

import pytest
import yaml

from orchestration.sources import SOURCES
from orchestration.sources.page import PAGE, STAGING, not_given, page

EMAIL_SOURCES = [name for name, source in SOURCES.items() if source.kind == "email_events"]
_TYPED_NULL = re.compile(r"^ +cast\(null as [^\n]*\) as (\w+),?$", re.MULTILINE)


def test_the_page_is_what_the_generator_writes():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


@pytest.mark.parametrize("name", EMAIL_SOURCES)
def test_what_a_vendor_does_not_give_is_what_its_model_never_fills(name: str):
    model = STAGING / name / f"stg_{name}__events.sql"
    final = model.read_text(encoding="utf-8").partition("final as (")[2]
    assert not_given(yaml.safe_load(model.with_suffix(".yml").read_text(encoding="utf-8"))) == _TYPED_NULL.findall(
        final
    )


@pytest.mark.parametrize("name", EMAIL_SOURCES)
def test_the_page_names_every_vendor_with_its_formats_and_its_gaps(name: str):
    section = page({name: SOURCES[name]})
    assert f"## {name}" in section
    assert "| formats |" in section and "| events |" in section and "| not given |" in section
