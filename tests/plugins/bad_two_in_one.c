/* Two plugins in one library, as when two of its sources use HEDDLE_PLUGIN and the entry is the first one's. */
#include "plugin_c.h"

TEST_PLUGIN("first_of_two")

__attribute__((section(HEDDLE_INFO_SECTION), used)) static const heddle_plugin_info second_record = {
    .size = sizeof(heddle_plugin_info),
    .version = 1,
    .magic = HEDDLE_INFO_MAGIC,
    .abi_major = HEDDLE_ABI_MAJOR,
    .name = "second_of_two",
    .layout = HEDDLE_LAYOUT,
};
