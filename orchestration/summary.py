"""What a run prints at its end: what came in, what it led to, where to look.

Belongs here: a few lines for a person. Does not belong here: figures of its own; all are read from the published marts.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.confinement import opened

MOST_NAMED = 50

_FUNNEL = """
    with steps as (
        select step, step_number, sum(messages) as messages from campaign_funnel group by all
    )
    select step, messages, messages / nullif(first(messages) over (order by step_number), 0)
    from steps order by step_number
"""
_SEGMENTS = """
    select segment, count(*) from segment_membership where is_current group by all order by 2 desc, 1 limit 5
"""
_FOLLOW_UPS = """
    select concat_ws(': ', status, suppressed_reason), count(*)
    from follow_ups where status <> 'expired' group by all order by 1
"""
_HELD = """
    select source, file_name, left(export_id, 12), reason from exports
    where status in ('quarantined', 'refused') order by run_id = ? desc, seen_at desc, source, file_name
"""


def print_summary(marts: Path, data_docs: Path, run_id: str, console: Console) -> None:
    """Print the state of the published marts and what the run `run_id` loaded or held back."""
    with opened(marts, read_only=True) as connection:
        connection.execute("use marts.marts")  # the file and its schema share a name

        def rows(query: str, *values) -> list[tuple]:
            return connection.execute(query, list(values)).fetchall()

        counts = dict(rows("select status, count(*) from exports group by all"))
        new = dict(rows("select status, count(*) from exports where run_id = ? group by all", run_id))
        loaded = rows("select coalesce(sum(records_loaded), 0) from exports where run_id = ?", run_id)[0][0]
        messages = rows("select count(*), count(delivered_at) from fct_messages")[0]
        console.print()
        _print_table(
            console,
            "Exports",
            ["", "this run", "in all"],
            [
                ("published", f"{new.get('published', 0):,} ({loaded:,} records)", f"{counts.get('published', 0):,}"),
                ("held back", f"{new.get('quarantined', 0):,}", f"{counts.get('quarantined', 0):,}"),
            ],
        )
        _print_table(
            console,
            f"Funnel of {messages[0]:,} messages",
            ["step", "messages", "of sent"],
            [(s, f"{n:,}", f"{share:.1%}" if share is not None else "") for s, n, share in rows(_FUNNEL)],
        )
        _print_table(console, "Top segments", ["segment", "subscribers"], [(s, f"{n:,}") for s, n in rows(_SEGMENTS)])
        if follow_ups := rows(_FOLLOW_UPS):
            _print_table(console, "Follow-ups", ["", "follow-ups"], [(status, f"{n:,}") for status, n in follow_ups])
        held = rows(_HELD, run_id)
    if held:
        title, headings = "[bold red]Held back: not in the marts[/]", ["source", "file", "export", "why"]
        _print_table(console, title, headings, held[:MOST_NAMED], figures=False)
    if len(held) > MOST_NAMED:
        console.print(f"... and {len(held) - MOST_NAMED:,} more held back: see the mart `exports`.\n")
    console.print(f"Marts       {marts}   (read-only; `use marts.marts`)", soft_wrap=True)
    console.print(f"Data Docs   {data_docs / 'index.html'}", soft_wrap=True)
    console.print("Report      make report   (the week on one page, to read or mail)", soft_wrap=True)
    console.print("Dagster UI  make dev, then http://127.0.0.1:3000", soft_wrap=True)


def _print_table(console: Console, title: str, headings: list[str], rows: list[tuple], figures: bool = True) -> None:
    """A titled table; `figures` sets every column but the first to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if figures and index else "left", overflow="fold")
    for row in rows:
        # A name from outside may hold what rich takes for markup.
        table.add_row(*[escape(str(value)) if value is not None else "" for value in row])
    console.print(table)
    console.print()
