/* Ends the process from a static initialiser. */
#include <stdlib.h>

#include "plugin_c.h"

__attribute__((constructor)) static void leave(void) {
    exit(3); /* NOLINT(concurrency-mt-unsafe): to end the process is what it is for */
}

TEST_PLUGIN("bad_load_exit")
