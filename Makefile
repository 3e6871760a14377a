# The two commands of the README: `make arena` and `make test`. Both install what is missing.
SHELL := /bin/bash
SWIFT := $(shell command -v swift 2>/dev/null)

.PHONY: arena build test check sanitize parity setup clean

arena: build
	.build/release/agon run arenas/quickstart.yaml

build: setup
	swift build -c release --product agon

test: setup
	swift build --build-tests
	swift test --skip-build

# What CI runs: warnings are errors, every test, the kernel paths that this processor would not choose, and everything in
# agents/, arenas/, judges/ and pretraining/ is usable.
check: export AGON_CHECK = 1
check: setup
	swift build --build-tests
	swift test --skip-build
	@for path in portable avx2; do \
	  if [ $$path = avx2 ] && ! grep -qw avx2 /proc/cpuinfo; then continue; fi; \
	  echo "AGON_KERNELS=$$path"; \
	  AGON_KERNELS=$$path swift test --skip-build --filter 'AgonTransformerTests|AgonTrainingTests|StoryTests' || exit 1; done
	.build/debug/agon check

# The engine's tests under each sanitizer, on every kernel path that this processor has; each sanitizer has a build of its
# own. With AGON_FUZZ_SECONDS=600 also ten minutes of broken files on each path, where the usual run reads a thousand.
# The tests are all of swift-testing; XCTest, which leaks at its end, stays out.
sanitize: export LSAN_OPTIONS = suppressions=$(CURDIR)/Tests/leaks.supp:print_suppressions=0
sanitize: setup
	@for kind in address thread undefined; do \
	  flag=--sanitize=$$kind; unset AGON_UNDEFINED; \
	  if [ $$kind = undefined ]; then flag=; export AGON_UNDEFINED=1; fi; \
	  swift build --build-tests $$flag --scratch-path .build/sanitize-$$kind || exit 1; \
	  for path in portable avx2 avx512 avx512_bf16; do \
	    case $$path in avx512) feature=avx512vl;; *) feature=$$path;; esac; \
	    if [ $$path != portable ] && ! grep -qw $$feature /proc/cpuinfo; then continue; fi; \
	    echo "== $$kind sanitizer, AGON_KERNELS=$$path"; \
	    AGON_KERNELS=$$path swift test --skip-build --disable-xctest $$flag \
	      --scratch-path .build/sanitize-$$kind --filter 'CKernelsTests|AgonTransformerTests|AgonTrainingTests' || exit 1; \
	  done; done

# Agreement with transformers, peft and trl; each script says what it skips where a Python package is missing.
PYTHON ?= python3
parity: setup
	swift build --build-tests
	@failed=0; for script in Tests/Parity/*.py; do echo "== $$script"; "$(PYTHON)" "$$script" || failed=1; done; exit $$failed

# The only system library is SQLite; the only tool that must already be there is Swift.
setup:
	@if [ -z "$(SWIFT)" ]; then echo "Swift 6.1 or later is needed: install it from https://www.swift.org/install/linux and run make again." >&2; exit 1; fi
	@if [ "$$(uname)" = Linux ] && ! [ -f /usr/include/sqlite3.h ]; then \
	  if [ "$$(id -u)" = 0 ]; then run=; else run=sudo; fi; \
	  $$run apt-get update -q && $$run apt-get install -y -q libsqlite3-dev; fi

clean:
	rm -rf .build
