/* A plugin whose record and entry are of the ABI that the build names: TEST_ABI_MAJOR, TEST_ABI_MINOR, TEST_ENTRY. */
#include "plugin_c.h"

TEST_PLUGIN_RECORD("bad_abi", TEST_ABI_MAJOR, TEST_ABI_MINOR, HEDDLE_LAYOUT)
TEST_PLUGIN_ENTRY(TEST_ENTRY)
