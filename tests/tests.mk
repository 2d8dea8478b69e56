# SPDX-License-Identifier: GPL-2.0-only
# The test programs and the targets that run the tiers; included by the Makefile.

T = $(B)/tests
FAKE_KERNEL = kernel tree kmsg pci file vfio luo kexec process state calls
UNITS = $(patsubst tests/unit/%.c,$(T)/unit/%,$(wildcard tests/unit/*.c))
FUZZ = $(patsubst tests/fuzz/fuzz-%.c,$(T)/fuzz/%,$(wildcard tests/fuzz/fuzz-*.c))
TEST_CFLAGS = $(filter-out -Wwrite-strings,$(ALL_CFLAGS)) -Icli -Itests/fake -MMD -MP
# The dependency files add headers to $^, which must not be compiled.
SOURCES_OF = $(filter %.c %.o %.a,$^)
# Test programs are linked with the objects instead of the archive, since they use internal functions.
# Tests compress with libraries that the program loads when it needs them.
CODEC_LIBS = $(if $(CODECS),$(shell pkg-config --libs $(CODECS:%=lib%)))
TEST_LINK = @echo "  LD  $@"; mkdir -p $(@D) && $(CC) $(ALL_CPPFLAGS) $(TEST_CFLAGS) -o $@

$(T)/plant: tests/tree/plant.c tests/handover.c
	$(TEST_LINK) $(SOURCES_OF) -lz -lfdt
$(T)/fake-kernel: $(FAKE_KERNEL:%=tests/fake/%.c) tests/handover.c
	$(TEST_LINK) $(SOURCES_OF) -lfdt -lz
$(T)/selftest: tests/fake/selftest.c tests/fake/client.c $(LIB_OBJS)
	$(TEST_LINK) $(SOURCES_OF) -lcmocka $(LIBS)
$(T)/vfio-lu-fake: $(addprefix tests/fake/,main.c fault.c kill.c client.c) $(LIB_OBJS) $(CLI_COMMON)
	$(TEST_LINK) $(SOURCES_OF) $(LIBS)
$(T)/unit/%: tests/unit/%.c $(LIB_OBJS) $(CLI_COMMON)
	$(TEST_LINK) $(SOURCES_OF) -lcmocka $(LIBS) $(CODEC_LIBS)
$(T)/unit/blob-tree $(T)/unit/core: tests/handover.c
$(T)/fuzz/%: tests/fuzz/fuzz-%.c tests/fuzz/main.c $(LIB_OBJS)
	$(TEST_LINK) $(SOURCES_OF) $(LIBS)
$(T)/standin: tests/standin.c tests/fake/client.c $(LIB_OBJS)
	$(TEST_LINK) $(SOURCES_OF) $(LIBS)
$(T)/manager $(T)/hammer: $(T)/%: tests/%.c
	$(TEST_LINK) $<
# The virtual machine itself
$(T)/machine: tests/vm/machine.c tests/vm/verdict.c $(LIB_OBJS)
	$(TEST_LINK) $(SOURCES_OF) $(LIBS)
# Programs for the VM: one uses the library as a VMM would, the others do not.
VM_PROGRAMS = vmm leave hide stopwatch manager hammer standin
$(T)/vmm $(T)/leave: $(T)/%: tests/vm/%.c $(B)/libvfio-lu.a
	$(TEST_LINK) -Ilib $(SOURCES_OF) $(LIBS)
$(T)/hide $(T)/stopwatch: $(T)/%: tests/vm/%.c
	$(TEST_LINK) $<
$(T)/facts: tests/vm/facts/facts.c
	@echo "  LD  $@"; mkdir -p $(@D) && \
	$(CC) -std=gnu17 -O1 $(WARN) -Wno-gnu $(WERROR) -static -o $@ $<

check-pure: $(UNITS)
	@BUILD=$(T) tests/unit/run.sh
check-fuzz: $(FUZZ)
	@BUILD=$(T) tests/fuzz/run.sh
fuzz-flags:
	@echo $(filter-out -DVLU_VERSION% -DVLU_PARTS%,$(ALL_CPPFLAGS)) $(PKG_CFLAGS) $(LIBS)
check-tree: $(B)/vfio-lu $(T)/plant
	@SANITIZED=$(ASAN) BUILD=$(T) VFIO_LU=$(abspath $(B)/vfio-lu) tests/tree/run.sh
FAKE_LOGS = all
check-fake check-fake-log: $(B)/vfio-lu \
		$(addprefix $(T)/,plant fake-kernel selftest vfio-lu-fake manager hammer standin)
check-fake:
	@BUILD=$(T) VFIO_LU_REAL=$(abspath $(B)/vfio-lu) tests/fake/run.sh
# FAKE_LOGS=some: each scenario with only one kind of log.
check-fake-log:
	@BUILD=$(T) VFIO_LU_REAL=$(abspath $(B)/vfio-lu) tests/fake/run.sh -l $(FAKE_LOGS)
# MATRIX="-f 12": every 12th cell.
check-matrix: $(addprefix $(T)/,plant fake-kernel vfio-lu-fake manager standin)
	@BUILD=$(T) tests/fake/matrix.sh $(MATRIX)
# SWEEP="-f 12": every 12th call.
check-sweep: $(addprefix $(T)/,plant fake-kernel vfio-lu-fake)
	@BUILD=$(T) tests/fake/sweep.sh $(SWEEP)
# KILLS="-f 24", PAIRS="-f 9": every 24th kill, every 9th pair.
check-kill-sweep: $(addprefix $(T)/,plant fake-kernel vfio-lu-fake manager)
	@BUILD=$(T) tests/fake/kill-sweep.sh $(KILLS)
check-pairs: $(addprefix $(T)/,plant fake-kernel vfio-lu-fake)
	@BUILD=$(T) tests/fake/pairs.sh $(PAIRS)
check-sync: vfio-lu
	@tests/sync.sh ./vfio-lu
check-install: all $(T)/plant
	@BUILD=$(abspath $(T)) MAKE="$(MAKE)" tests/install.sh
check-deb: all deb
	@MAKE="$(MAKE)" tests/deb.sh
check-fleet: deb
	@tests/deps.sh build vm deb fleet
	@tests/fleet.sh
# As root, it installs Ansible; without Ansible, the tier is skipped.
check-role: $(addprefix $(T)/,plant fake-kernel vfio-lu-fake)
	@[ "$$(id -u)" != 0 ] || tests/deps.sh build role
	@BUILD=$(T) tests/role.sh
check-proof: vfio-lu
	@tests/proof.sh ./vfio-lu
check-packages: $(B)/vfio-lu $(T)/plant
	@BUILD=$(T) VFIO_LU=$(abspath $(B)/vfio-lu) tests/packages/run.sh
check-lint: $(B)/libvfio-lu.a $(CLI_OBJS)
	@OBJS=$(abspath $(B)) tests/lint/run.sh
check-vm: vfio-lu $(T)/machine $(VM_PROGRAMS:%=$(T)/%)
	@tests/vm/run.sh -c $(VM_PROGRAMS:%=-p $(T)/%) -p dist/vfio-lu-restore
# REHEARSE="m-m": only these
check-rehearse: all
	@MAKE="$(MAKE)" tests/rehearse.sh $(REHEARSE)
# After check-fake and check-vm
check-calls:
	@BUILD=$(T) tests/calls.sh
# All sentences that the program can print, for review
messages:
	@mkdir -p $(B) && tests/messages.py >$(B)/messages.txt && echo $(B)/messages.txt
demo:
	@tests/deps.sh build vm
	@$(MAKE) --no-print-directory vfio-lu $(T)/machine
	@tests/vm/demo.sh

check:
	@tests/check.sh full
check-fast:
	@tests/check.sh fast
check-asan:
	@tests/check.sh asan
lint:
	@tests/check.sh lint
# Compiled but not linked
objects: $(LIB_OBJS) $(CLI_OBJS)
.PHONY: objects
# Benchmarks, for changes of the code that they measure
bench: vfio-lu $(T)/plant $(T)/machine
	@tests/deps.sh build test vm
	@tests/bench/list.sh
	@tests/bench/bind.sh
	@tests/bench/session.sh
	@tests/bench/kexec.sh

.PHONY: check check-fast check-asan lint bench demo messages
.PHONY: check-pure check-fuzz fuzz-flags check-tree check-fake check-fake-log check-matrix
.PHONY: check-sweep check-kill-sweep check-pairs check-calls
.PHONY: check-packages check-sync check-install check-deb check-fleet check-role check-proof check-lint check-vm check-rehearse
