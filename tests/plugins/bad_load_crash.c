/* Crashes in a static initialiser, before the host has its entry. */
#include <signal.h>

#include "plugin_c.h"

/* By signal and not by a wild pointer, which the sanitizers would see first. */
__attribute__((constructor)) static void crash(void) {
    raise(SIGSEGV);
}

TEST_PLUGIN("bad_load_crash")
