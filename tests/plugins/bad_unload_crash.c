/* Loads well and crashes when it is unloaded. */
#include <signal.h>

#include "plugin_c.h"

__attribute__((destructor)) static void crash(void) {
    raise(SIGBUS);
}

TEST_PLUGIN("bad_unload_crash")
