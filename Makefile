# collabd: real-time collaboration for the Django admin
#
#   make            build build/release/collabd
#   make run        (root) install what is missing, build, start a demo on the
#                   embedded defaults and print what to open
#   make demo       (root) install what is missing, build, start a whole site
#                   on one address and print its URL and log-ins
#   make check      (root) install what is missing and run every test
#   make fresh      (root) do what the README says in a Debian 12 made for it
#   make heroku     (root) build an app with bin/compile and run it as dynos
#   make install    install below PREFIX (/usr/local), honouring DESTDIR
#   make uninstall  remove what install put there (never the configuration)
#   make unit       unit tests only
#   make t T=name   one unit test program with its output: T=store/test_resp, or
#                   T=resp; T='store/*' is those of a layer
#   make integration   the daemon against real PostgreSQL, Redis and Django
#   make it K=words the integration tests whose names match ("reload and lock",
#                   "not chat"), one after the other; installs nothing
#   make conformance   RFC 6455 cases against the daemon
#   make sanitize   build with ASan and UBSan, and run units under them
#   make fuzz       build the fuzz targets (needs clang); make fuzz-smoke runs
#                   each for FUZZ_SECONDS (20)
#   make sim        (liblua5.1) simulated worlds of workers, Redis and browsers;
#                   RUNS=n STEPS=n FAULTS=names (tests/sim/sim.c). SEED=n is
#                   that world alone, and a table of who saw what when
#   make sim-long   the same with all faults, on all cores, for an hour
#                   (SECONDS=3600)
#   make lint       layers, headers, options, man pages, cppcheck, clang-tidy
#   make bench      measure speed and memory, print a table and JSON
#   make clean      remove build/
#   make help       this text
#
# Variables: FLAVOUR=release|debug|asan|tsan|fuzz (debug may dump core and be
# traced, the others may not), B=build (where to build), PREFIX, DESTDIR, CC,
# CFLAGS, LDFLAGS (added, never replacing), V=1, WERROR=1.

VERSION = 0.1.0

FLAVOUR ?= release
B ?= build
O = $(B)/$(FLAVOUR)
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
UNITDIR ?= $(PREFIX)/lib/systemd/system
FUZZ_SECONDS ?= 20
PKG_CONFIG ?= pkg-config

ifeq ($(V),1)
Q =
else
Q = @
endif

# Layers, lowest first; tests/lint/layers.txt says which may use which.
LAYERS = base shm proto rules django db auth store server process start

PKGS = libevent_core libevent_extra libevent_openssl libevent_pthreads \
	hiredis json-c libpq openssl zlib sqlite3 libbsd
# Without the packages nothing builds, but "make check" must get as far as
# installing them.
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)

WARN = -Wall -Wextra -Wshadow -Wpointer-arith -Wsign-compare -Wcast-qual \
	-Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations \
	-Wformat=2 -Wvla -Wundef -Wwrite-strings -Wimplicit-fallthrough
HARDEN = -fstack-protector-strong -fPIE
HARDEN_LD = -pie -Wl,-z,relro -Wl,-z,now
OPT_release = -O2 -g $(HARDEN) -D_FORTIFY_SOURCE=2 -fstack-clash-protection
# With cores and ptrace, which the others forbid (src/process/master.c).
OPT_debug = -O0 -g3 $(HARDEN) -DCOLLABD_DEBUG
OPT_asan = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
OPT_tsan = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
OPT_fuzz = -O1 -g -fno-omit-frame-pointer -DCOLLABD_FUZZ \
	-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
LD_release = $(HARDEN_LD)
LD_debug = $(HARDEN_LD)
LD_asan = -fsanitize=address,undefined
LD_tsan = -fsanitize=thread
LD_fuzz = -fsanitize=fuzzer,address,undefined
ifeq ($(FLAVOUR),fuzz)
CC = clang
endif

