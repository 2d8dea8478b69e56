# SPDX-License-Identifier: GPL-2.0-only
# The version is in one place: the newest heading of the change log.
VERSION := $(shell sed -n '/^\#\# /{s/^\#\# \([0-9.]*\) .*/\1/p;q;}' CHANGELOG.md)
PREFIX ?= /usr/local
# A slash at the end: the recipes compare PREFIX with /usr and /usr/local.
override PREFIX := $(patsubst %/,%,$(PREFIX))
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
LIBEXECDIR ?= $(PREFIX)/libexec/vfio-lu
UNITDIR ?= $(PREFIX)/lib/systemd/system
GENERATORDIR ?= $(patsubst %/system,%/system-generators,$(UNITDIR))
CATALOGDIR ?= $(patsubst %/system,%/catalog,$(UNITDIR))
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions

# The recipes split words at blanks: with a blank in a directory, uninstall would remove other files.
$(if $(word 2,$(DESTDIR))$(word 2,$(PREFIX)),$(error DESTDIR and PREFIX may have no blanks))

# V=1 shows the whole commands.
Q = $(if $(V),,@)

# The directory of the objects. Another compiler or sanitizer needs another directory.
B ?= build
CFLAGS ?= -O2 -g
ifdef ASAN
B = build/asan
CFLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS = -fsanitize=address,undefined
endif
# Sanitizers replace these options.
HARDEN = $(if $(ASAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection)
HARDEN_LINK = -Wl,-z,relro,-z,now
# Linked to the program
PKGS = json-c zlib
# Loaded by the program at their first use (lib/sys/late.h)
LATE_PKGS = libcrypto libkmod libpci
# libfdt has no pkg-config file, so the compiler looks for its header.
DEPS := $(shell sh -c 'pkg-config --exists $(PKGS) $(LATE_PKGS) && echo "\#include <libfdt.h>" | $(CC) -E -' >/dev/null 2>&1 && echo yes)
# Optional: without the library of a format, data in this format cannot be unpacked.
CODECS := $(shell for p in lzma zstd lz4; do pkg-config --exists lib$$p 2>/dev/null && echo $$p; done)
# Optional too: without it, the holder sends nothing to a service manager.
SYSTEMD := $(shell pkg-config --exists libsystemd 2>/dev/null && echo libsystemd)
OPTIONAL = $(if $(SYSTEMD),-DHAVE_SYSTEMD) $(if $(filter lzma,$(CODECS)),-DHAVE_LZMA) $(if $(filter zstd,$(CODECS)),-DHAVE_ZSTD) \
	     $(if $(filter lz4,$(CODECS)),-DHAVE_LZ4)

WARN = -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
       -Wvla -Wundef -Wwrite-strings -Wpointer-arith
# The program uses snprintf() to cut text; only gcc warns.
CUT_TEXT := $(if $(shell $(CC) --version 2>/dev/null | grep -i clang),,-Wno-format-truncation)
WARN += $(CUT_TEXT)
ALL_LATE_PKGS := $(LATE_PKGS) $(CODECS:%=lib%) $(SYSTEMD)
PKG_CFLAGS := $(if $(DEPS),$(shell pkg-config --cflags $(PKGS) $(ALL_LATE_PKGS)))
# The names by which the dynamic loader knows these libraries, such as libkmod.so.2. A compiler for another machine
# may have headers alone; then nothing can be linked.
soname = $(or $(shell readelf -d "$$($(CC) -print-file-name=$(1).so)" 2>/dev/null | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'),$(1).so)
LATE := $(if $(DEPS),$(foreach pkg,$(ALL_LATE_PKGS),$(call soname,$(pkg))))
linkable = $(if $(filter %.so,$(LATE)),$(error no shared library: $(filter %.so,$(LATE))))
LATE_NAMES := $(foreach library,$(LATE),-DLATE_$(shell echo $(firstword $(subst ., ,$(library))) | tr a-z A-Z)='"$(library)"')
# libc first: the loader looks for a symbol in one library after the other.
LIBS := $(if $(DEPS),-lc $(shell pkg-config --libs $(PKGS)) -lfdt)
WERROR = $(if $(CI),-Werror)
PARTS := $(shell echo "$(foreach part,zstd lz4 lzma,$(if $(filter $(part),$(CODECS)),+,-)$(part)) $(if $(SYSTEMD),+,-)systemd" | tr ' ' ,)
ALL_CPPFLAGS = -D_GNU_SOURCE -DVLU_VERSION='"$(VERSION)"' -DVLU_PARTS='"$(PARTS)"' -DSBINDIR='"$(SBINDIR)"' -Ilib \
	       $(OPTIONAL) $(LATE_NAMES) $(CPPFLAGS)
# Builds in two directories are identical to the byte.
ALL_CFLAGS = -std=gnu17 -pthread -fvisibility=hidden -fPIC '-ffile-prefix-map=$(CURDIR)=.' $(WARN) $(WERROR) $(CFLAGS) $(HARDEN) \
	     $(PKG_CFLAGS)
ALL_LDFLAGS = $(HARDEN_LINK) $(LDFLAGS)

LIB_OBJS = $(patsubst %.c,$(B)/%.o,$(wildcard lib/*.c lib/*/*.c))
CLI_OBJS = $(patsubst %.c,$(B)/%.o,$(wildcard cli/*.c))
CLI_COMMON = $(filter-out $(B)/cli/vfio-lu.o,$(CLI_OBJS))

# Change this number if programs that are linked to an older library would break.
SONAME = libvfio-lu.so.0
LIBVFIO_LU = libvfio-lu.so.$(VERSION)

all: parts vfio-lu $(B)/$(LIBVFIO_LU) $(B)/libvfio-lu.pc $(B)/completions $(B)/man

# Prints which optional parts this build has and lacks.
parts:
	@echo "optional parts: $(PARTS)"
.PHONY: parts

# On a fresh machine, prints the command that installs the packages for the build.
ifneq ($(DEPS),yes)
vfio-lu $(LIB_OBJS) $(CLI_OBJS) $(B)/$(LIBVFIO_LU) $(B)/libvfio-lu.pc $(B)/completions: build-deps
build-deps:
	@tests/deps.sh -n build
.PHONY: build-deps
else

# Removes the old program first: a running program cannot be overwritten.
vfio-lu: $(B)/vfio-lu
	@rm -f $@ && cp $< $@

$(B)/vfio-lu: $(CLI_OBJS) $(B)/libvfio-lu.a
	$(if $(V),,@echo "  LD  $@")
	$(linkable)$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libvfio-lu.a: $(LIB_OBJS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/$(LIBVFIO_LU): $(LIB_OBJS) lib/libvfio-lu.sym
	$(if $(V),,@echo "  LD  $@")
	$(linkable)$(Q)$(CC) -shared $(ALL_CFLAGS) $(ALL_LDFLAGS) -Wl,-soname,$(SONAME) -Wl,--version-script=lib/libvfio-lu.sym \
		$(if $(ASAN),,-Wl,--no-undefined) -o $@ $(LIB_OBJS) $(LIBS)

# The file for pkg-config names the directories of this installation, relative to PREFIX if they are below it.
in_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
$(B)/libvfio-lu.pc: lib/libvfio-lu.pc.in FORCE
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(call in_prefix,$(LIBDIR))|; s|@INCLUDEDIR@|$(call in_prefix,$(INCLUDEDIR))|' \
		-e 's|@VERSION@|$(VERSION)|; s|@REQUIRES@|$(PKGS)|' $< >$@
FORCE:

# An empty library that is linked to the libraries of ALL_LATE_PKGS, for tools that read dependencies from a file.
$(B)/late.so:
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -Wl,--no-as-needed -o $@ $(shell pkg-config --libs $(ALL_LATE_PKGS))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lib/%.o: WARN += -Wconversion

# The library looks for vfio-lu in SBINDIR, so make install with another PREFIX compiles these again.
$(B)/sbindir: FORCE
	@mkdir -p $(@D)
	@echo '$(SBINDIR)' | cmp -s - $@ || echo '$(SBINDIR)' >$@
$(B)/lib/base/program.o $(B)/lib/sys/real-process.o: $(B)/sbindir

# the scripts for the virtual machine are part of the program, and so is the version
$(B)/cli/help.o $(B)/cli/status-metrics.o: CHANGELOG.md
$(B)/lib/rehearse/guest-image.o: lib/rehearse/guest-init
$(B)/lib/rehearse/rehearsal-guest.o: lib/rehearse/guest-steps

$(B)/man: lib/vfio-lu.h man/libvfio-lu.sh
	@man/libvfio-lu.sh $@
	@touch $@

$(B)/completions: $(B)/vfio-lu $(wildcard completions/*)
	@completions/gen.sh $< $@
	@touch $@
endif

include tests/tests.mk

all-tests: $(B)/vfio-lu $(UNITS) $(FUZZ) $(addprefix $(T)/,plant fake-kernel selftest vfio-lu-fake facts machine $(VM_PROGRAMS))

# The installed files, MODE:FROM:TO. In the files of dist/ and the manual pages, the directories and the version are
# filled in.
# If PREFIX is /usr, initramfs-tools and dracut find the hooks in these directories.
INITRAMFS = $(PREFIX)/share/initramfs-tools
DRACUT = $(PREFIX)/lib/dracut/modules.d/90vfio-lu
FISH = $(PREFIX)/share/fish/vendor_completions.d/vfio-lu.fish
# Debian's fish reads only the vendor directory of /usr.
FISH_LINK = $(if $(filter /usr/local,$(PREFIX)),/etc/fish/completions/vfio-lu.fish)
man_dir = $(MANDIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))
PROGRAM_FILES = \
	755:$(B)/vfio-lu:$(SBINDIR)/vfio-lu \
	$(foreach page,$(wildcard man/*.[0-9]),644:$(page):$(call man_dir,$(page))) \
	644:dist/schema-1.json:$(PREFIX)/share/vfio-lu/schema-1.json \
	755:dist/examples/live-update:$(PREFIX)/share/vfio-lu/examples/live-update \
	755:dist/examples/libvirt-attach:$(PREFIX)/share/vfio-lu/examples/libvirt-attach \
	644:$(B)/completions/vfio-lu.bash:$(PREFIX)/share/bash-completion/completions/vfio-lu \
	644:$(B)/completions/_vfio-lu:$(ZSHDIR)/_vfio-lu \
	644:$(B)/completions/vfio-lu.fish:$(FISH) \
	755:dist/vfio-lu-restore:$(LIBEXECDIR)/vfio-lu-restore \
	644:dist/systemd/vfio-lu-restore.service.in:$(UNITDIR)/vfio-lu-restore.service \
	644:dist/systemd/vfio-lu-metrics.service.in:$(UNITDIR)/vfio-lu-metrics.service \
	644:dist/systemd/vfio-lu-metrics.timer:$(UNITDIR)/vfio-lu-metrics.timer \
	644:dist/systemd/vfio-lu.catalog:$(CATALOGDIR)/vfio-lu.catalog \
	755:dist/initramfs-tools/hook:$(INITRAMFS)/hooks/vfio-lu \
	755:dist/initramfs-tools/init-top:$(INITRAMFS)/scripts/init-top/00-vfio-lu \
	755:dist/dracut/module-setup.sh:$(DRACUT)/module-setup.sh \
	755:dist/dracut/vfio-lu-pre-udev.sh:$(DRACUT)/vfio-lu-pre-udev.sh
# The role and its playbooks
ANSIBLE = $(PREFIX)/share/vfio-lu/ansible
PROGRAM_FILES += $(foreach file,$(shell find dist/ansible -type f ! -name '.*'),644:$(file):$(file:dist/ansible/%=$(ANSIBLE)/%))
# Without libsystemd, the holder cannot report that it is ready.
PROGRAM_FILES += $(if $(SYSTEMD),644:dist/systemd/vfio-lu.service.in:$(UNITDIR)/vfio-lu.service \
	755:dist/systemd/vfio-lu-generator:$(GENERATORDIR)/vfio-lu-generator)
# One page for each section of the header
LIBRARY_PAGES := $(B)/man/libvfio-lu.3 $(patsubst %,$(B)/man/libvfio-lu-%.3, \
	$(shell sed -n 's|^/\* --* \(.*\) \*/$$|\1|p' lib/vfio-lu.h | tr A-Z a-z))
LIBRARY_FILES = $(foreach page,$(LIBRARY_PAGES),644:$(page):$(call man_dir,$(page))) \
	644:lib/vfio-lu.h:$(INCLUDEDIR)/vfio-lu.h \
	644:$(B)/libvfio-lu.a:$(LIBDIR)/libvfio-lu.a \
	755:$(B)/$(LIBVFIO_LU):$(LIBDIR)/$(LIBVFIO_LU) \
	644:$(B)/libvfio-lu.pc:$(LIBDIR)/pkgconfig/libvfio-lu.pc
LIBRARY_LINKS = $(LIBDIR)/$(SONAME) $(LIBDIR)/libvfio-lu.so
INSTALLED = $(PROGRAM_FILES) $(LIBRARY_FILES)

field = $(word $(1),$(subst :, ,$(2)))
define install_one
$(if $(filter dist/% %.3 %.5 %.7 %.8,$(call field,2,$(1))), \
	sed 's|@SBINDIR@|$(SBINDIR)|g; s|@LIBEXECDIR@|$(LIBEXECDIR)|g; s|@VERSION@|$(VERSION)|g; s|@LATE@|$(LATE)|g' $(call field,2,$(1)) | \
	install -D -m $(call field,1,$(1)) /dev/stdin $(DESTDIR)$(call field,3,$(1)), \
	install -D -m $(call field,1,$(1)) $(call field,2,$(1)) $(DESTDIR)$(call field,3,$(1)))

endef

install: all
	$(foreach file,$(INSTALLED),$(call install_one,$(file)))
	ln -sf $(LIBVFIO_LU) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libvfio-lu.so
	$(if $(FISH_LINK),install -d $(DESTDIR)$(dir $(FISH_LINK)) && ln -sf $(FISH) $(DESTDIR)$(FISH_LINK))
ifeq ($(DESTDIR),)
	-@ldconfig
	@[ ! -d /run/systemd/system ] || systemctl daemon-reload
	$(if $(filter /usr,$(PREFIX)),,@echo "If initramfs-tools makes the initrd, run as root:"; \
		echo "    cp -r $(INITRAMFS)/. /etc/initramfs-tools/ && update-initramfs -u"; \
		echo "If dracut makes the initrd, run as root:"; echo "    cp -r $(DRACUT) /usr/lib/dracut/modules.d/ && dracut -f")
	@[ ! -d /run/systemd/system ] || echo "For the root file system:  systemctl enable $(UNITDIR)/vfio-lu-restore.service"
	$(if $(FISH_LINK)$(filter /usr,$(PREFIX)),,@echo "For fish:  ln -s $(FISH) /etc/fish/completions/")
endif

uninstall:
	rm -f $(addprefix $(DESTDIR),$(foreach file,$(INSTALLED),$(call field,3,$(file))) $(LIBRARY_LINKS) $(FISH_LINK))
	-find $(addprefix $(DESTDIR),$(LIBEXECDIR) $(DRACUT) $(PREFIX)/share/vfio-lu) -depth -type d -empty -delete 2>/dev/null
ifeq ($(DESTDIR),)
	-@ldconfig
	@[ ! -d /run/systemd/system ] || systemctl daemon-reload
endif

# The packages, by debhelper in a clean tree: build/deb/*.deb
deb: build/deb/made
build/deb/made: Makefile LICENSE CHANGELOG.md $(shell find cli lib dist completions man -type f)
	@dist/debian/build.sh $(@D)
	@touch $@

clean:
	rm -rf build vfio-lu

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)
.PHONY: all all-tests install uninstall deb clean
