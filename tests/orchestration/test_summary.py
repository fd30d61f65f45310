"""What a run prints at its end."""

import io

from rich.console import Console

from orchestration.summary import print_summary
from tests.pipeline.running import published


def test_the_summary_names_what_was_held_back_whatever_the_name_holds(hostile):
    ((run_id,),) = published(hostile.home, "select run_id from publication")
    console = Console(file=io.StringIO(), width=200)
    print_summary(hostile.marts_path, hostile.data_docs, run_id, console)
    printed = console.file.getvalue()
    assert "[/red] [bold].json" in printed
    assert "Funnel of 4 messages" in printed
    assert str(hostile.marts_path) in printed and "index.html" in printed


def test_the_summary_counts_follow_ups_by_what_became_of_them(sampled):
    console = Console(file=io.StringIO(), width=200)
    print_summary(sampled.marts_path, sampled.data_docs, "run", console)
    printed = console.file.getvalue()
    for (status,) in published(sampled.home, "select distinct status from follow_ups where status <> 'expired'"):
        assert status in printed
