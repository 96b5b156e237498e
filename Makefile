# Each target does all its own set-up in .venv and needs nothing but Python 3.11+ and make.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
# Byte code is made on every core at once, by COMPILE.
INSTALL := $(BIN)/python -m pip --quiet --disable-pip-version-check install --no-compile \
	-c constraints.txt
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
PLUGINS := $(patsubst %,-e %,$(wildcard plugins/*))
# The small TensorFlow where there is one.
TENSORFLOW ?= $(if $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)),tensorflow-cpu,tensorflow)
REQUIREMENTS := pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
BACKENDS ?= jax tensorflow $(shell $(BIN)/python -c 'import importlib.util as u; u.find_spec("torch") and print("torch")' 2>/dev/null)
PYTEST := $(BIN)/python -m pytest -n 2
# Their tests train and decode: in the quick suite on the first backend, in the long one on all.
SEQUENCES := $(addprefix --ignore=plugins/kerasdl-,recurrent seq2seq transformer)
# Two processes share the cores: more threads wait for one another.
test test-all: export OMP_NUM_THREADS ?= 1
# What JAX compiled for a test stays for the next time.
test test-all: export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.make/jax
test test-all: export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS ?= 0
test test-all: export JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES ?= -1
# Compiled in haste, since most of it runs once; the long suite has all optimizations. The flags,
# which TensorFlow reads too, save two thirds of what compiling costs.
test: export JAX_DISABLE_MOST_OPTIMIZATIONS ?= 1
test: export XLA_FLAGS ?= --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true \
	--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1

.PHONY: help demo test test-all test-gpu lint docs serve format build clean

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "kerasdl needs Python 3.11 or newer"; exit 2; }
	$(PYTHON) -m venv $(VENV)

.make/run: $(REQUIREMENTS) | $(BIN)/python
	@mkdir -p .make
	@echo "installing kerasdl with JAX and the first-party plugins into $(VENV)"
	$(INSTALL) -e ".[jax,train]" $(PLUGINS)
	@$(COMPILE)
	@touch $@

.make/test: .make/run
	@echo "installing what the tests need"
	$(INSTALL) -e ".[tensorboard,text]" $(TENSORFLOW) -r tests/requirements.txt
	@$(COMPILE)
	@touch $@

.make/docs: .make/run
	$(INSTALL) -r docs/requirements.txt
	@touch $@

demo: .make/run ## Train, measure and draw a CNN on scanned digits
	$(BIN)/kerasdl train cnn --data digits

test: .make/test .make/docs lint ## The quick suite, a process for each backend
	@set -e; repeat=0; left=; for backend in $(BACKENDS); do \
		echo "== $$backend"; \
		KERAS_BACKEND=$$backend KERASDL_TEST_REPEAT=$$repeat $(PYTEST) --dist worksteal -m "not long and not gpu" $$left; \
		repeat=1; left="$(SEQUENCES)"; \
	done

# In two halves, each with processes of its own.
test-all: .make/test .make/docs lint ## Every long form too, and JAX in float64
	@set -e; repeat=0; for backend in $(BACKENDS); do \
		for part in tests plugins; do \
			echo "== $$backend, $$part"; \
			KERAS_BACKEND=$$backend KERASDL_TEST_REPEAT=$$repeat $(PYTEST) --dist worksteal -m "not gpu" --durations 40 $$part; \
		done; \
		repeat=1; \
	done
	@echo "== jax, float64"
	@JAX_ENABLE_X64=1 KERAS_BACKEND=jax KERASDL_TEST_REPEAT=1 $(PYTEST) --dist loadfile -m "not long and not gpu" \
		$(addprefix tests/,compress layers losses optimizers regularizers schedules testing)

test-gpu: .make/test ## What a GPU is needed for; BACKENDS=jax or BACKENDS=tensorflow
	@set -e; for backend in $(BACKENDS); do \
		KERAS_BACKEND=$$backend $(BIN)/python -m pytest -m gpu; \
	done

lint: .make/test ## Style, types and the order of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .make/test ## Mend the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .make/docs ## Build the site into site/
	$(BIN)/mkdocs build --strict

serve: .make/docs ## Look at the site while writing
	$(BIN)/mkdocs serve

build: .make/test ## Wheels and sdists of the core and every plugin into dist/
	for part in . $(wildcard plugins/*); do $(BIN)/python -m build --quiet --outdir dist $$part; done

clean: ## Remove what was made
	rm -rf $(VENV) .make site dist
