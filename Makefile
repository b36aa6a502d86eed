# nudged: one makefile, no recursion. Everything that is made goes to $(BUILD).
#   make              the daemon, the control tool and the plugins, optimised and hardened
#   make demo         see it work          make check    run every test
#   make install      DESTDIR= prefix=/usr make bench    the figures
#   make SANITIZE=1   with AddressSanitizer and UBSan, in build/sanitize
#   make campaign-simulated SEEDS=10000   the release figure of simulated time
#   make campaign-receivers               every fault that receivers have
#   make campaign-crash KILLS=10000       kill -9 at every instant
#   make campaign-storm, campaign-soak    everything at once, and steady load for hours
#   make campaign-company                 a company of two hundred lives a year
#   make campaign-visitors                the listener under a crowd that means no good
#   make campaign-power IMAGES=100000     images of what a power loss may leave
#   make lint         layers, sizes, style, man pages, catalog, prompts

BUILD    ?= $(if $(SANITIZE),build/sanitize,build)
VERSION  := 0.4.0
prefix   ?= /usr
PKGS     := libevent libevent_pthreads libcurl libconfig libsystemd sqlite3 jansson libsodium
PKG_CONFIG ?= pkg-config

CC       ?= gcc
WARN     := -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
            -Wno-unused-parameter -Wno-missing-field-initializers
STD      := -std=gnu11 -D_GNU_SOURCE
INCLUDE  := -Idaemon -Iplugins
DEFS      = -DNUDGED_VERSION='"$(VERSION)"' -DNUDGED_PLUGIN_DIR='"$(prefix)/lib/nudged/plugins"' \
            -DNUDGED_DATA_DIR='"$(prefix)/share/nudged"'
# The OpenSSF list for a daemon; -U first, since a distribution may set its own level.
HARDEN   := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
            -fcf-protection=full -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks \
            -fno-strict-overflow
LINKHARD := -Wl,-z,relro,-z,now,-z,noexecstack,-z,defs,--as-needed
ifdef SANITIZE
OPT      := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LINKOPT  := -fsanitize=address,undefined
else
OPT      := -O2 -g $(HARDEN)
LINKOPT  := $(LINKHARD)
endif
CFLAGS_ALL  = $(STD) $(WARN) $(OPT) $(INCLUDE) $(DEFS) $(PKG_CFLAGS) $(CFLAGS) -pthread -MMD -MP
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lm

