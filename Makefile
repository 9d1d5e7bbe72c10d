# aidcase: a PostgreSQL extension (PGXS).
#
#   make, make install, make installcheck   as with any extension
#   make demo, make demo-stop               a district in a private cluster
#   make check                              every test in a throw-away cluster
#   make bench                              the ratios of test/bench

TOP := $(dir $(firstword $(MAKEFILE_LIST)))
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" $(TOP)aidcase.control)

EXTENSION = aidcase
MODULE_big = aidcase
OBJS = \
	extension/actor.o \
	extension/aidcase.o \
	extension/citizen_id.o \
	extension/csv.o \
	extension/estimate.o \
	extension/entry_text.o \
	extension/erasure.o \
	extension/intervals.o \
	extension/kin.o \
	extension/kin_graph.o \
	extension/kin_rules.o \
	extension/ledger.o \
	extension/means_amounts.o \
	extension/means_assess.o \
	extension/means_changes.o \
	extension/means_copy.o \
	extension/means_core.o \
	extension/means_facts.o \
	extension/means_persons.o \
	extension/means_rules.o \
	extension/means_test.o \
	extension/merkle.o \
	extension/money.o \
	extension/past.o \
	extension/plan_cache.o \
	extension/policy.o \
	extension/protect.o \
	extension/report.o \
	extension/report_list.o \
	extension/report_rows.o \
	extension/row_image.o \
	extension/sampling.o \
	extension/sealer.o \
	extension/sealer_worker.o \
	extension/special.o \
	extension/template.o \
	extension/tiles.o \
	extension/supervision.o \
	extension/trigger_util.o \
	extension/verify.o \
	extension/verify_rows.o \
	extension/workdays.o \
	extension/workflow.o \
	extension/workflow_cache.o \
	extension/workflow_clocks.o \
	extension/workflow_facts.o \
	extension/workflow_guards.o \
	extension/workflow_limits.o \
	extension/xlsx.o
PGFILEDESC = "aidcase - social assistance register"

DATA_built = aidcase--$(EXTVERSION).sql
# pkg-config knows nothing where a library that xlsxwriter itself was built
# with has no .pc file installed; it is in the usual place then
PG_CPPFLAGS = $(shell pkg-config --cflags-only-I xlsxwriter 2>/dev/null)
# no fused multiply-add: the same digits on every machine
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -ffp-contract=off $(XCFLAGS)
SHLIB_LINK = $(or $(shell pkg-config --libs xlsxwriter 2>/dev/null),-lxlsxwriter) -lz
EXTRA_CLEAN = aidcase--*.sql
NO_INSTALLCHECK = 1

# The commands below need no PostgreSQL headers yet: they install them.
.DEFAULT_GOAL := all
ifeq ($(filter demo demo-stop check bench packages,$(MAKECMDGOALS)),)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

ifneq ($(VPATH),)
$(shell mkdir -p extension)
endif
$(OBJS) $(OBJS:.o=.bc): $(wildcard $(srcdir)/extension/*.h)

# Stripped of bitcode where there is no clang: make with_llvm=no

SQL_PARTS = $(wildcard $(TOP)sql/extension/*.sql $(TOP)sql/register/*.sql \
	$(TOP)sql/register/*.csv $(TOP)sql/data/*.csv $(TOP)sql/upgrade/*.sql $(TOP)sql/packs/*.sql \
	$(TOP)sql/forms/*.html $(TOP)reports/*.sql $(TOP)sql/*.pl)

aidcase--$(EXTVERSION).sql: $(SQL_PARTS) $(TOP)aidcase.control
	perl $(TOP)sql/build.pl $(TOP) $(EXTVERSION) > $@.new
	mv $@.new $@

installcheck:
	sh $(TOP)test/run --installed

.PHONY: installcheck
else

packages:
	sh $(TOP)test/packages

demo:
	sh $(TOP)test/demo start

demo-stop:
	sh $(TOP)test/demo stop

check:
	sh $(TOP)test/run

bench:
	sh $(TOP)test/bench/run

.PHONY: packages demo demo-stop check bench
endif
