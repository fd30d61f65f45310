"""`python -m bi`: provision the dashboards of a home and serve them.

Belongs here: what `make bi` does and says. Does not belong here: how (`provision.py`).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from bi import provision, state
from bi.declared import DeclarationError
from orchestration.settings import SettingError, Settings

HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Provision, then become the server; `--no-serve` stops before. Returns 2 where there is nothing to show."""
    parser = argparse.ArgumentParser(prog="python -m bi", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument("--no-serve", action="store_true", help="provision only")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.from_environment()
        provision.provision(settings, lambda text: print(text, flush=True))
    except (SettingError, DeclarationError, provision.NothingPublished, provision.ProvisioningFailed) as error:
        print(error, file=sys.stderr)
        return 2
    if options.no_serve:
        return 0
    kept = state.of(settings)
    print(f"Dashboards: http://{HOST}:{options.port}/dashboard/list/  (Ctrl-C ends it)")
    print(f"Log in as {state.USER}; the password lies in {kept.password_path}", flush=True)
    os.environ.update(provision.environment())
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    # One process: requests wait little on DuckDB, and people are few.
    served = ["--workers", "1", "--threads", "8", "--timeout", "120", "--bind", f"{HOST}:{options.port}"]
    os.execv(gunicorn, [gunicorn, *served, "--log-level", "warning", "superset.app:create_app()"])


if __name__ == "__main__":
    sys.exit(main())
