/* Prints a megabyte with control characters while it is loaded, more than a pipe holds. Usable nevertheless. */
#include <stdio.h>

#include "plugin_c.h"

__attribute__((constructor)) static void print(void) {
    for (int line = 0; line < 16384; ++line) {
        printf("\033[2J\033[31mline %d of what nobody asked for, on and on\007\n", line);
    }
    fflush(stdout);
}

TEST_PLUGIN("odd_noisy")
