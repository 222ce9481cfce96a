/* bad_null_*: leaves out a function that the ABI asks for: TEST_WHAT of its table, of a function, or of a handle. */
#include "plugin_c.h"

TEST_PLUGIN_RECORD(TEST_NAME, HEDDLE_ABI_MAJOR, HEDDLE_ABI_MINOR, HEDDLE_LAYOUT)

enum { in_table, in_function, in_handle };

static const int what = TEST_WHAT;

static heddle_status create(const heddle_host* host, heddle_module* module, const heddle_value* config,
                            void** instance) {
    (void)config;
    *instance = module;
    const heddle_str signature = {"void()", 6};
    if (what == in_function) {
        const heddle_function function = {
            .size = sizeof function, .version = 1, .name = {"speak", 5}, .signature = {.text = signature}};
        return host->provide(module, &function);
    }
    heddle_link* link = NULL;
    const heddle_handle handle = {
        .size = sizeof handle, .version = 1, .name = {"node.speak", 10}, .signature = {.text = signature}};
    return host->require(module, &handle, &link);
}

__attribute__((visibility("default"))) const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host);
const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host) {
    static const heddle_plugin table = {sizeof(heddle_plugin),
                                        1,
                                        create,
                                        what == in_table ? NULL : test_plugin_nothing,
                                        test_plugin_nothing,
                                        test_plugin_nothing,
                                        test_plugin_destroy};
    (void)host;
    return &table;
}