ALL_CFLAGS = -std=gnu11 $(WARN) $(if $(WERROR),-Werror) $(OPT_$(FLAVOUR)) \
	-D_GNU_SOURCE -DCOLLABD_VERSION='"$(VERSION)"' \
	-DCOLLABD_SYSCONFDIR='"$(SYSCONFDIR)"' -pthread -Iinclude \
	$(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LD_$(FLAVOUR)) -pthread $(LDFLAGS)

src = $(wildcard src/$(1)/*.c)
objs = $(patsubst src/%.c,$(O)/%.o,$(call src,$(1)))
libs = $(foreach l,$(1),$(O)/lib$(l).a)
LIBS = $(call libs,$(filter-out start,$(LAYERS)))
# The archives that a program of these layers needs, by the rows of layers.txt:
# a file of a higher layer may change without it being linked anew.
$(foreach l,$(LAYERS),$(eval USES_$(l) := $(l) \
	$(shell sed -n 's/^$(l)://p' tests/lint/layers.txt)))
libs_for = $(call libs,$(sort $(foreach l,$(1),$(USES_$(l)))))
# ... in any order, since the linker goes round them.
link = -Wl,--start-group $(1) -Wl,--end-group $(PKG_LIBS)
LUA = $(wildcard src/store/lua/*.lua)
# With the folders, so that a file that goes is noticed too.
BROWSER := $(shell find src/browser -type d -o -name '*.js' -o -name '*.css' \
	-o -name '*.json' -o -name '*.sh' 2>/dev/null)

.PHONY: all run demo check fresh heroku sim sim-long unit t integration it \
	conformance sanitize fuzz fuzz-smoke lint bench install uninstall \
	clean help units-build deps-build

all: $(O)/collabd $(O)/start-collabd

$(O)/collabd: $(O)/process/main.o $(LIBS)
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(call link,$(LIBS))

$(O)/start-collabd: $(O)/start/main.o $(call libs_for,start)
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< \
		$(call link,$(call libs_for,start))

# One archive a layer, without main(), so that a test links what it needs.
define layer_rule
$(O)/lib$(1).a: $(filter-out %/main.o,$(call objs,$(1))) $(EXTRA_$(1))
	@echo "  AR      $$@"
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
endef
EXTRA_store = $(O)/gen/scripts.o
EXTRA_server = $(O)/gen/assets.o
EXTRA_start = $(O)/gen/start.o
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(O)/%.o: src/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/gen/%.o: $(O)/gen/%.c
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The Lua scripts become C strings; their SHA1 is taken at start.
$(O)/gen/scripts.c: src/store/embed.awk $(LUA)
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	$(Q)awk -f src/store/embed.awk $(LUA) > $@

# The browser client becomes one script, one style sheet and its languages, in
# one table. The Makefile has the version.
$(O)/gen/assets.c: $(BROWSER) Makefile
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	$(Q)sh src/browser/bundle.sh $(O)/gen/browser > $@.new
	$(Q)mv $@.new $@

# The private nginx of start-collabd, and what it runs in a site's Django.
START_TEXTS = $(sort $(wildcard etc/nginx*.conf)) src/start/nginx.conf \
	etc/django_conf.py
$(O)/gen/start.c: src/start/embed.awk $(START_TEXTS)
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	$(Q)awk -f src/start/embed.awk $(START_TEXTS) > $@

# --- unit tests: tests/unit/<layer>/test_<module>.c, one program each --------
UNIT_SRC = $(wildcard tests/unit/*/test_*.c)
UNIT_BIN = $(patsubst tests/%.c,$(O)/tests/%,$(UNIT_SRC))

define unit_rule
$(O)/tests/unit/$(1)/%: tests/unit/$(1)/%.c $(call libs_for,$(1))
	@mkdir -p $$(@D)
	@echo "  TEST    $$@"
	$$(Q)$$(CC) $$(ALL_CFLAGS) -Itests/unit -MMD -MP $$(ALL_LDFLAGS) \
		-o $$@ $$< $$(call link,$(call libs_for,$(1))) -lcmocka
