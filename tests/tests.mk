# SPDX-License-Identifier: GPL-2.0-only
# The test programs and the targets that run the tiers; included by the Makefile.

T = $(B)/tests
FAKE_KERNEL = kernel tree kmsg pci file vfio luo kexec process state calls
UNITS = $(patsubst tests/unit/%.c,$(T)/unit/%,$(wildcard tests/unit/*.c))
FUZZ = $(patsubst tests/fuzz/fuzz-%.c,$(T)/fuzz/%,$(wildcard tests/fuzz/fuzz-*.c))
TEST_CFLAGS = $(filter-out -Wwrite-strings,$(ALL_CFLAGS)) -Icli -Itests/fake -MMD -MP
# The dependency files add headers to $^, which are not to be compiled.
SOURCES_OF = $(filter %.c %.o %.a,$^)
# Test programs are linked from the objects, not the archive: they see what is internal.
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
	$(TEST_LINK) $(SOURCES_OF) -lcmocka $(LIBS)
$(T)/unit/blob-tree $(T)/unit/core: tests/handover.c
$(T)/fuzz/%: tests/fuzz/fuzz-%.c tests/fuzz/main.c $(LIB_OBJS)
	$(TEST_LINK) $(SOURCES_OF) $(LIBS)
$(T)/standin: tests/standin.c tests/fake/client.c $(LIB_OBJS)
	$(TEST_LINK) $(SOURCES_OF) $(LIBS)
$(T)/manager $(T)/hammer: $(T)/%: tests/%.c
	$(TEST_LINK) $<
# What runs in the VM: with the library as a VMM would use it, and alone.
VM_PROGRAMS = vmm leave hide manager hammer standin
$(T)/vmm $(T)/leave: $(T)/%: tests/vm/%.c $(B)/libvfio-lu.a
	$(TEST_LINK) -Ilib $(SOURCES_OF) $(LIBS)
$(T)/hide: tests/vm/hide.c
	$(TEST_LINK) $<
$(T)/facts: tests/vm/facts/facts.c
	@echo "  LD  $@"; mkdir -p $(@D) && \
	$(CC) -std=gnu17 -O1 $(WARN) -Wno-gnu $(WERROR) -static -o $@ $<

check-pure: $(UNITS)
	@BUILD=$(T) tests/unit/run.sh
check-fuzz: $(FUZZ)
	@BUILD=$(T) tests/fuzz/run.sh
fuzz-flags:
	@echo $(filter-out -DVLU_VERSION%,$(ALL_CPPFLAGS)) $(shell pkg-config --cflags $(PKGS)) $(LIBS)
check-tree: $(B)/vfio-lu $(T)/plant
	@SANITIZED=$(ASAN) BUILD=$(T) VFIO_LU=$(abspath $(B)/vfio-lu) tests/tree/run.sh
check-fake: $(B)/vfio-lu $(addprefix $(T)/,plant fake-kernel selftest vfio-lu-fake manager hammer standin)
	@BUILD=$(T) VFIO_LU_REAL=$(abspath $(B)/vfio-lu) tests/fake/run.sh
# SWEEP="-f 12": not every call.
check-sweep: $(addprefix $(T)/,plant fake-kernel vfio-lu-fake)
	@BUILD=$(T) tests/fake/sweep.sh $(SWEEP)
check-sync: vfio-lu
	@tests/sync.sh ./vfio-lu
check-install: all
	@MAKE="$(MAKE)" tests/install.sh
check-proof:
	@tests/proof.sh
check-lint: $(B)/libvfio-lu.a $(CLI_OBJS)
	@OBJS=$(abspath $(B)) tests/lint/run.sh
check-vm: vfio-lu $(VM_PROGRAMS:%=$(T)/%)
	@tests/vm/run.sh -c $(VM_PROGRAMS:%=-p $(T)/%) -p early/vfio-lu-restore
# After check-fake and check-vm
check-calls:
	@BUILD=$(T) tests/calls.sh
demo:
	@tests/deps.sh build vm
	@$(MAKE) --no-print-directory vfio-lu
	@tests/vm/demo.sh

check:
	@tests/check.sh full
check-fast:
	@tests/check.sh fast
check-asan:
	@tests/check.sh asan
lint:
	@tests/check.sh lint
# Ratios, for who changes what they measure
bench: vfio-lu $(T)/plant
	@tests/deps.sh build test vm
	@tests/bench/list.sh
	@tests/bench/bind.sh
	@tests/bench/session.sh

.PHONY: check check-fast check-asan lint bench demo
.PHONY: check-pure check-fuzz fuzz-flags check-tree check-fake check-sweep check-calls
.PHONY: check-sync check-install check-proof check-lint check-vm
