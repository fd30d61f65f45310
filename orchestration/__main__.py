"""`python -m orchestration`: the commands behind the Makefile."""

import sys

from orchestration.cli import main

if __name__ == "__main__":
    sys.exit(main())
