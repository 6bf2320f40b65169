# attnbench -- `make help` lists the targets, `make V=1` shows the commands.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := attnbench
.SUFFIXES:

MODE   ?= release
CONFIG ?= configs/quick.lua
PREFIX ?= /usr/local
B      := build/$(MODE)
Q      := $(if $(filter 1,$(V)),,@)

OPT_release := -O3 -g
OPT_debug   := -O0 -g3
OPT_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_tsan    := -O1 -g -fsanitize=thread
# Of loops that are to become vectors, sanitizers keep clang from it: no warning.
OPT_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-pass-failed
ifndef OPT_$(MODE)
$(error unknown MODE=$(MODE); one of release, debug, asan, tsan; fuzz with clang)
endif

ifeq ($(origin CC),default)
CC := gcc
endif
comma  := ,
# For builds of everything: as many jobs as there are processors, unless the caller has said how many.
JOBS    = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
pkg     = $(shell pkg-config $(1) 2>/dev/null)
NUM    := -ffp-contract=off -fno-math-errno -fno-trapping-math
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wvla $(if $(filter 1,$(WERROR)),-Werror)
FLAGS  := -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE $(OPT_$(MODE)) $(NUM) $(WARN) -fopenmp -fno-lto $(CFLAGS)
ALL     = $(FLAGS) -ffile-prefix-map=$(CURDIR)=.
# The OpenMP build of OpenBLAS, LAPACK included, where Debian puts it, whichever build the system's alternatives point to.
BLASDIR := $(firstword $(wildcard /usr/lib/*/openblas-openmp) $(call pkg,--variable=libdir openblas))
BLASINC := $(firstword $(patsubst %,-I%,$(wildcard /usr/include/*/openblas-openmp)) $(call pkg,--cflags openblas))
LIBS    := $(if $(BLASDIR),-L$(BLASDIR) -Wl$(comma)-rpath$(comma)$(BLASDIR)) -lopenblas $(call pkg,--libs lua5.4) $(call pkg,--libs jansson) $(call pkg,--libs nettle) $(call pkg,--libs fftw3f) -ldl -lm

# What plugins find in the program: the services of attn.h, and nothing else.
EXPORT  := -Wl,--dynamic-list=variants/services.list

