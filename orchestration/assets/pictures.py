"""The week in pictures, for people who look at the graph: funnel, trend and movers of the published marts.

Belongs here: how they show in Dagster. Does not belong here: drawing (`orchestration.pictures`) and what is drawn
(`orchestration.report`). Pictures are the last step of a run, after follow-ups went out, and nothing waits for them:
what cannot be drawn shows in the check `drawn`, which blocks nothing.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration import logs, progress, steps
from orchestration.assets import OWNERS, follow_ups, published
from orchestration.checks.factory import markdown_text
from orchestration.settings import Settings

KEY = dg.AssetKey(["published", "pictures"])
CHECK = "drawn"


def build_pictures_asset(settings: Settings) -> dg.AssetsDefinition:
    """`published/pictures`, downstream of the published marts and of the outbox."""

    @dg.asset(
        key=KEY,
        deps=[published.KEY, follow_ups.KEY],
        group_name="publication",
        owners=OWNERS,
        kinds={"matplotlib"},
        description="The newest week in pictures: how far messages came (funnel), rates by week (trend), what changed "
        "against the week before (movers). They stand in the metadata of each materialisation; `make report` "
        "writes them on a page with all their figures.",
        check_specs=[
            dg.AssetCheckSpec(CHECK, asset=KEY, blocking=False, description="The pictures of the week could be drawn.")
        ],
    )
    @steps.carried_out(settings)
    def pictures(context: dg.AssetExecutionContext) -> Iterator:
        try:
            metadata, problem = _draw(settings), None
        except Exception as error:  # the marts are published, and stay so whatever happens to their pictures
            metadata, problem = {}, f"{type(error).__name__}: {error}"
            logs.warning("pictures could not be drawn", error=type(error).__name__)
            context.log.exception("The pictures could not be drawn; the marts are published all the same.")
        else:
            progress.to(context.log)(f"drew {sum(name in metadata for name in _NAMES)} pictures of the week")
        yield dg.MaterializeResult(metadata=metadata)
        yield dg.AssetCheckResult(
            check_name=CHECK,
            passed=problem is None,
            severity=dg.AssetCheckSeverity.WARN,
            description=problem or "Drawn from the marts as they are published.",
        )

    return pictures


_NAMES = ("funnel", "trend", "movers")


def _draw(settings: Settings) -> dict[str, object]:
    """Metadata: each picture as markdown, what it is of, and the week's findings."""
    from orchestration.report import words
    from orchestration.report.figures import read

    figures = read(settings.marts_path, now=settings.now())
    if not figures.week_on:
        return {"week": "none yet: a week shows once its last messages have had a week to be answered"}
    from orchestration.pictures import canvas
    from orchestration.report.drawing import pictures

    found = {
        picture.name: dg.MetadataValue.md(
            f"![{markdown_text(picture.alt)}]({canvas.data_uri(canvas.png(picture.figure))})"
        )
        for picture in pictures(figures)
    }
    findings = "\n".join(f"- {markdown_text(finding)}" for finding in words.findings(figures))
    return {
        "week": f"{words.days(figures.week_on, figures.week_end_on)}, against the week before",
        "findings": dg.MetadataValue.md(findings),
        **found,
    }
