# SPDX-License-Identifier: GPL-2.0-only
VERSION = 0.1.0
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
LIBEXECDIR ?= $(PREFIX)/libexec/vfio-lu
UNITDIR ?= $(PREFIX)/lib/systemd/system
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

# V=1 shows the whole commands.
Q = $(if $(V),,@)

# Where objects go: another compiler or sanitizer gets a directory of its own.
B ?= build
CFLAGS ?= -O2 -g
ifdef ASAN
B = build/asan
CFLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS = -fsanitize=address,undefined
endif
PKGS = libpci libkmod json-c zlib
# libfdt has no description for pkg-config: whether it is there is for the compiler to say.
DEPS := $(shell sh -c 'pkg-config --exists $(PKGS) && echo "\#include <libfdt.h>" | $(CC) -E -' >/dev/null 2>&1 && echo yes)
# Not needed: without one of them, what it would have unpacked is not known.
CODECS := $(shell for p in lzma zstd lz4; do pkg-config --exists lib$$p 2>/dev/null && echo $$p; done)
# Not needed either: without it no service manager is told anything.
SYSTEMD := $(shell pkg-config --exists libsystemd 2>/dev/null && echo libsystemd)
OPTIONAL = $(if $(SYSTEMD),-DHAVE_SYSTEMD) $(if $(filter lzma,$(CODECS)),-DHAVE_LZMA) $(if $(filter zstd,$(CODECS)),-DHAVE_ZSTD) \
	     $(if $(filter lz4,$(CODECS)),-DHAVE_LZ4)

WARN = -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
       -Wvla -Wundef -Wwrite-strings -Wpointer-arith
# Text cut to fit its buffer is what snprintf() is used for here; only gcc warns.
CUT_TEXT := $(if $(shell $(CC) --version 2>/dev/null | grep -i clang),,-Wno-format-truncation)
WARN += $(CUT_TEXT)
ALL_PKGS := $(PKGS) $(CODECS:%=lib%) $(SYSTEMD)
PKG_CFLAGS := $(if $(DEPS),$(shell pkg-config --cflags $(ALL_PKGS)))
LIBS := $(if $(DEPS),$(shell pkg-config --libs $(ALL_PKGS)) -lfdt)
WERROR = $(if $(CI),-Werror)
ALL_CPPFLAGS = -D_GNU_SOURCE -DVLU_VERSION='"$(VERSION)"' -DSBINDIR='"$(SBINDIR)"' -Ilib $(OPTIONAL) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu17 -pthread -fvisibility=hidden -fPIC $(WARN) $(WERROR) $(CFLAGS) $(PKG_CFLAGS)

LIB_OBJS = $(patsubst %.c,$(B)/%.o,$(wildcard lib/*.c))
CLI_OBJS = $(patsubst %.c,$(B)/%.o,$(wildcard cli/*.c))
CLI_COMMON = $(filter-out $(B)/cli/vfio-lu.o,$(CLI_OBJS))

# A change that breaks programs linked to an older one gets another number.
SONAME = libvfio-lu.so.0
LIBVFIO_LU = libvfio-lu.so.$(VERSION)

all: vfio-lu $(B)/$(LIBVFIO_LU) $(B)/libvfio-lu.pc $(B)/completions

# A fresh machine: install what the build needs, or say the command that does.
ifneq ($(DEPS),yes)
vfio-lu $(LIB_OBJS) $(CLI_OBJS) $(B)/$(LIBVFIO_LU) $(B)/libvfio-lu.pc $(B)/completions: build-deps
	@$(MAKE) --no-print-directory $@
build-deps:
	@tests/deps.sh build
.PHONY: build-deps
else

vfio-lu: $(B)/vfio-lu
	@cp $< $@

$(B)/vfio-lu: $(CLI_OBJS) $(B)/libvfio-lu.a
	$(if $(V),,@echo "  LD  $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libvfio-lu.a: $(LIB_OBJS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/$(LIBVFIO_LU): $(LIB_OBJS) lib/libvfio-lu.sym
	$(if $(V),,@echo "  LD  $@")
	$(Q)$(CC) -shared $(ALL_CFLAGS) $(LDFLAGS) -Wl,-soname,$(SONAME) -Wl,--version-script=lib/libvfio-lu.sym \
		$(if $(ASAN),,-Wl,--no-undefined) -o $@ $(LIB_OBJS) $(LIBS)

# With the places of this installation in it, so that it may be moved as a whole.
in_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
$(B)/libvfio-lu.pc: lib/libvfio-lu.pc.in FORCE
	@sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(call in_prefix,$(LIBDIR))|; s|@INCLUDEDIR@|$(call in_prefix,$(INCLUDEDIR))|' \
		-e 's|@VERSION@|$(VERSION)|; s|@REQUIRES@|$(ALL_PKGS)|' $< >$@
FORCE:

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lib/%.o: WARN += -Wconversion

$(B)/completions: $(B)/vfio-lu $(wildcard completions/*)
	@completions/gen.sh $< $@
	@touch $@
endif

include tests/tests.mk

all-tests: $(B)/vfio-lu $(UNITS) $(FUZZ) $(addprefix $(T)/,plant fake-kernel selftest vfio-lu-fake facts $(VM_PROGRAMS))

fill_in = sed 's,@SBINDIR@,$(SBINDIR),; s,@LIBEXECDIR@,$(LIBEXECDIR),' $(1) >$(DESTDIR)$(2)

install: all
	install -D -m 755 $(B)/vfio-lu $(DESTDIR)$(SBINDIR)/vfio-lu
	install -D -m 644 lib/vfio-lu.h $(DESTDIR)$(INCLUDEDIR)/vfio-lu.h
	install -D -m 644 $(B)/libvfio-lu.a $(DESTDIR)$(LIBDIR)/libvfio-lu.a
	install -D -m 755 $(B)/$(LIBVFIO_LU) $(DESTDIR)$(LIBDIR)/$(LIBVFIO_LU)
	ln -sf $(LIBVFIO_LU) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libvfio-lu.so
	install -D -m 644 $(B)/libvfio-lu.pc $(DESTDIR)$(LIBDIR)/pkgconfig/libvfio-lu.pc
	install -D -m 644 man/vfio-lu.8 $(DESTDIR)$(MANDIR)/man8/vfio-lu.8
	install -D -m 644 $(B)/completions/vfio-lu.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/vfio-lu
	install -D -m 644 $(B)/completions/_vfio-lu \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vfio-lu
	install -D -m 644 $(B)/completions/vfio-lu.fish \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/vfio-lu.fish

	install -D -m 755 early/vfio-lu-restore $(DESTDIR)$(LIBEXECDIR)/vfio-lu-restore
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(LIBEXECDIR)/initramfs-tools $(DESTDIR)$(LIBEXECDIR)/dracut
	$(call fill_in,systemd/vfio-lu-restore.service.in,$(UNITDIR)/vfio-lu-restore.service)
	for file in initramfs-tools/hook initramfs-tools/init-top dracut/module-setup.sh dracut/vfio-lu-pre-udev.sh; do \
		$(call fill_in,early/$$file,$(LIBEXECDIR)/$$file) && \
		chmod 755 $(DESTDIR)$(LIBEXECDIR)/$$file || exit 1; \
	done
# Without libsystemd the holder would not say that it is ready.
ifneq ($(SYSTEMD),)
	$(call fill_in,systemd/vfio-lu.service.in,$(UNITDIR)/vfio-lu.service)
endif

clean:
	rm -rf build vfio-lu

-include $(wildcard $(B)/*/*.d)
.PHONY: all all-tests install clean
