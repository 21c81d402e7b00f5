# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/$(VENV)
export OPENBLAS_NUM_THREADS := 1
# Compiled files are kept, whatever the shell says: to compile every test in every worker costs 45 s of processor.
export PYTHONDONTWRITEBYTECODE :=
PARALLEL := -n 4 --dist worksteal

# by name: make looks for no pattern where a target is phony, and did nothing at all
BENCHES := bench-stream bench-truth bench-decode bench-onvif bench-discovery bench-recorder bench-area bench-agent bench-advice bench-start bench-soak

.PHONY: audit build fuzz sbom demo install test test-all lint peers lock clean bench $(BENCHES) samples schema guide windows windows-needs test-windows deb test-deb

demo: $(VENV)/.runtime
	$(BIN)/camagent demo --output camagent-demo

# The command on the user's path, in an environment of its own.
install: $(VENV)/bin/uv
	$(BIN)/uv tool install --force --reinstall-package camagent .

# What a developer runs all day. Four workers on two cores: most tests wait for sockets, not for the processor.
test: lint peers $(VENV)/.compiled
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not outside and not alone and not camera and not deb"

# The tests as bytecode, once for a new environment: pytest rewrites every assertion, which each of the four workers
# would else do for itself. A module that changes later is written anew by the worker that meets it.
$(VENV)/.compiled: $(VENV)/.dev
	find tests -name "test_*.py" | sort | xargs -P 2 -n 64 $(BIN)/python -m pytest --collect-only -q > /dev/null
	touch $@

# The rest: third-party servers, a browser; then, one after the other, what measures a whole school over real windows
# of time. CI runs both.
test-all: $(VENV)/.dev peers
	$(BIN)/python -m pytest $(PARALLEL) -m "(slow or outside) and not alone and not camera and not windows and not deb"
	$(BIN)/python -m pytest -m "alone and not camera and not windows and not deb"

# The folder that runs on Windows from a stick, and its tests under wine.
windows: dist/camagent-windows.zip

WINDOWS_SOURCES := $(shell find camagent profiles windows -name "*.py" -o -name "*.toml" -o -name "*.cmd" -o -name "*.txt")
dist/camagent-windows.zip: $(VENV)/.dev uv.lock pyproject.toml $(WINDOWS_SOURCES)
	sh tests/windows/setup.sh
	$(BIN)/python windows/build.py

# What the tests of the folder need from elsewhere: wine, CPython for Windows, other people's wheels.
windows-needs: $(VENV)/.dev
	sh tests/windows/setup.sh
	$(BIN)/python windows/build.py --fetch-only
	$(BIN)/python -m tests.windows.wine --only-wine

# Three workers, a file each, with a Windows of their own: most of the time a test waits for a camera's window.
test-windows: dist/camagent-windows.zip
	$(BIN)/python -m tests.windows.wine
	$(BIN)/python -m pytest -n 3 --dist loadfile -m windows tests/windows

# The Debian package, and its life in a clean root (as root; the root is kept in .setup).
deb: $(VENV)/.dev
	$(BIN)/python packaging/build_deb.py

test-deb: deb
	sh tests/packaging/setup.sh
	$(BIN)/python -m pytest -m deb tests/packaging

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --cache-dir .mypy_cache/win32 --platform win32 camagent/platform
	$(BIN)/python -m camagent.document.schema --check

# Third-party peers and servers that the tests run against; each script says what it needs and installs it when it may.
peers: $(VENV)/.dev
	sh tests/setup.sh

bench: $(BENCHES)

$(BENCHES): bench-%: $(VENV)/.dev peers
	$(BIN)/python -m bench.$*

samples: $(VENV)/.dev
	$(BIN)/python -m sample_streams.make

# Known weaknesses of the locked packages and their licences; 3 where the data cannot be had.
audit: $(VENV)/.dev
	$(BIN)/uv sync --quiet --frozen --inexact --extra dev --extra audit
	$(BIN)/python -m audit

# Every reader of strangers' bytes, so many seconds each (make fuzz SECONDS=600).
SECONDS ?= 10
fuzz: $(VENV)/.dev
	$(BIN)/uv sync --quiet --frozen --inexact --extra dev --extra fuzz
	$(BIN)/python -m fuzz --seconds $(SECONDS)

# The wheel and its bill of materials (CycloneDX), from the lock file.
build: sbom
	$(BIN)/uv build --quiet --wheel --out-dir dist

sbom: $(VENV)/.dev
	@mkdir -p dist
	$(BIN)/uv export --quiet --frozen --no-dev --format cyclonedx1.5 --output-file dist/camagent.cdx.json

schema: $(VENV)/.dev
	$(BIN)/python -m camagent.document.schema

# The screens of docs/guide.md and docs/huong-dan.vi.md, from real runs (as root, in a network of their own).
guide: $(VENV)/.dev
	$(BIN)/python -m guide

lock: $(VENV)/bin/uv
	$(BIN)/uv lock

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "camagent needs Python 3.11 or newer; this is $$($(PYTHON) --version)"; exit 2; }
	$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment: as root, apt-get install python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

$(VENV)/.runtime: $(VENV)/bin/uv pyproject.toml uv.lock
	$(BIN)/uv sync --quiet --frozen --inexact
	@touch $@

$(VENV)/.dev: $(VENV)/bin/uv pyproject.toml uv.lock
	$(BIN)/uv sync --quiet --frozen --inexact --extra dev
	@touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) .setup .pytest_cache .mypy_cache .ruff_cache .hypothesis camagent-demo
