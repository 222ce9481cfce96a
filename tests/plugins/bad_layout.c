/* A plugin that was compiled to find a thread's fields elsewhere. */
#include "plugin_c.h"

TEST_PLUGIN_RECORD("bad_layout", HEDDLE_ABI_MAJOR, HEDDLE_ABI_MINOR,
                   "lp64le thread:top@16,limit@24,cells@32,failed@40 link:64,endpoint@8,cell@16,host@24 cell:16")
TEST_PLUGIN_ENTRY(HEDDLE_ENTRY)