endef
$(foreach l,$(LAYERS),$(eval $(call unit_rule,$(l))))

units-build: $(UNIT_BIN)

unit: units-build
	$(Q)sh tests/run-units.sh $(O) $(UNIT_BIN)

T_PATH = $(patsubst tests/unit/%,%,$(basename $(T)))
T_SRC = $(if $(T),$(wildcard tests/unit/$(or $(filter-out ./,$(dir $(T_PATH))),\
	*/)test_$(patsubst test_%,%,$(notdir $(T_PATH))).c))
T_BIN = $(patsubst tests/%.c,$(O)/tests/%,$(T_SRC))

t: $(T_BIN)
	$(Q)sh tests/t.sh '$(T)' $(T_BIN)

# --- fuzz targets: tests/fuzz/fuzz_<what>.c ----------------------------------
FUZZ_SRC = $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN = $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(FUZZ_SRC))

ifeq ($(FLAVOUR),fuzz)
fuzz: $(FUZZ_BIN)
# Of the layers whose headers it includes.
fuzz_libs = $(call libs_for,$(sort $(shell sed -n \
	's/^\#include "\([a-z]*\)\/.*/\1/p' $(1))))
define fuzz_rule
$(O)/fuzz/$(1): tests/fuzz/$(1).c $(2)
	@mkdir -p $$(@D)
	@echo "  FUZZ    $$@"
	$$(Q)$$(CC) $$(ALL_CFLAGS) -MMD -MP $$(ALL_LDFLAGS) -o $$@ $$< \
		$$(call link,$(2)) -lwslay
endef
$(foreach f,$(FUZZ_SRC),$(eval $(call fuzz_rule,$(basename $(notdir \
	$(f))),$(call fuzz_libs,$(f)))))
else
fuzz:
	$(Q)$(MAKE) --no-print-directory FLAVOUR=fuzz fuzz
endif

fuzz-smoke: fuzz
	$(Q)sh tests/fuzz/smoke.sh $(B)/fuzz/fuzz $(FUZZ_SECONDS)

sanitize:
	$(Q)$(MAKE) --no-print-directory FLAVOUR=asan all unit

integration: $(O)/collabd
	$(Q)sh tests/integration/run.sh $(O)

it: $(O)/collabd
	$(Q)sh tests/integration/run.sh -k '$(K)' $(O)

conformance: $(O)/collabd
	$(Q)sh tests/conformance/run.sh $(O)

lint:
	$(Q)sh tests/lint/run.sh

