"""Expectations as Dagster asset checks: a spec from each line of a suite, a result from its outcomes.

Belongs here: how checks show in Dagster. Does not belong here: running them; Great Expectations is not imported, since
Dagster lists checks whenever it loads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import dagster as dg

from orchestration.checks.masks import masked
from orchestration.checks.outcome import MOST_INVOLVED, Outcome
from orchestration.checks.suites import Expectation, Suite

HELD_BACK = "held_back"
_SEVERITIES = {"critical": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def asset_check_specs(asset_key: dg.AssetKey, suite: Suite) -> list[dg.AssetCheckSpec]:
    """One check per expectation; critical ones block what stands downstream."""
    return [
        dg.AssetCheckSpec(
            expectation.name,
            asset=asset_key,
            description=expectation.description,
            blocking=expectation.blocks,
            metadata={"suite": suite.name, "severity": expectation.severity},
        )
        for expectation in suite.expectations
    ]


def asset_check_results(
    asset_key: dg.AssetKey,
    suite: Suite,
    outcomes: Iterable[Outcome],
    held: Collection[str] = (),
    data_docs: str | None = None,
) -> Iterator[dg.AssetCheckResult]:
    """One result per expectation of a suite; outcomes of other suites are passed over.

    At the first gate an expectation has an outcome per export: its result speaks of those that were published, since
    what is in `held` (export_ids) never reached the asset and shows in the check `held_back`. Without any outcome left
    there was nothing to check, and that passes; an expectation without an outcome beside others that have one does not.
    A failed check leads to its line in the Data Docs, which begin at the address `data_docs`.
    """
    own = [outcome for outcome in outcomes if outcome.suite == suite.name and outcome.batch not in held]
    for expectation in suite.expectations:
        found = [outcome for outcome in own if outcome.expectation == expectation.name]
        page = f"{data_docs}/{suite.name}.html#{expectation.name}" if data_docs else None
        yield _result(asset_key, expectation, found, nothing_to_check=not own, page=page)


def held_back_spec(asset_key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check that names the exports which a source's gate kept out. It never blocks: the good ones go on."""
    return dg.AssetCheckSpec(
        HELD_BACK, asset=asset_key, blocking=False, description="No export of this load was held back at the gate."
    )


def held_back_result(
    asset_key: dg.AssetKey, held: Sequence[tuple[str, str, str]], page: str | None = None
) -> dg.AssetCheckResult:
    """Its result: `held` are (export_id, file name, reason); `page` is that of their suite in the Data Docs."""
    metadata: dict[str, object] = {"held_back": len(held)}
    if held:
        metadata["exports"] = markdown_table(["file", "export", "why"], [(n, e, r) for e, n, r in held])
    if held and page:
        metadata["data_docs"] = dg.MetadataValue.url(page)
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=HELD_BACK,
        passed=not held,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Held back, see the table: {len(held)}." if held else "Nothing was held back.",
        metadata=metadata,
    )


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MetadataValue:
    """A table that Dagster shows; its texts come from outside and are shown as they are, whatever they hold."""
    lines = [headings, ["---"] * len(headings), *([markdown_text(str(value)) for value in row] for row in rows)]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(line)} |" for line in lines))


def _result(
    asset_key: dg.AssetKey,
    expectation: Expectation,
    outcomes: Sequence[Outcome],
    nothing_to_check: bool,
    page: str | None,
) -> dg.AssetCheckResult:
    failed = [outcome for outcome in outcomes if not outcome.success]
    if nothing_to_check:
        observed = "nothing to check: no export was pending, or all were held back"
    elif not outcomes:
        observed = "not evaluated"
    elif len(outcomes) == 1:
        observed = outcomes[0].observed
    else:
        observed = f"{len(outcomes) - len(failed):,} of {len(outcomes):,} exports as expected"
    metadata: dict[str, object] = {"observed": observed}
    counts = [outcome.unexpected_count for outcome in outcomes if outcome.unexpected_count is not None]
    if counts:
        metadata["unexpected"] = sum(counts)
    involved = list(dict.fromkeys(export_id for outcome in failed for export_id in outcome.involved))
    if involved:
        metadata["involved"] = dg.MetadataValue.md("\n".join(f"- `{e}`" for e in involved[:MOST_INVOLVED]))
    passed = nothing_to_check or (bool(outcomes) and not failed)
    if page and not passed:
        metadata["data_docs"] = dg.MetadataValue.url(page)
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=expectation.name,
        passed=passed,
        severity=_SEVERITIES[expectation.severity],
        description=observed,
        metadata=metadata,
    )


def markdown_text(text: str) -> str:
    """A text on one line of markdown: names come from outside and may hold anything, a person's address too."""
    text = masked(text)
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>|#~" else letter for letter in " ".join(text.split()))
