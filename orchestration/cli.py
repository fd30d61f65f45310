"""The commands behind the Makefile: `run`, `dev`, `status`, `report`, `withdraw`, `publish-postgres`, `metrics`,
`docs`, `backup`, `restore`.

Belongs here: what a person types and reads. Does not belong here: what a run does (`assets/`, `jobs.py`).
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import OperationalError

from orchestration import backup, code_server, demonstration, instance
from orchestration.deadlines import TookTooLong, time_limit
from orchestration.progress import logger as progress
from orchestration.report import ReportError
from orchestration.settings import REPOSITORY, SettingError, Settings

COMMAND_LINE = "command line"
_NOTHING_PUBLISHED = "[bold red]Nothing was published[/]; the marts of the last publication, if any, stand."


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0 where the marts were published (or the servers ended as asked)."""
    parser = argparse.ArgumentParser(prog="python -m orchestration", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="load what is pending, build, check, publish")
    run.add_argument("--full-refresh", action="store_true", help="read every export again, not only what is new")
    run.set_defaults(command=lambda settings, options: run_pipeline(settings, options.full_refresh))
    dev = commands.add_parser("dev", help="Dagster's UI and daemon")
    dev.add_argument("--host", default="127.0.0.1")
    dev.add_argument("--port", type=int, default=3000)
    dev.set_defaults(command=lambda settings, options: serve(settings, options.host, options.port))
    withdraw = commands.add_parser("withdraw", help="take a published export back and rebuild without it")
    withdraw.add_argument("export", help="the export's id, or an unambiguous beginning of it")
    withdraw.add_argument("--reason", default="withdrawn by hand")
    withdraw.set_defaults(command=lambda settings, options: withdraw_export(settings, options.export, options.reason))
    status = commands.add_parser("status", help="how the home is, in a few lines")
    status.set_defaults(command=lambda settings, options: show_status(settings))
    postgres = commands.add_parser("publish-postgres", help="copy the published marts to a PostgreSQL server")
    postgres.set_defaults(command=lambda settings, options: publish_to_postgres(settings))
    metrics = commands.add_parser("metrics", help="ask the published marts for metrics, as MetricFlow's `mf` does")
    metrics.add_argument("arguments", nargs=argparse.REMAINDER, help="such as: query --metrics human_click_rate")
    metrics.set_defaults(command=lambda settings, options: ask_for_metrics(settings, options.arguments))
    docs = commands.add_parser("docs", help="write dbt's documentation of the home's models")
    docs.set_defaults(command=lambda settings, options: write_docs(settings))
    tell = commands.add_parser("report", help="write the week's report: one HTML page that needs no server")
    tell.add_argument("--to", type=Path, help="the page's file (default: report.html in the home)")
    tell.set_defaults(command=lambda settings, options: write_report(settings, options.to))
    copy = commands.add_parser("backup", help="copy the home, also while it is in use")
    copy.add_argument("to", type=Path, help="a folder that does not exist yet")
    copy.set_defaults(command=lambda settings, options: back_up_home(settings, options.to))
    put_back = commands.add_parser("restore", help="put a backup into a home that has no warehouse")
    put_back.add_argument("source", metavar="from", type=Path, help="the folder of the backup")
    put_back.set_defaults(command=lambda settings, options: restore_home(settings, options.source))
    options = parser.parse_args(arguments)
    try:
        return options.command(Settings.from_environment(), options)
    except (SettingError, demonstration.OtherExportsInDemonstration, backup.BackupError, ReportError) as error:
        print(error, file=sys.stderr)
        return 2


def run_pipeline(settings: Settings, full_refresh: bool = False) -> int:
    """Everything from pending exports to published marts, in this process; `full_refresh` keeps nothing of before."""
    console = _listen()
    demonstration.prepare(settings, progress.info)
    from orchestration.jobs import MAIN_JOB

    config = {"ops": {"canonical_events": {"config": {"full_refresh": True}}}} if full_refresh else None
    return _execute(settings, console, MAIN_JOB, config)


