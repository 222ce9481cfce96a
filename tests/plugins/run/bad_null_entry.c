/* bad_null_entry: its entry says that it cannot work with this host. */
#include "plugin_c.h"

TEST_PLUGIN_RECORD("bad_null_entry", HEDDLE_ABI_MAJOR, HEDDLE_ABI_MINOR, HEDDLE_LAYOUT)

__attribute__((visibility("default"))) const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host);
const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host) {
    (void)host;
    return NULL;
}
