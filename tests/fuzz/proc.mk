# SPDX-License-Identifier: GPL-2.0-only
# make -f tests/fuzz/proc.mk run|replay	from the top of the sources
# The sanitizers look at the library too, so it is compiled anew for this.
PKGS = libpci libkmod json-c zlib
SECONDS = 300
B = build/fuzz
SOURCES = tests/fuzz/fuzz-proc.c $(wildcard lib/*.c)
FLAGS = -std=gnu17 -D_GNU_SOURCE -DVLU_VERSION='"fuzz"' -Ilib -O1 -g -Wall -Wextra \
	-fno-omit-frame-pointer -fno-sanitize-recover=all
LIBS := $(shell pkg-config --cflags --libs $(PKGS))

run: $(B)/fuzz-proc
	@mkdir -p $(B)/found
	cd $(B) && ./fuzz-proc -max_total_time=$(SECONDS) -max_len=8192 -timeout=10 \
		-artifact_prefix=found/ found ../../tests/fuzz/corpus/proc
replay: $(B)/replay-proc
	$< tests/fuzz/corpus/proc/*

$(B)/fuzz-proc: $(SOURCES) $(wildcard lib/*.h)
	@mkdir -p $(@D)
	clang $(FLAGS) -DFUZZER -fsanitize=fuzzer,address,undefined -o $@ $(SOURCES) $(LIBS)
$(B)/replay-proc: $(SOURCES) $(wildcard lib/*.h)
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -fsanitize=address,undefined -o $@ $(SOURCES) $(LIBS)

.PHONY: run replay
