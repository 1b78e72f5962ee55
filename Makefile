# A thin wrapper: everything is in run.py, which works where there is no make.
PYTHON ?= python3

.PHONY: help try test check bench live analyze lock
help:
	@$(PYTHON) run.py --help

try test check bench live lock:
	@$(PYTHON) run.py $@ $(ARGS)

# make analyze FILE=entries.json ARGS='--format json'
analyze:
	@$(PYTHON) run.py analyze $(if $(FILE),'$(FILE)') $(ARGS)
