/* Calls a function that no library has: found when the symbols are bound, at load. */
#include "plugin_c.h"

int heddle_test_nobody_defines_this(void);

static heddle_status start(void* instance) {
    (void)instance;
    return (heddle_status){heddle_test_nobody_defines_this(), NULL};
}

TEST_PLUGIN_RECORD("bad_missing_symbol", HEDDLE_ABI_MAJOR, HEDDLE_ABI_MINOR, HEDDLE_LAYOUT)

__attribute__((visibility("default"))) const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host);
const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host) {
    static const heddle_plugin table = {
        sizeof(heddle_plugin), 1, test_plugin_create, start, test_plugin_nothing, test_plugin_nothing,
        test_plugin_destroy};
    (void)host;
    return &table;
}
