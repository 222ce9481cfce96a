/* The record of a plugin, and no function to begin with. */
#include <heddle/abi.h>

__attribute__((section(HEDDLE_INFO_SECTION), used)) static const heddle_plugin_info record = {
    .size = sizeof(heddle_plugin_info),
    .version = 1,
    .magic = HEDDLE_INFO_MAGIC,
    .abi_major = HEDDLE_ABI_MAJOR,
    .abi_minor = HEDDLE_ABI_MINOR,
    .name = "bad_no_entry",
    .version_text = "1.0.0",
    .summary = "Has no entry",
    .sdk_version = HEDDLE_SDK_VERSION,
    .toolchain = "c",
    .layout = HEDDLE_LAYOUT,
};