def withdraw_export(settings: Settings, export: str, reason: str) -> int:
    """Mark an export withdrawn, then rebuild and publish without it."""
    console = _listen()
    from orchestration.jobs import MAIN_JOB

    withdrawal = {"ops": {"withdraw": {"config": {"export_id": export, "reason": reason}}}}
    code = _execute(settings, console, "withdraw_export", withdrawal, summary=False)
    return code or _execute(settings, console, MAIN_JOB)


def show_status(settings: Settings) -> int:
    """Print how the home is. Returns 0, or 1 where something needs a person."""
    console = Console(highlight=False)
    with instance.open_instance(settings) as dagster_instance:
        from orchestration import health

        return health.print_status(health.findings(settings, dagster_instance), str(settings.home), console)


def publish_to_postgres(settings: Settings) -> int:
    """Copy the published marts into the schema of a PostgreSQL server."""
    from orchestration import postgres
    from orchestration.assets import served
    from orchestration.dbt import Dbt

    if not settings.postgres_url:
        raise SettingError(
            "MICRO_CONVERSIONS_POSTGRES_URL is not set; write for instance postgresql://user:password@host:5432/database."
        )
    try:
        rows = served.publish(settings, Dbt(settings))
    except postgres.PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{len(rows)} marts with {sum(rows.values()):,} rows are in the schema {settings.postgres_schema}; the role "
        f"{settings.postgres_reader} may read them."
    )
    return 0


def ask_for_metrics(settings: Settings, arguments: list[str]) -> int:
    """Metrics of the published marts; the arguments are MetricFlow's."""
    import click

    from orchestration import metrics

    try:
        return metrics.ask(settings, arguments)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except metrics.MetricsError as error:
        print(error, file=sys.stderr)
        return 1


def write_docs(settings: Settings) -> int:
    """dbt's documentation of the models as they are in the home's warehouse."""
    from orchestration import dbt_docs
    from orchestration.dbt import Dbt
    from orchestration.resources import Warehouse

    if not settings.warehouse_path.exists():
        print(
            f"{settings.warehouse_path} does not exist: nothing was built yet. Run `make run` first.", file=sys.stderr
        )
        return 1
    with Warehouse.of(settings).exclusive():
        print(f"dbt docs: {dbt_docs.build(Dbt(settings))}")
    return 0


def write_report(settings: Settings, target: Path | None) -> int:
    """Write the week's report of the published marts."""
    from orchestration.report import page

    target = target or settings.home / page.FILE_NAME
    path, size = page.write(settings, target)
    print(f"{path}  ({size / 1e3:,.0f} kB: open it in a browser, or mail it as it is)")
    return 0


def back_up_home(settings: Settings, target: Path) -> int:
    """Copy the home to a new folder."""
    print(f"Waiting for the warehouse's turn, then copying {settings.home} to {target} ...", flush=True)
    size = backup.back_up(settings, target)
    print(f"{size / 1e6:,.1f} MB in {target}. The landing zone is not part of it: keep that where it comes from.")
    return 0


def restore_home(settings: Settings, source: Path) -> int:
    """Put a backup into the home."""
    files = backup.restore(settings, source)
    print(f"{files:,} files are back in {settings.home}. `make run` loads what has come in since.")
    return 0