ARCH     := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
ISAS_x86_64  := avx2 avx512
ISAS_aarch64 := neon
ISAS     := generic $(ISAS_$(ARCH))
KERNELS  := variants/kernels/kern_find.c $(ISAS:%=variants/kernels/kern_%.c)
VARIANTS := $(wildcard variants/*.c)
HARNESS  := $(filter-out harness/main.c,$(wildcard harness/*.c))
EMBEDDED := gp html css js
LIBRARY  := $(patsubst %.c,$(B)/%.o,$(KERNELS) $(VARIANTS) $(HARNESS)) \
            $(foreach kind,$(EMBEDDED),$(patsubst scripts/%.$(kind),$(B)/scripts/%_$(kind).o,$(wildcard scripts/*.$(kind))))
TESTS    := $(patsubst tests/test_%.c,$(B)/tests/test_%,$(wildcard tests/test_*.c))
FUZZED   := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS  := $(FUZZED:%=$(B)/tests/fuzz/replay_%)
BROKEN   := $(patsubst tests/plugin/broken/%.c,$(B)/tests/plugin/%.so,$(wildcard tests/plugin/broken/*.c))

# Who may include whom, and which files get which instruction set: here and nowhere else.
INC :=
$(B)/variants/%.o: INC := -Ivariants
$(B)/variants/%.o: DEFS := -DATTN_BUILTIN
$(B)/variants/full.o $(B)/variants/trigonometric.o $(B)/variants/implicit.o: INC := -Ivariants $(BLASINC)
$(B)/variants/fourier.o: INC := -Ivariants $(call pkg,--cflags fftw3f)
$(B)/harness/%.o: INC := -Ivariants -Iharness
$(B)/harness/blas.o: INC := -Iharness $(BLASINC)
$(B)/harness/config.o: INC := -Iharness $(call pkg,--cflags lua5.4)
$(B)/harness/config_%.o: INC := -Iharness $(call pkg,--cflags lua5.4)
$(B)/harness/doc.o: INC := -Iharness $(call pkg,--cflags jansson)
$(B)/harness/plugin.o: INC := -Ivariants -Iharness $(call pkg,--cflags nettle)
$(B)/tests/%.o: INC := -Ivariants -Iharness -Itests $(call pkg,--cflags cmocka)
$(B)/scripts/peers/%.o: INC := -Ivariants -Iharness
$(B)/variants/kernels/%.o: INC :=
$(B)/variants/kernels/kern_find.o: DEFS := $(ISAS:%=-DKERN_%)
$(B)/variants/kernels/kern_avx2.o: ISA := -mavx2 -mfma
$(B)/variants/kernels/kern_avx512.o: ISA := -mavx512f -mavx512dq -mavx512vl -mavx512bw -mavx2 -mfma

## attnbench: build the program (the default)
attnbench: $(B)/attnbench
	@ln -sf $< $@
.PHONY: attnbench

$(B)/attnbench: $(B)/harness/main.o $(LIBRARY) variants/services.list
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) $(filter %.o,$^) $(LIBS) $(EXPORT) $(LDFLAGS) -o $@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC $<")
	$(Q)$(CC) $(ALL) $(INC) $(ISA) $(DEFS) -MMD -MP -c $< -o $@

# Every result names the build it comes from. Root may ask as well, and must not write to the index of somebody else,
# as `describe --dirty` would.
GIT     := git -c safe.directory='*' --no-optional-locks
VERSION := $(or $(shell $(GIT) describe --always 2>/dev/null),unknown)$(if $(shell $(GIT) status --porcelain -uno 2>/dev/null),-dirty)
$(B)/harness/manifest.o: DEFS = -DBUILD_VERSION='"$(VERSION)"' -DBUILD_COMPILER='"$(shell $(CC) --version 2>/dev/null | head -n 1)"' \
    -DBUILD_FLAGS='"$(strip $(FLAGS))"' -DBUILD_MODE='"$(MODE)"'
$(B)/harness/manifest.o: $(B)/version

# What draws the pictures and makes the page is built into the program: scripts/curves.gp is the string curves_gp.
define embed
$(B)/scripts/%_$(1).c: scripts/%.$(1)
	@mkdir -p $$(@D)
	@{ echo 'extern const char $$*_$(1)[];'; echo 'const char $$*_$(1)[] ='; \
	   sed 's/\\/\\\\/g; s/["?]/\\&/g; s/.*/    "&\\n"/' $$<; echo '    ;'; } > $$@
$(B)/scripts/%_$(1).o: $(B)/scripts/%_$(1).c
	$(Q)$(CC) $(ALL) -c $$< -o $$@
endef
$(foreach kind,$(EMBEDDED),$(eval $(call embed,$(kind))))

# Files that change when flags or version change, and only then. The folder is no matter: a tree may move.
$(B)/flags: TEXT = $(CC) $(FLAGS) $(ISAS)
$(B)/version: TEXT = $(VERSION)
$(B)/flags $(B)/version: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(TEXT)' | cmp -s - $@ || printf '%s\n' '$(TEXT)' > $@
FORCE:

## demo: install what is missing, build, run configs/quick.lua (about a minute), leave results/quick
demo:
	@scripts/setup.sh run
	@$(MAKE) --no-print-directory $(JOBS) attnbench
	./attnbench run $(CONFIG) --overwrite

## test: install what is missing, build, run all tests
test:
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory $(JOBS) run-tests

run-tests: $(B)/attnbench $(BROKEN) $(B)/tests/npy $(TESTS) $(REPLAYS)
	@B=$(B) tests/run.sh $(TESTS) $(REPLAYS) $(wildcard tests/*_test.sh)

$(B)/tests/test_%: $(B)/tests/test_%.o $(LIBRARY)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) $^ $(call pkg,--libs cmocka) $(LIBS) $(LDFLAGS) -o $@

# What the shell tests make and compare tensors with.
$(B)/tests/npy: $(B)/tests/npy.o $(LIBRARY)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) $^ $(LIBS) $(LDFLAGS) -o $@

# The files that are committed for the fuzzers, each given to its target once.
$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/fuzz.o $(B)/tests/fuzz/replay.o $(LIBRARY)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) $^ $(LIBS) $(LDFLAGS) -o $@

# The test of the kernels needs the C library alone, so that it can be linked for another CPU.
$(B)/tests/test_kernels: $(patsubst %.c,$(B)/%.o,tests/test_kernels.c $(wildcard tests/kern/*.c) harness/block.c $(KERNELS))
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) $^ $(LDFLAGS) -lm -o $@

# Variants with one fault each, as strangers would build them.
$(B)/tests/plugin/%.so: tests/plugin/broken/%.c tests/plugin/broken/honest.h variants/attn.h $(B)/flags
	@mkdir -p $(@D)
	$(if $(Q),@echo "  SO $@")
	$(Q)$(CC) $(ALL) -Ivariants -fPIC -shared -fvisibility=hidden $< -lm -o $@

# The worked example of a plugin, for its unit test; its own Makefile builds it as one.
$(B)/tests/plugin/efficient/efficient.o: DEFS := -DATTN_BUILTIN
$(B)/tests/test_efficient: $(B)/tests/plugin/efficient/efficient.o

## new-variant: NAME=... : a new mechanism in variants/NAME.c, softmax attention to begin with
new-variant:
	@scripts/new-variant.sh "$$NAME"

## install: build, and copy to PREFIX (/usr/local), within DESTDIR if that is given
# Not by the name `attnbench`, which would make its link anew: root may install what somebody else has built.
install: $(B)/attnbench
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' PROGRAM=$< VERSION='$(VERSION)' scripts/install.sh install

## uninstall: remove from PREFIX what install put there
uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh uninstall

## peers: side by side with onnxruntime and PyTorch, about 35 minutes; PEERS="--rounds 2 --lengths 512,1024" for less
peers:
	@scripts/setup.sh run
	@$(MAKE) --no-print-directory attnbench $(B)/peers/projections
	@scripts/peers/install.sh build/peers
	@/usr/bin/python3 -B scripts/peers/run.py --projections $(B)/peers/projections $(PEERS)

$(B)/peers/projections: $(B)/scripts/peers/projections.o $(LIBRARY)
	@mkdir -p $(@D)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) $^ $(LIBS) $(LDFLAGS) -o $@

## check-asan: the unit tests and the contract of every variant under the address and undefined sanitizers
check-asan:
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory $(JOBS) MODE=asan asan-tests
asan-tests: $(B)/attnbench $(TESTS) $(REPLAYS)
	@B=$(B) tests/run.sh $(TESTS) $(REPLAYS)
	$(B)/attnbench check --every 3

## check-tsan: the contract of every variant under the thread sanitizer: clang, its OpenMP, plain loops for OpenBLAS
check-tsan:
	@scripts/setup.sh tsan
	@$(MAKE) --no-print-directory $(JOBS) MODE=tsan CC=clang tsan-tests
tsan-tests: $(B)/tests/attnbench-plain
	@archer=$$(ls /usr/lib/llvm-*/lib/libarcher.so | tail -n 1); \
	 TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66" OMP_TOOL_LIBRARIES=$$archer $< check --every 3

$(B)/tests/tsan/%.o: INC := $(BLASINC)
$(B)/tests/attnbench-plain: $(B)/harness/main.o $(B)/tests/tsan/plain_blas.o $(LIBRARY)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) $^ $(filter-out -lopenblas,$(LIBS)) $(LDFLAGS) -o $@

