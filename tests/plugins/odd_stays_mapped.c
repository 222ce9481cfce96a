/* Linked so that it is never unmapped once it was loaded. */
#include "plugin_c.h"

TEST_PLUGIN("odd_stays_mapped")
