"""A vendor that does not exist joins a copy of the project by what docs/adding-a-source.md says, and by that alone.

`acme/` holds what the page asks to write, laid out as the project is; the suite is copied and the lists are extended
here, as the page has it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
WRITTEN = Path(__file__).parent / "acme"
PAGE = (PROJECT / "docs" / "adding-a-source.md").read_text(encoding="utf-8")


def copied(folder: Path) -> Path:
    """A copy of the project without other vendors' fixtures and traps, so that only the new vendor's are loaded."""
    others = ("fixtures", "traps", "acme", Path(__file__).name)
    leave_out = shutil.ignore_patterns("target", "logs", "__pycache__", ".*", *others)
    for part in ("orchestration", "dbt_project", "expectations", "tests"):
        shutil.copytree(PROJECT / part, folder / part, ignore=leave_out)
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Every file of a project and a digest of what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write_new_files(project: Path) -> None:
    """Steps 1 to 3 and 5 of the page."""
    shutil.copytree(WRITTEN, project, dirs_exist_ok=True)
    suites = project / "expectations" / "suites"
    suite = json.loads((suites / "postmark.json").read_text())
    (suites / "acme.json").write_text(json.dumps({**suite, "name": "acme"}))


def extend_lists(project: Path) -> None:
    """Step 4 of the page."""
    variables = project / "dbt_project" / "dbt_project.yml"
    variables.write_text(variables.read_text().replace("email_event_sources: [", "email_event_sources: [acme,"))
    with (project / "dbt_project" / "seeds" / "email_service_providers.csv").open("a") as seed:
        seed.write("acme,true\n")


@pytest.fixture(scope="module")
def changes(tmp_path_factory) -> tuple[Path, set[str], set[str]]:
    """The copy with the vendor in it, the files that are new in it, and those that changed."""
    project = copied(tmp_path_factory.mktemp("project"))
    before = contents(project)
    write_new_files(project)
    extend_lists(project)
    after = contents(project)
    assert before.keys() <= after.keys()
    return project, after.keys() - before.keys(), {name for name in before if after[name] != before[name]}


def test_every_new_file_is_one_that_the_page_names(changes):
    _, new, _ = changes
    named = set(re.findall(r"`([^`\s]*/acme[^`\s]*)`", PAGE))
    assert {name for name in new if not any(name == path or name.startswith(path) for path in named)} == set()
    assert {path for path in named if not any(name.startswith(path) for name in new)} == set()


def test_no_file_changes_but_the_lists_that_the_page_names(changes):
    _, _, changed = changes
    lists = PAGE.partition("## 4. The lists")[2].partition("## 5.")[0]
    assert changed == set(re.findall(r"^- `([^`]+)`", lists, re.MULTILINE))


def test_the_new_source_is_read_to_canonical_events(changes, tmp_path):
    project, _, _ = changes
    command = re.search(r"`python (-m pytest tests/vendors -k acme)`", PAGE).group(1).split()
    result = subprocess.run(
        [sys.executable, *command, "--verbose", "-p", "no:cacheprovider", "--basetemp", tmp_path / "tests"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    for test in (
        "test_the_fixtures_are_read_as_the_table_beside_them_says[acme]",
        "test_no_fixture_is_held_back[acme]",
        "test_every_trap_is_set_or_cannot_occur[acme]",
        "test_a_trap_is_read_or_held_as_it_must_be[acme-number_as_string-1]",
        "test_whose_a_file_is_shows_in_any_folder[acme]",
    ):
        assert re.search(re.escape(test) + r" PASSED", result.stdout), test