SECONDS := 60
## fuzz: libFuzzer on the readers of configs, tensors and results; SECONDS=60 a target, TARGETS="config tensor results"
fuzz:
	@scripts/setup.sh fuzz
	@$(MAKE) --no-print-directory $(JOBS) MODE=fuzz CC=clang fuzz-targets
TARGETS := $(FUZZED)
fuzz-targets: $(FUZZED:%=$(B)/tests/fuzz/fuzz_%)
	@B=$(B) tests/fuzz/run.sh $(SECONDS) $(TARGETS)

$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/fuzz.o $(LIBRARY)
	$(if $(Q),@echo "  LD $@")
	$(Q)$(CC) $(ALL) -fsanitize=fuzzer $^ $(LIBS) $(LDFLAGS) -o $@

## check-memcheck: a sample of the contract of every variant under valgrind
check-memcheck:
	@scripts/setup.sh memcheck
	@$(MAKE) --no-print-directory $(B)/attnbench $(B)/tests/plugin/uninit.so
	@B=$(B) tests/run.sh tests/memcheck.sh

## check-generic: all tests with the portable kernels alone, as on a CPU for which there are no others
check-generic:
	@scripts/setup.sh test
	@$(MAKE) --no-print-directory $(JOBS) B=build/generic ISAS=generic run-tests

# Both programs are linked statically: an emulator has no libraries of another CPU.
ARM := B=build/aarch64 CC=aarch64-linux-gnu-gcc
X86 := B=build/x86_64
## check-emulated: the test of the kernels on emulated CPUs: aarch64, and x86-64 with less than AVX-512 or AVX2
check-emulated:
	@[ "$(ARCH)" = x86_64 ] || { echo "check-emulated: needs a compiler for x86-64, not for $(ARCH)" >&2; exit 2; }
	@scripts/setup.sh emulate
	@$(MAKE) --no-print-directory MODE=release LDFLAGS=-static $(ARM) build/aarch64/tests/test_kernels
	@$(MAKE) --no-print-directory MODE=release LDFLAGS=-static $(X86) build/x86_64/tests/test_kernels
	@tests/run.sh tests/emulated.sh

## check-browser: the page of a run in headless Chromium; SHOTS=DIR leaves screenshots there
check-browser:
	@scripts/setup.sh browser || echo "check-browser: goes on with what there is"
	@$(MAKE) --no-print-directory $(B)/attnbench
	@B=$(B) tests/run.sh tests/browser.sh

## lint: formatting and the direction of includes
lint:
	@scripts/setup.sh lint
	@scripts/lint.sh

## clean: remove what make made; results stay
clean:
	rm -rf build attnbench

## help: this list
help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST)); echo; echo "MODE=release|debug|asan|tsan  V=1  WERROR=1  CC=...  CFLAGS=...  CONFIG=... (of demo)  PREFIX=... DESTDIR=... (of install)"

.PHONY: demo new-variant install uninstall peers test run-tests check-asan asan-tests check-tsan tsan-tests fuzz fuzz-targets check-memcheck check-generic check-emulated check-browser lint clean help
.SECONDARY: $(TESTS:=.o) $(FUZZED:%=$(B)/tests/fuzz/fuzz_%.o) $(B)/tests/fuzz/fuzz.o $(B)/tests/fuzz/replay.o $(patsubst %.o,%.c,$(filter $(B)/scripts/%,$(LIBRARY)))
-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d $(B)/*/*/*/*.d)
