# `make run` starts everything on this machine; `make test` runs every check. See the README.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CLIENTS := .clients

.DELETE_ON_ERROR:
.PHONY: run test lint suite agents fuzz chaos coverage mutants bench bench-quick browser screenshots constraints sbom licences clean

run: $(VENV)/.run
	@$(BIN)/abeyance up

test: lint suite bench-quick

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# In the order of the folders: the slow stories of a whole house stand in the middle, not at the end.
# The agents mostly wait, so four of them run at a time.
suite: $(VENV)/.dev browser agents
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/clients
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder tests/clients

# A million random cuts of raw text and of each wire format's stream, against brute force; 5,000
# flipped bits of an exported record; 2,000 blobs in each opaque place of each API; then many long stories of kills, clicks and failures: STORIES=200.
STORIES ?= 50
fuzz: $(VENV)/.dev
	ABEYANCE_FUZZ=10 $(BIN)/pytest --numprocesses 2 --timeout 0 tests/policies/matching/test_masker.py tests/policies/matching/test_joint.py tests/policies/matching/test_long_pieces.py tests/app/audit/proof/test_tampering.py
	ABEYANCE_FUZZ=40 $(BIN)/pytest --numprocesses 2 --timeout 0 tests/app/wire/answer/test_law_*.py
	ABEYANCE_BLOBS=2000 $(BIN)/pytest --numprocesses 2 --timeout 0 tests/app/wire/test_opaque.py
	ABEYANCE_FUZZ=$(STORIES) $(BIN)/pytest --timeout 0 tests/laws

# Kills a gateway, bot, notary or database 1,000 times, at the steps of tests/chaos/steps.py in an
# order of its own. It prints the seed of that order: SEED=… repeats it.
RUNS ?= 1000
SEED ?=
chaos: $(VENV)/.dev
	ABEYANCE_CHAOS_RUNS=$(RUNS) ABEYANCE_CHAOS_SEED=$(SEED) $(BIN)/pytest --timeout 0 -s tests/chaos

# Which branches no test takes; fails where a package is below the floor in pyproject.toml. It takes
# an hour. Agents take no branch that no other test does, and who is killed cannot say what ran.
MEASURED := app bot notary policies proxy
coverage: $(VENV)/.dev browser
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/clients --ignore tests/chaos
	$(BIN)/coverage combine --quiet
	@below=0; for package in $(MEASURED); do \
	  $(BIN)/coverage report --include="$$package/*" || below=1; done; exit $$below

# Breaks the modules that tests/mutants.toml lists, a line at a time; what their tests do not notice
# must be explained there. One module alone: MODULES=app/domain/hold.py.
MODULES ?=
mutants: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[mutants]'
	$(BIN)/python -m tests.mutants $(MODULES)

# Speed, recall, what large texts cost others, and waiting. Peers are timed beside ours where they are installed; bench/policies.py
# says how.
bench: $(VENV)/.dev
	$(BIN)/python -m bench.gateway --into bench/results
	$(BIN)/python -m bench.policies
	$(BIN)/python -m bench.recall
	$(BIN)/python -m bench.untouched --into bench/results
	$(BIN)/python -m bench.linear --into bench/results
	$(BIN)/python -m bench.tool_calls --into bench/results
	$(BIN)/python -m bench.neighbours --into bench/results
	$(BIN)/python -m bench.neighbours --clicks --into bench/results
	$(BIN)/python -m bench.holds click
	$(BIN)/python -m bench.holds waiting
	$(BIN)/python -m bench.replay --into bench/results
	$(BIN)/python -m bench.replay --page --megabytes 1 --into bench/results
	$(BIN)/python -m bench.replay --page --megabytes 20 --into bench/results
	$(BIN)/python -m bench.searches --into bench/results
	$(BIN)/python -m bench.tail --into bench/results
	$(BIN)/python -m bench.memory --into bench/results

# A minute: fails where a request costs half as much again, against a bare proxy, as was committed.
bench-quick: $(VENV)/.dev
	$(BIN)/python -m bench.gateway --quick

# Headless Chromium presses the buttons of the sandbox's Slack page.
browser:
	@command -v chromium > /dev/null || { \
	  [ "$$(id -u)" = 0 ] || { echo "The browser tests need Chromium: run 'sudo apt-get install chromium' once."; exit 1; }; \
	  apt-get update --quiet --quiet && \
	  DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends chromium fonts-lato fonts-noto-color-emoji > /dev/null; }

