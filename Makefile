# On a fresh clone with Python 3.11 and make: `make run` sets up and runs everything, `make test` sets up and tests.
# Settings (MICRO_CONVERSIONS_HOME and others) are read from the environment and from .env; see README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Superset holds other versions than the pipeline: an environment of its own, made when it is asked for.
BI_VENV := .venv-bi
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export EXPORT REASON TO FROM
# Bytecode is kept, whatever the caller's shell says: without it every process compiles a thousand modules anew.
unexport PYTHONDONTWRITEBYTECODE
# Files of tests are dealt out to as many processes as there are cores; homes that several need are made once.
TESTS := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --upgrade

.DEFAULT_GOAL := help
.PHONY: help run dev bi status report withdraw publish-postgres metrics backup restore test test-long bench lint format docs lock clean

help: ## what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 18

run: $(VENV)/run.stamp ## load what is pending, build, check, publish (FULL_REFRESH=1 reads every export again)
	@$(BIN)/python -m orchestration run $(if $(FULL_REFRESH),--full-refresh)

dev: $(VENV)/run.stamp ## Dagster's UI and daemon on http://127.0.0.1:3000 (PORT=... for another port)
	@$(BIN)/python -m orchestration dev --port $(or $(PORT),3000)

bi: $(BI_VENV)/bi.stamp ## dashboards of the published marts on http://127.0.0.1:8088 (PORT=... for another port)
	@$(BI_VENV)/bin/python -m bi --port $(or $(PORT),8088)

withdraw: $(VENV)/run.stamp ## take a published export back: make withdraw EXPORT=<export_id> [REASON="..."]
	@test -n "$$EXPORT" || { echo 'Name the export: make withdraw EXPORT=<export_id>' >&2; exit 2; }
	@$(BIN)/python -m orchestration withdraw "$$EXPORT" --reason "$${REASON:-withdrawn by hand}"

status: $(VENV)/run.stamp ## how the home is, in a few lines
	@$(BIN)/python -m orchestration status

publish-postgres: $(VENV)/run.stamp ## copy the published marts to PostgreSQL (MICRO_CONVERSIONS_POSTGRES_URL)
	@$(BIN)/python -m orchestration publish-postgres

metrics: $(VENV)/test.stamp ## metrics on request: make metrics ASK="query --metrics human_click_rate --group-by metric_time__month"
	@$(BIN)/python -m orchestration metrics $(or $(ASK),list metrics)

report: $(VENV)/run.stamp ## the week on one HTML page, to read or mail without a server (TO=... for another file)
	@$(BIN)/python -m orchestration report $(if $(TO),--to "$$TO")

backup: $(VENV)/run.stamp ## copy the home, also while it is in use: make backup TO=<new folder>
	@test -n "$$TO" || { echo 'Name a new folder: make backup TO=<folder>' >&2; exit 2; }
	@$(BIN)/python -m orchestration backup "$$TO"

restore: $(VENV)/run.stamp ## put a backup into a home that has no warehouse: make restore FROM=<folder>
	@test -n "$$FROM" || { echo 'Name the backup: make restore FROM=<folder>' >&2; exit 2; }
	@$(BIN)/python -m orchestration restore "$$FROM"

test: $(VENV)/test.stamp ## every check and test
	@$(BIN)/ruff check orchestration bi tests dbt_project/models
	@$(BIN)/ruff format --check orchestration bi tests dbt_project/models
	@$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project/models
	@$(TESTS) -m 'not long and not bench'

test-long: $(VENV)/test.stamp ## the long modes of the tests as well
	@$(TESTS) -m 'not bench'

bench: $(VENV)/test.stamp ## benchmarks: print ratios
	@$(BIN)/python -m pytest -m bench -s

lint: $(VENV)/test.stamp ## style of Python and SQL
	@$(BIN)/ruff check orchestration bi tests dbt_project/models
	@$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project/models

format: $(VENV)/test.stamp ## format the Python code
	@$(BIN)/ruff check --fix orchestration bi tests dbt_project/models
	@$(BIN)/ruff format orchestration bi tests dbt_project/models

docs: $(VENV)/run.stamp ## write the page of sources and dbt's documentation (<home>/dbt_docs/index.html) anew
	@$(BIN)/python -m orchestration.sources.page
	@$(BIN)/python -m orchestration docs

lock: $(VENV)/uv.stamp ## pin dependencies anew, with hashes; what runs and what tests share their versions
	@$(LOCK) requirements-setup.in -o requirements-setup.lock
	@$(LOCK) requirements-dev.in -o requirements-dev.lock
	@$(LOCK) requirements.in -c requirements-dev.lock -o requirements.lock
	@$(LOCK) requirements-bi.in -o requirements-bi.lock

clean: ## remove what was set up; homes with data stay
	rm -rf $(VENV) $(BI_VENV) dbt_project/target build

# uv installs what the locks pin, in seconds; it comes pinned by hash itself.
$(VENV)/uv.stamp: requirements-setup.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo 'Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.11 ...' >&2; exit 1; }
	@echo 'Setting up $(VENV) ...'
	@$(PYTHON) -m venv $(VENV) || \
	  { echo 'Python cannot make environments here; on Debian: apt-get install python3-venv' >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-setup.lock
	@touch $@

$(VENV)/run.stamp: requirements.lock $(VENV)/uv.stamp
	@$(BIN)/uv pip install --quiet --require-hashes --no-deps -r requirements.lock
	@touch $@

$(VENV)/test.stamp: requirements-dev.lock $(VENV)/run.stamp
	@$(BIN)/uv pip install --quiet --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(BI_VENV)/bi.stamp: requirements-bi.lock $(VENV)/uv.stamp
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || \
	  { echo 'Superset needs Python 3.11 or 3.12: make clean, then make PYTHON=python3.12 bi' >&2; exit 1; }
	@echo 'Setting up $(BI_VENV) for Superset (700 MB) ...'
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(BI_VENV)
	@$(BIN)/uv pip install --quiet --python $(BI_VENV)/bin/python --require-hashes --no-deps -r requirements-bi.lock
	@touch $@
