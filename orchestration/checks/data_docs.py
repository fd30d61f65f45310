"""Data Docs: Great Expectations' report of the newest checks, as pages that need no internet.

Belongs here: keeping the newest outcomes of each suite, rendering them, replacing the folder. Does not belong here:
running checks. Great Expectations' own renderer words each expectation; the frame around it is ours (`templates/`),
since its pages load styles, icons and scripts from other hosts and call home with each visit. Pages hold counts and the
names of columns and exports, never a checked value.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import jinja2

from orchestration.checks.outcome import Outcome
from orchestration.checks.suites import UNEXPECTED_ROWS, Expectation, Suite
from orchestration.disk import shared

_NEWEST = "newest.json"
_TEMPLATES = Path(__file__).parent / "templates"
_NAMED_EXPORTS = 5
_STATES = ("refused", "warned", "passed")
_GATES = {
    "first": "First gate: exports, before they become raw",
    "second": "Second gate: canonical events, before the marts",
    "third": "Third gate: marts, before publication",
}


@dataclass(frozen=True)
class Finding:
    """What a page shows of one expectation. `state` is passed, warned or refused.

    `involved` are some of the `exports` that are, by number, involved: (export_id, what it showed by itself or '').
    """

    expectation: str
    state: str
    observed: str
    involved: Sequence[tuple[str, str]]
    exports: int


def build_data_docs(
    directory: Path, suites: Mapping[str, Suite], outcomes: Sequence[Outcome], *, checked_at: datetime
) -> Path:
    """Write the pages anew with these outcomes, checked at that time (UTC), and return the path of `index.html`.

    A suite without outcomes among them keeps what the pages showed of it; one that is no longer in `suites` leaves. The
    folder is replaced at once: a reader sees the former pages or the new ones.
    """
    newest = _newest(directory)
    for name, suite in suites.items():
        own = [outcome for outcome in outcomes if outcome.suite == name]
        if own:
            newest[name] = {
                "checked_at": checked_at.isoformat(sep=" ", timespec="seconds"),
                "gate": _gate(own, name),
                "exports": len({outcome.batch for outcome in own if outcome.batch}),
                "findings": [asdict(finding) for finding in _findings(suite, own)],
            }
    newest = {name: newest[name] for name in suites if name in newest}
    pages = {_NEWEST: json.dumps(newest), **_pages(suites, newest)}
    _replace(directory, pages)
    return directory / "index.html"


def _newest(directory: Path) -> dict:
    try:
        return json.loads((directory / _NEWEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _gate(outcomes: Sequence[Outcome], suite: str) -> str:
    if any(outcome.batch for outcome in outcomes):
        return "first"
    return "second" if suite.startswith("int_") else "third"


def _findings(suite: Suite, outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    for expectation in suite.expectations:
        own = [outcome for outcome in outcomes if outcome.expectation == expectation.name]
        failed = [outcome for outcome in own if not outcome.success]
        involved = {e: o.observed if o.batch and len(own) > 1 else "" for o in failed for e in o.involved}
        state = "passed" if own and not failed else "refused" if expectation.blocks else "warned"
        named = list(involved.items())[:_NAMED_EXPORTS]
        yield Finding(expectation.name, state, _observed(own, failed), named, len(involved))


def _observed(outcomes: Sequence[Outcome], failed: Sequence[Outcome]) -> str:
    if not outcomes:
        return "not evaluated"
    if len(outcomes) == 1:
        return outcomes[0].observed
    return f"{len(outcomes) - len(failed):,} of {len(outcomes):,} exports as expected"


# --- pages -----------------------------------------------------------------------------------------------------------


def _pages(suites: Mapping[str, Suite], newest: Mapping[str, dict]) -> dict[str, str]:
    """File names and HTML: a page per suite and the index that leads to them."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    shown = [_shown(suites[name], newest[name]) for name in sorted(newest)]
    gates = [(title, [page for page in shown if page["gate"] == gate]) for gate, title in _GATES.items()]
    suite_page = environment.get_template("suite.html")
    return {
        "index.html": environment.get_template("index.html").render(gates=gates, pages=shown),
        **{f"{page['suite'].name}.html": suite_page.render(**page) for page in shown},
    }


def _shown(suite: Suite, newest: Mapping) -> dict:
    by_name = {expectation.name: expectation for expectation in suite.expectations}
    findings = [
        {**finding, "rule": by_name[finding["expectation"]], "wording": _wording(by_name[finding["expectation"]])}
        for finding in newest["findings"]
        if finding["expectation"] in by_name
    ]
    findings.sort(key=lambda finding: _STATES.index(finding["state"]))
    counts = {state: sum(finding["state"] == state for finding in findings) for state in _STATES}
    state = next((state for state in _STATES if counts[state]), "passed")
    return {**newest, "suite": suite, "findings": findings, "counts": counts, "state": state}


def _wording(expectation: Expectation) -> str:
    """An expectation as Great Expectations' Data Docs put it, in HTML; a query in SQL."""
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import get_renderer_impl
    from great_expectations.render import LegacyRendererType
    from great_expectations.render.view import DefaultJinjaComponentView

    if expectation.type == UNEXPECTED_ROWS:
        return ""
    renderer = get_renderer_impl(expectation.type, LegacyRendererType.PRESCRIPTIVE).renderer
    kwargs = {k: v["$PARAMETER"] if isinstance(v, Mapping) else v for k, v in expectation.kwargs.items()}
    configuration = ExpectationConfiguration(type=expectation.type, kwargs=kwargs)
    styling = {"default": {"tag": "code"}, "params": {"column": {"tag": "code"}}}
    blocks = renderer(configuration=configuration, runtime_configuration={"styling": styling})
    view = DefaultJinjaComponentView()
    return " ".join(view.render_string_template(block.string_template) for block in blocks)


# --- the folder ------------------------------------------------------------------------------------------------------


@shared()
def _replace(directory: Path, pages: Mapping[str, str]) -> None:
    """Put a folder with these files in the place of a former one.

    A folder cannot be replaced in one step, a link to a folder can: `directory` is a link to the newest of them.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    folder = directory.with_name(f".{directory.name}.{uuid4().hex}")
    folder.mkdir()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    link = directory.with_name(f"{folder.name}.link")
    link.symlink_to(folder.name, target_is_directory=True)
    if directory.is_dir() and not directory.is_symlink():
        shutil.rmtree(directory)
    os.replace(link, directory)
    for former in directory.parent.glob(f".{directory.name}.*"):
        if former != folder:
            former.unlink() if former.is_symlink() else shutil.rmtree(former, ignore_errors=True)
