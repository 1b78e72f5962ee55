# A thin wrapper: what a user needs is in run.py, which works where there is no make.
PYTHON ?= python3

.PHONY: help try test check bench live analyze lock
help:
	@$(PYTHON) run.py --help

try test check bench live:
	@$(PYTHON) run.py $@ $(ARGS)

# make lock ARGS=--upgrade: for who changes the dependencies
lock:
	@$(PYTHON) tools/lock.py $(ARGS)

# make analyze FILE=entries.json ARGS='--format json'
analyze:
	@$(PYTHON) run.py analyze $(if $(FILE),'$(FILE)') $(ARGS)