# --- bench: one program, tests/bench/*.c; run.sh builds and feeds it ----------
BENCH_OBJ = $(patsubst tests/%.c,$(O)/%.o,$(wildcard tests/bench/*.c))

$(O)/bench/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -c -o $@ $<

$(O)/bench/bench: $(BENCH_OBJ) $(O)/libproto.a $(O)/libbase.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

bench:
	$(Q)sh tests/bench/run.sh $(O)

# --- simulator: one program, tests/sim/*.c, and the check of its Redis --------
# In place of these objects of the daemon the simulator has its own:
# base/clock.o base/timer.o store/wire.o server/client.o server/saves.o
LUA_CFLAGS = $(shell $(PKG_CONFIG) --cflags lua5.1)
LUA_LIBS = $(shell $(PKG_CONFIG) --libs lua5.1)
sim_objs = $(patsubst tests/%.c,$(O)/%.o,$(filter-out $(2),$(wildcard $(1))))
SIM_REDIS = $(call sim_objs,tests/sim/redis*.c,tests/sim/redis_check% \
	tests/sim/redis_clock.c)
SIM_CHECK = $(call sim_objs,tests/sim/redis_check*.c)
SIM_OBJ = $(call sim_objs,tests/sim/*.c,tests/sim/redis%) $(SIM_REDIS)
SIM_ARGS = $(if $(SEED),-p -n 1) $(if $(RUNS),-n $(RUNS)) \
	$(if $(STEPS),-s $(STEPS)) $(if $(FAULTS),-f $(FAULTS)) $(SEED)

$(O)/sim/%.o: tests/sim/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(LUA_CFLAGS) -Itests -MMD -MP -c -o $@ $<

$(O)/sim/sim: $(SIM_OBJ) $(call libs_for,server)
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(SIM_OBJ) \
		$(call link,$(call libs_for,server)) $(LUA_LIBS)

$(O)/sim/redis_check: $(SIM_CHECK) $(SIM_REDIS) $(call libs_for,store) \
		$(O)/sim/redis_clock.so
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(SIM_CHECK) $(SIM_REDIS) \
		$(call link,$(call libs_for,store)) $(LUA_LIBS)

# For the real server, so without a sanitizer.
$(O)/sim/redis_clock.so: tests/sim/redis_clock.c
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	$(Q)$(CC) -std=gnu11 $(WARN) $(if $(WERROR),-Werror) -O2 -D_GNU_SOURCE \
		-fPIC -shared -o $@ $<

sim: $(O)/sim/sim
	$(Q)$(O)/sim/sim $(SIM_ARGS)

sim-long: $(O)/sim/sim
	$(Q)sh tests/sim/long.sh $(SECONDS) $(SEED)

check:
	$(Q)sh tests/check.sh

fresh:
	$(Q)sh tests/fresh/run.sh

heroku:
	$(Q)REQUIRE=1 sh tests/heroku/run.sh

run:
	$(Q)sh tests/demo/run.sh $(ARGS)

demo:
	$(Q)sh tests/demo/demo.sh $(ARGS)

install: $(O)/collabd $(O)/start-collabd
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man8 \
		$(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 \
		$(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(SYSCONFDIR) \
		$(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/share/collabd
	install -m 755 $(O)/collabd $(DESTDIR)$(SBINDIR)/collabd
	install -m 755 $(O)/start-collabd $(DESTDIR)$(BINDIR)/start-collabd
	install -m 644 man/start-collabd.1 \
		$(DESTDIR)$(MANDIR)/man1/start-collabd.1
	install -m 644 man/collabd.8 $(DESTDIR)$(MANDIR)/man8/collabd.8
	install -m 644 man/collabd.conf.5 $(DESTDIR)$(MANDIR)/man5/collabd.conf.5
	install -m 644 man/collabd-protocol.7 man/collabd-migration.7 \
		$(DESTDIR)$(MANDIR)/man7/
	test -e $(DESTDIR)$(SYSCONFDIR)/collabd.conf || \
		install -m 640 etc/collabd.conf $(DESTDIR)$(SYSCONFDIR)/collabd.conf
	sed 's|@SBINDIR@|$(SBINDIR)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' \
		etc/collabd.service > $(DESTDIR)$(UNITDIR)/collabd.service
	install -m 644 etc/nginx.conf etc/django_conf.py \
		$(DESTDIR)$(PREFIX)/share/collabd/

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/collabd $(DESTDIR)$(MANDIR)/man8/collabd.8 \
		$(DESTDIR)$(BINDIR)/start-collabd \
		$(DESTDIR)$(MANDIR)/man1/start-collabd.1 \
		$(DESTDIR)$(MANDIR)/man5/collabd.conf.5 \
		$(DESTDIR)$(MANDIR)/man7/collabd-protocol.7 \
		$(DESTDIR)$(MANDIR)/man7/collabd-migration.7 \
		$(DESTDIR)$(UNITDIR)/collabd.service
	rm -rf $(DESTDIR)$(PREFIX)/share/collabd

clean:
	rm -rf $(B)

help:
	@sed -n '/^# collabd/,/^$$/s/^# \{0,1\}//p' Makefile

-include $(shell find $(O) -name '*.d' 2>/dev/null)
