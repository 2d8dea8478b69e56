# SPDX-License-Identifier: GPL-2.0-only
VERSION = 0.1.0
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man

# V=1 shows the whole commands.
Q = $(if $(V),,@)

# Where objects go: another compiler or sanitizer gets a directory of its own.
B ?= build
CFLAGS ?= -O2 -g
PKGS = libpci libkmod json-c zlib
DEPS := $(shell sh -c 'pkg-config --exists $(PKGS) 2>/dev/null && command -v $(CC)' >/dev/null && echo yes)

WARN = -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
       -Wvla -Wundef -Wwrite-strings -Wpointer-arith -Wno-format-truncation \
       -Wno-unknown-warning-option -Wno-ignored-attributes
WERROR = $(if $(CI),-Werror)
ALL_CPPFLAGS = -D_GNU_SOURCE -DVLU_VERSION='"$(VERSION)"' -Ilib $(CPPFLAGS)
ALL_CFLAGS = -std=gnu17 -fvisibility=hidden -fPIC $(WARN) $(WERROR) $(CFLAGS) \
	     $(if $(DEPS),$(shell pkg-config --cflags $(PKGS)))
LIBS = $(if $(DEPS),$(shell pkg-config --libs $(PKGS)))

LIB_OBJS = $(patsubst %.c,$(B)/%.o,$(wildcard lib/*.c))
CLI_OBJS = $(patsubst %.c,$(B)/%.o,$(wildcard cli/*.c))
CLI_COMMON = $(filter-out $(B)/cli/vfio-lu.o,$(CLI_OBJS))

all: vfio-lu completions

# A fresh machine: install what the build needs, or say the command that does.
ifneq ($(DEPS),yes)
vfio-lu $(LIB_OBJS) $(CLI_OBJS): build-deps
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

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/lib/%.o: WARN += -Wconversion

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)
endif

.PHONY: all
