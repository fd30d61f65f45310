"""A declaration is complete and understood to the last key, or it is refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from orchestration.settings import REPOSITORY
from orchestration.sources import SOURCES, SourceError, load_sources, load_unread_vendors, read_source, recognisable

DECLARATION = {
    "source": "shop",
    "description": "A shop's events.",
    "kind": "email_events",
    "recognised_by": [["shop_id"]],
    "requires": {"recipient": ["$.email"], "type": ['$."event-data".type']},
}


def declare(folder: Path, **changes) -> Path:
    path = folder / "shop.yml"
    content = {key: value for key, value in {**DECLARATION, **changes}.items() if value is not None}
    path.write_text(yaml.safe_dump(content))
    return path


def test_the_shipped_sources_are_those_that_are_built_and_what_goes_with_them():
    project = yaml.safe_load((REPOSITORY / "dbt_project" / "dbt_project.yml").read_text())
    others = {"assignments", "campaigns", "links", "segment", "subscribers"}
    assert SOURCES.keys() == {*project["vars"]["email_event_sources"], *others}
    assert {source.kind for source in SOURCES.values()} == {"email_events", "site_events", "reference"}


def test_a_new_declaration_is_found_by_being_there(tmp_path):
    declare(tmp_path, pages=["items"], emails=["$.to[*].email"])
    (source,) = load_sources(tmp_path).values()
    assert (source.suite, source.reader_version, source.names_carry_data) == ("shop", 1, False)
    assert source.requires["type"] == ('$."event-data".type',) and source.pages == ("items",)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"soruce": "x"}, "unknown keys ['soruce']"),
        ({"description": None}, "'description' is missing"),
        ({"requires": None}, "'requires' is missing"),
        ({"source": "other"}, "must equal the name of its file"),
        ({"source": "Shop"}, "lower-case name"),
        ({"kind": "emails"}, "must be one of email_events"),
        ({"recognised_by": [[]]}, "would recognise everything"),
        ({"recognised_by": ["shop_id"]}, "must be a list of texts"),
        ({"requires": {"recipient": ["email"]}}, "'email' is no JSONPath"),
        ({"requires": {"recipient": "$.email"}}, "must be a list of texts"),
        ({"emails": ["$.a'b"]}, "is no JSONPath"),
        ({"excused": {"time": ["x"]}}, "which 'requires' does not"),
        ({"requires": {"recipient": ["$.email"]}, "excused": {"recipient": ["x"]}}, "needs the requirement 'type'"),
        ({"json_api": 1}, "'json_api' must be true or false"),
        ({"no_events": {"$.a": "b"}}, "must be a list of mappings"),
        ({"no_events": [{"a": "b"}]}, "'a' is no JSONPath"),
        ({"reader_version": "1"}, "whole number"),
        ({"names_carry_data": "yes"}, "true or false"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path, changes: dict, complaint: str):
    path = declare(tmp_path, **changes)
    with pytest.raises(SourceError, match=re.escape(complaint)) as error:
        read_source(path)
    assert str(path) in str(error.value)


def test_what_is_no_yaml_mapping_is_refused(tmp_path):
    path = tmp_path / "shop.yml"
    for content in ("[1", "- a\n", ""):
        path.write_text(content)
        with pytest.raises(SourceError, match=r"YAML|cannot be read"):
            read_source(path)


def test_a_vendor_that_gets_a_declaration_is_no_longer_an_unread_one(tmp_path):
    assert "mailersend" in load_unread_vendors() and "mailersend" in recognisable(SOURCES)
    own = {"mailersend": SOURCES["sendgrid"]}
    assert recognisable(own)["mailersend"] == SOURCES["sendgrid"].recognised_by