LAYERS   := base time model port engine face
SOURCES  := $(foreach l,$(LAYERS),$(sort $(wildcard daemon/$l/*.c)))
OBJECTS  := $(SOURCES:%.c=$(BUILD)/obj/%.o)
# plugins/NAME.c, with plugins/NAME_*.c where it has parts.
PLUGINS  := $(foreach p,$(patsubst plugins/%.c,%,$(sort $(wildcard plugins/*.c))),$(if $(findstring _,$p),,$p))
UNITS    := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*.c)))
PROGRAMS := $(BUILD)/nudged $(if $(wildcard daemon/nudgectl.c),$(BUILD)/nudgectl)

all: $(PROGRAMS) $(PLUGINS:%=$(BUILD)/plugins/%.so)

# Objects also depend on the makefile itself: a changed flag rebuilds.
$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -fPIE -c -o $@ $<

$(BUILD)/libnudged.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $(OBJECTS)

$(BUILD)/nudged: $(BUILD)/obj/daemon/main.o
$(BUILD)/nudgectl: $(BUILD)/obj/daemon/nudgectl.o
$(PROGRAMS): $(BUILD)/libnudged.a
	$(CC) -pie -pthread $(LINKOPT) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS) -ldl

# Plugins see one header of ours and link against nothing of ours.
PLUGIN_PKGS := jansson libsodium libcrypto
.SECONDEXPANSION:
$(BUILD)/plugins/%.so: plugins/%.c $$(wildcard plugins/$$*_*.c) $$(wildcard plugins/*.h) plugins/plugin.map Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(OPT) -Iplugins $(shell $(PKG_CONFIG) --cflags $(PLUGIN_PKGS)) -fPIC -shared \
		-Wl,--version-script=plugins/plugin.map $(LINKOPT) -o $@ $(filter %.c,$^) \
		$(shell $(PKG_CONFIG) --libs $(PLUGIN_PKGS))

# A unit test: tests/unit/NAME.c links with the archive, which gives only what it needs.
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libnudged.a
	@mkdir -p $(@D)
	$(CC) -pie -pthread $(LINKOPT) -o $@ $^ $(shell $(PKG_CONFIG) --libs cmocka) $(PKG_LIBS) -ldl

# For the oracles of time: `nudgectl next` alone, and days off.
DRIVERS  := $(BUILD)/next-driver $(BUILD)/daysoff-driver
$(DRIVERS): $(BUILD)/%: $(BUILD)/obj/tests/oracle/%.o $(BUILD)/libnudged.a
	$(CC) -pie -pthread $(LINKOPT) -o $@ $^ $(PKG_LIBS) -ldl

# What tests against real peers need: a driver for one plugin, and plugins that misbehave.
PEERS    := $(BUILD)/peer/carry $(patsubst tests/peer/%.c,$(BUILD)/peer/%.so,$(wildcard tests/peer/plugin_*.c))
$(BUILD)/peer/carry: $(BUILD)/obj/tests/peer/carry.o $(BUILD)/libnudged.a
	@mkdir -p $(@D)
	$(CC) -pie -pthread $(LINKOPT) -o $@ $^ $(PKG_LIBS) -ldl
$(BUILD)/peer/%.so: tests/peer/%.c plugins/nudged-plugin.h Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(OPT) -Iplugins -fPIC -shared $(LINKOPT) -o $@ $<

# What stands before the C library's calls and makes them fail as told.
FAULTS   := $(patsubst tests/fault/%.c,$(BUILD)/fault/%.so,$(sort $(wildcard tests/fault/*.c)))
$(FAULTS): $(BUILD)/fault/%.so: tests/fault/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -O2 -g -fPIC -shared -pthread -o $@ $<

# The targets of the fuzzer, with allocations that fail: build/torture/NAME.
TORTURED := $(patsubst tests/fuzz/%.c,$(BUILD)/torture/%,$(sort $(wildcard tests/fuzz/*.c)))
$(BUILD)/obj/tests/fuzz/%.o: WARN := -w
$(TORTURED): $(BUILD)/torture/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/torture/torture.o $(BUILD)/libnudged.a
	@mkdir -p $(@D)
	$(CC) -pie -pthread -rdynamic $(LINKOPT) -o $@ $^ $(PKG_LIBS) -ldl

# The engine on a simulated clock, for the campaign: its own store and courier come first, so that the
# archive's are left out.
SIMULATOR := $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard tests/campaign/*.c)))
$(BUILD)/campaign/simulator: $(SIMULATOR) $(BUILD)/libnudged.a
	@mkdir -p $(@D)
	$(CC) -pie -pthread $(LINKOPT) -o $@ $^ $(PKG_LIBS) -ldl

# A busy store, what records it, and what opens the images that a power loss may leave.
POWER    := $(BUILD)/campaign/power-work $(BUILD)/campaign/power-check $(BUILD)/campaign/recorder.so
POWER_OBJ = $(patsubst %,$(BUILD)/obj/tests/campaign/power/%.o,$(1)) $(BUILD)/libnudged.a
$(BUILD)/campaign/power-work: $(call POWER_OBJ,work story)
$(BUILD)/campaign/power-check: $(call POWER_OBJ,check story disk)
$(BUILD)/campaign/power-%:
	@mkdir -p $(@D)
	$(CC) -pie -pthread $(LINKOPT) -o $@ $^ $(PKG_LIBS) -ldl
$(BUILD)/campaign/recorder.so: tests/campaign/power/recorder.c tests/campaign/power/oplog.h Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) -O2 -g -fPIC -shared -pthread -o $@ $<

units: $(POWER) $(UNITS:%=$(BUILD)/unit/%) $(PEERS) $(DRIVERS) $(FAULTS) $(if $(SANITIZE),,$(TORTURED)) $(BUILD)/campaign/simulator $(BUILD)/bench/sink

# libFuzzer targets, with everything they link instrumented: build/fuzz/NAME.
FUZZERS  := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_SAN := address,undefined
$(FUZZERS:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libnudged.a
	$(CC) -pthread $(LINKOPT) -o $@ $^ $(PKG_LIBS) -ldl

fuzzers: $(FUZZERS:%=$(BUILD)/%)

fuzz:
	@$(MAKE) -s BUILD=build/fuzz CC=clang-14 WARN=-w LINKOPT="-fsanitize=fuzzer,$(FUZZ_SAN)" \
		OPT="-O1 -g -fsanitize=fuzzer-no-link,$(FUZZ_SAN) -fno-sanitize-recover=all" fuzzers

# Every target for FUZZ_SECONDS, then what they found interesting on a build without instruments.
campaign-fuzz: fuzz
	@$(MAKE) -s BUILD=build/fuzz-fast CC=clang-14 WARN=-w LINKOPT=-fsanitize=fuzzer OPT="-O2 -g" fuzzers
	@tests/fuzz/run $(TARGETS)

# Everything in its place below $(DESTDIR). The configuration of whoever installed before is kept.
sysconfdir ?= /etc
MAN      := $(wildcard conf/*.[1-8] daemon/*.[1-8] plugins/*.[1-8] units/*.[1-8])
put       = install -D -m $(1) $(2) $(DESTDIR)$(3)
install: all
	$(call put,755,$(BUILD)/nudged,$(prefix)/sbin/nudged)
	$(call put,755,$(BUILD)/nudgectl,$(prefix)/bin/nudgectl)
	for p in $(filter-out sample,$(PLUGINS)); do $(call put,644,$(BUILD)/plugins/$$p.so,$(prefix)/lib/nudged/plugins/$$p.so) || exit; done
	$(call put,644,plugins/nudged-plugin.h,$(prefix)/include/nudged-plugin.h)
	for p in $(wildcard conf/prompts/*.conf conf/prompts/*/*.conf); do \
		$(call put,644,$$p,$(prefix)/share/nudged/prompts/$${p#conf/prompts/}) || exit; done
	for c in $(wildcard conf/examples/* plugins/sample.c); do \
		$(call put,644,$$c,$(prefix)/share/nudged/examples/$${c##*/}) || exit; done
	for m in $(MAN); do $(call put,644,$$m,$(prefix)/share/man/man$${m##*.}/$${m##*/}) || exit; done
	$(call put,644,units/nudged.service,$(prefix)/lib/systemd/system/nudged.service)
	sed -i 's|^ExecStart=/usr/sbin/|ExecStart=$(prefix)/sbin/|' $(DESTDIR)$(prefix)/lib/systemd/system/nudged.service
	$(call put,644,units/nudged.socket,$(prefix)/lib/systemd/system/nudged.socket)
	$(call put,644,units/nudged.sysusers,$(prefix)/lib/sysusers.d/nudged.conf)
	$(call put,644,units/nudged.tmpfiles,$(prefix)/lib/tmpfiles.d/nudged.conf)
	$(call put,644,units/nudged.catalog,$(prefix)/lib/systemd/catalog/nudged.catalog)
	$(call put,644,units/nudgectl.completion,$(prefix)/share/bash-completion/completions/nudgectl)
	install -d -m 750 $(DESTDIR)$(sysconfdir)/nudged
	[ -e $(DESTDIR)$(sysconfdir)/nudged/nudged.conf ] || \
		$(call put,640,conf/nudged.conf,$(sysconfdir)/nudged/nudged.conf)

# Two steps, so that what was just installed is found when the makefile is read again.
check:
	@tests/deps
	@$(MAKE) -s check-built

check-built:
	@$(MAKE) -s -j$$(nproc) BUILD=build all units
	@$(MAKE) -s -j$$(nproc) SANITIZE=1 BUILD=build/sanitize all units
	@tests/run

# All zones, all changes of ten years, all shapes: minutes, not part of check.
campaign-time: $(DRIVERS)
	NUDGED_ORACLE_FULL=1 /usr/bin/python3 -m pytest -q -c tests/pytest.ini tests/oracle

# Weeks of many organisations against a model of them, on all cores.
SEEDS    ?= 10000
campaign-simulated: all $(BUILD)/campaign/simulator
	@NUDGED_BUILD=$(BUILD) tests/campaign/simulated.py --seeds $(SEEDS)
	@NUDGED_BUILD=$(BUILD) tests/campaign/simulated.py --years 20

# 10,000 due at a full hour, 10,000 schedules down for a week, a million due at once.
campaign-storm: all $(BUILD)/bench/sink
	@NUDGED_BUILD=$(BUILD) tests/campaign/storm.py $(STORM)

# Disks that give out, at every size and in every way, under a busy daemon.
.PHONY: campaign-disk
campaign-disk: all $(FAULTS)
	@NUDGED_BUILD=$(BUILD) tests/campaign/disks.py $(DISK)

# System calls that fail, once and onwards: every call with every error, wherever chance puts them.
.PHONY: campaign-syscall
campaign-syscall: all
	@NUDGED_BUILD=$(BUILD) tests/campaign/syscalls.py $(SYSCALL)

# Memory that is not there: every allocation of the parsers and the listener, and of a daemon where chance puts it.
.PHONY: campaign-malloc
campaign-malloc: all $(FAULTS) $(TORTURED)
	@NUDGED_BUILD=$(BUILD) tests/campaign/memory.py $(MALLOC)

.PHONY: campaign-receivers
# Every fault of receivers on a channel of its own, then each as the dead one of fifty.
campaign-receivers: all
	@NUDGED_BUILD=$(BUILD) tests/campaign/hostile.py --rounds 3
	@NUDGED_BUILD=$(BUILD) tests/campaign/hostile.py --dead

# Fifty messages a second for so many minutes.
MINUTES  ?= 120
campaign-soak: all $(BUILD)/bench/sink
	@NUDGED_BUILD=$(BUILD) tests/campaign/soak.py --minutes $(MINUTES)

.PHONY: campaign-company
# A year of two hundred people: COMPANY="--seed N --people N --days N".
campaign-company: all $(BUILD)/campaign/simulator
	@NUDGED_BUILD=$(BUILD) tests/campaign/company.py $(COMPANY)

.PHONY: campaign-visitors
# The listener besieged: VISITORS="--seconds N --crowd N".
campaign-visitors: all
	@NUDGED_BUILD=$(BUILD) tests/campaign/visitors.py $(VISITORS)

.PHONY: campaign-crash
# Killed at random instants, then at every call of every system call.
KILLS    ?= 10000
campaign-crash: all
	@NUDGED_BUILD=$(BUILD) tests/campaign/crash.py --kills $(KILLS)
	@NUDGED_BUILD=$(BUILD) tests/campaign/crash.py --calls all

.PHONY: campaign-power
# What a power loss may leave of a busy store, opened again.
IMAGES   ?= 100000
campaign-power: all $(POWER)
	@NUDGED_BUILD=$(BUILD) tests/campaign/power.py --images $(IMAGES)

demo:
	@MAKE="$(MAKE)" BUILD="$(BUILD)" tests/demo/run

lint:
	@tests/lint/lint.py

# A figure: tests/bench/NAME.c, built the same way.
BENCHES  := $(patsubst tests/bench/%.c,%,$(sort $(wildcard tests/bench/*.c)))
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/libnudged.a
	@mkdir -p $(@D)
	$(CC) -pie -pthread $(LINKOPT) -o $@ $^ $(PKG_LIBS) -ldl

$(BUILD)/bench/next-libical: PKG_LIBS += $(shell $(PKG_CONFIG) --libs libical 2>/dev/null)

benches: $(BENCHES:%=$(BUILD)/bench/%) $(FAULTS)

bench:
	@tests/deps
	@$(MAKE) -s all benches
	@tests/bench/run.py --build $(BUILD)

clean:
	rm -rf build

.PHONY: all bench benches campaign-fuzz campaign-simulated campaign-soak campaign-storm campaign-time units fuzz fuzzers install demo check check-built lint clean
.SECONDARY:
-include $(OBJECTS:.o=.d) $(wildcard $(BUILD)/obj/daemon/*.d $(BUILD)/obj/tests/unit/*.d) \
	$(SIMULATOR:.o=.d) $(wildcard $(BUILD)/obj/tests/campaign/power/*.d)