def serve(settings: Settings, host: str, port: int) -> int:
    """Dagster's webserver and daemon on this home, until interrupted."""
    import dagster as dg
    from filelock import FileLock, Timeout

    environment = {**os.environ, **instance.prepare(settings)}
    python = Path(sys.executable).parent
    try:
        with FileLock(settings.dagster_home / "dev.lock", timeout=0), TemporaryDirectory() as folder:
            os.environ.update(environment)
            with dg.DagsterInstance.get() as dagster_instance:
                instance.end_orphans(dagster_instance, daemon_is_down=True)
            served = Path(folder) / "workspace.yaml"
            workspace = ["-w", str(served)]
            webserver = [str(python / "dagster-webserver"), "-h", host, "-p", str(port), *workspace]
            daemon = [str(python / "dagster-daemon"), "run", *workspace]
            docs_port = _free_port(host, port + 1)
            docs = [sys.executable, "-m", "http.server", "-b", host, "-d", str(settings.data_docs), str(docs_port)]
            environment["MICRO_CONVERSIONS_DATA_DOCS_URL"] = f"http://{host}:{docs_port}"
            servers = [code_server.start(Path(folder) / "code", served, environment)]
            servers += [subprocess.Popen(c, cwd=REPOSITORY, env=environment) for c in (webserver, daemon)]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            servers.append(subprocess.Popen(docs, cwd=REPOSITORY, **quiet))
            print(f"Data Docs: http://{host}:{docs_port}", flush=True)
            print(f"Dagster UI: http://{host}:{port}  (Ctrl-C ends it)", flush=True)
            return _wait_for(servers)
    except Timeout:
        print(f"Another `make dev` serves {settings.home} already.", file=sys.stderr)
        return 2


def _free_port(host: str, wanted: int) -> int:
    """The wanted port, or another where somebody has it."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return probe.getsockname()[1]
    raise OSError(f"no port is free at {host}")


def _wait_for(servers: list[subprocess.Popen]) -> int:
    """Wait until a signal asks to stop (0) or a server ends by itself (1); then stop all of them."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: asked.append(received))
    while not asked and all(server.poll() is None for server in servers):
        time.sleep(0.2)
    for server in servers:
        server.terminate()
    for server in servers:
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
    return 0 if asked else 1


def _execute(settings: Settings, console: Console, job: str, config: dict | None = None, summary: bool = True) -> int:
    with console.status("starting"):
        dagster_instance = instance.open_instance(settings)
        from orchestration.definitions import build_defs

        definition = build_defs(settings=settings).resolve_job_def(job)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    try:
        limit = time_limit(settings.run_timeout_seconds, "The run", "MICRO_CONVERSIONS_RUN_TIMEOUT_SECONDS")
        with dagster_instance, limit:
            result = definition.execute_in_process(
                instance=dagster_instance,
                run_config={**quiet, **(config or {})},
                raise_on_error=False,
                tags={instance.STARTED_BY_TAG: COMMAND_LINE, instance.PROCESS_TAG: str(os.getpid())},
            )
    except TookTooLong as error:
        console.print(f"[bold red]{escape(str(error))}[/]", soft_wrap=True)
        console.print(_NOTHING_PUBLISHED)
        return 1
    except (OSError, OperationalError) as error:  # Dagster could not even write down what went wrong
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        console.print(
            f"[bold red]Dagster cannot write below {escape(str(settings.dagster_home))}[/]: {escape(reason)}. Look "
            "whether the disk has room, then run again; what was under way is pending again.",
            soft_wrap=True,
        )
        console.print(_NOTHING_PUBLISHED)
        return 1
    if not result.success:
        for event in result.all_events:
            if event.is_failure and event.is_step_event:
                error = event.event_specific_data.error
                cause = error.cause or error
                # An error of ours says all in its words; its class would only be in the way.
                text = cause.message.strip()
                text = text.partition(": ")[2] if text.startswith("orchestration.") else text
                console.print(f"[bold red]{escape(event.step_key)}[/]: {escape(text)}", soft_wrap=True)
        console.print(_NOTHING_PUBLISHED)
        return 1
    if summary:
        from orchestration.summary import print_summary

        print_summary(settings.marts_path, settings.data_docs, result.run_id, console)
    return 0


def _listen() -> Console:
    """Show progress on the console, each line with the seconds since the start."""
    console = Console(stderr=False, highlight=False)
    started = time.monotonic()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            console.print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {escape(record.getMessage())}", soft_wrap=True)

    progress.handlers = [Lines()]
    progress.setLevel(logging.INFO)
    progress.propagate = False
    return console
