"""What a run prints at its end."""

import io

import pytest
from rich.console import Console

from orchestration.summary import print_summary
from tests.payloads import journey, land
from tests.pipeline.running import failure, run, settings_of


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("summary")
    land(home, "sendgrid/good.json", journey())
    land(home, "sendgrid/[/red] [bold].json", "{broken\n")
    return home


def test_the_summary_names_what_was_held_back_whatever_the_name_holds(home):
    settings = settings_of(home)
    result = run(settings)
    assert result.success, failure(result)
    console = Console(file=io.StringIO(), width=200)
    print_summary(settings.marts_path, settings.data_docs, result.run_id, console)
    printed = console.file.getvalue()
    assert "[/red] [bold].json" in printed
    assert "Funnel of 1 messages" in printed
    assert str(settings.marts_path) in printed and "index.html" in printed