# The agents and SDKs of tests/clients, about 1.4 GB from npm and PyPI: installed once, and kept.
agents: $(VENV)/.made
	@$(MAKE) --no-print-directory $(CLIENTS)/.programs || \
	  echo "PyPI is away: the tests with LangChain and LiteLLM are left out."
	@command -v npm > /dev/null && $(MAKE) --no-print-directory $(CLIENTS)/.made || \
	  echo "npm is not here, or could not install: the tests with real agents are left out."

# These fetch a program in an install script, or compile one, against the headers that Node brought.
NODE_HOME = $(shell dirname "$$(dirname "$$(readlink -f "$$(command -v node)")")")
$(CLIENTS)/.made: tests/clients/package.json
	@echo "Installing agents into $(CLIENTS): the first time a minute or more …"
	@mkdir -p $(CLIENTS) && cp tests/clients/package.json $(CLIENTS)
	@npm install --prefix $(CLIENTS) --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel error
	@npm rebuild --prefix $(CLIENTS) --loglevel error @anthropic-ai/claude-code opencode-ai
	@npm rebuild --prefix $(CLIENTS) --loglevel silent --nodedir=$(NODE_HOME) sqlite3 || \
	  echo "The database of Cursor's SDK could not be compiled: its tests are left out."
	@touch $@

# LangChain and LiteLLM want other versions of what the product uses, so they have their own.
$(CLIENTS)/.programs: tests/clients/requirements.txt
	@echo "Installing LangChain and LiteLLM into $(CLIENTS) …"
	@mkdir -p $(CLIENTS) && $(BIN)/python -m venv $(CLIENTS)/venv
	@$(CLIENTS)/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/clients/requirements.txt
	@touch $@

# Makes docs/images again, out of a running sandbox.
screenshots: $(VENV)/.dev browser
	$(BIN)/python docs/make_screenshots.py

# Pins every dependency, and by digest what production installs; run it after a change of
# pyproject.toml, then run the suite. `make constraints UPGRADE=` adds what is new and leaves the rest.
UPGRADE ?= --upgrade
PIN := $(BIN)/uv pip compile --quiet --universal --no-header --no-annotate
constraints: $(VENV)/.release
	$(PIN) $(UPGRADE) --all-extras --output-file constraints.txt pyproject.toml
	$(PIN) --extra server --generate-hashes --constraint constraints.txt \
	  --output-file requirements.txt pyproject.toml

# What production installs, as a CycloneDX document; the embedded server and the sandbox are not in it.
PRODUCTION := build/production
SBOM := build/abeyance.cdx.json
BOM := $(BIN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml
sbom: $(VENV)/.release
	rm -rf $(PRODUCTION) && $(PYTHON) -m venv $(PRODUCTION)
	$(PRODUCTION)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	$(PRODUCTION)/bin/pip uninstall --quiet --yes setuptools pip
	$(BOM) --output-file $(SBOM) $(PRODUCTION)
	@echo "The SBOM is $(SBOM)."

# Fails on a licence that is not in the list of deploy/licences.py: of everything, also of tools.
licences: $(VENV)/.dev $(VENV)/.release
	@mkdir -p build
	$(BOM) --output-file build/everything.cdx.json $(VENV)
	$(BIN)/python -m deploy.licences build/everything.cdx.json

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info

$(VENV)/.run: $(VENV)/.made constraints.txt
	@echo "Installing Abeyance and what it needs into $(VENV): the first time a minute or more …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[server,embedded]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made constraints.txt
	@echo "Installing Abeyance and the tools of its tests into $(VENV): the first time a minute or more …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[server,embedded,dev]'
	@touch $@

$(VENV)/.release: $(VENV)/.made constraints.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[release]'
	@touch $@

# Debian keeps ensurepip, which a virtual environment needs, in a package of its own.
$(VENV)/.made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Abeyance needs Python 3.11 or newer: say which with 'make PYTHON=python3.11 …'."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || { \
	  [ "$$(id -u)" = 0 ] || { echo "Python cannot make environments here: run 'sudo apt-get install python3-venv' once."; exit 1; }; \
	  apt-get update --quiet --quiet && \
	  DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes python3-venv > /dev/null; }
	$(PYTHON) -m venv $(VENV)
	@touch $@
