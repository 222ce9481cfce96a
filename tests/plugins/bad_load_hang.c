/* Its static initialiser waits for ever, and has written a line before. */
#include <stdio.h>
#include <unistd.h>

#include "plugin_c.h"

__attribute__((constructor)) static void hang(void) {
    puts("waiting for something that never comes");
    fflush(stdout);
    for (;;) {
        pause();
    }
}

TEST_PLUGIN("bad_load_hang")
