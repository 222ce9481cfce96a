/* What the plugins in C have in common: the record in the file and an entry whose modules do nothing.
 *
 *     TEST_PLUGIN_RECORD("name", HEDDLE_ABI_MAJOR, HEDDLE_ABI_MINOR, HEDDLE_LAYOUT)
 *     TEST_PLUGIN_ENTRY(HEDDLE_ENTRY)
 *
 * See good_c.c for a plugin that does something, written out.
 */
#ifndef HEDDLE_TESTS_PLUGIN_C_H
#define HEDDLE_TESTS_PLUGIN_C_H

#include <heddle/abi.h>

/* `__attribute__((used))`: nothing in the library refers to the record. */
#define TEST_PLUGIN_RECORD(plugin_name, major, minor, layout_text)                                             \
    __attribute__((section(HEDDLE_INFO_SECTION), used)) static const heddle_plugin_info test_plugin_record = { \
        .size = sizeof(heddle_plugin_info),                                                                    \
        .version = 1,                                                                                          \
        .magic = HEDDLE_INFO_MAGIC,                                                                            \
        .abi_major = (major),                                                                                  \
        .abi_minor = (minor),                                                                                  \
        .name = plugin_name "",                                                                                \
        .version_text = "1.0.0",                                                                               \
        .summary = "Made for a test",                                                                          \
        .sdk_version = HEDDLE_SDK_VERSION,                                                                     \
        .toolchain = "c",                                                                                      \
        .layout = layout_text "",                                                                              \
    };

static inline heddle_status test_plugin_create(const heddle_host* host, heddle_module* module,
                                               const heddle_value* config, void** instance) {
    (void)host;
    (void)config;
    *instance = module;
    return (heddle_status){HEDDLE_OK, NULL};
}
static inline heddle_status test_plugin_nothing(void* instance) {
    (void)instance;
    return (heddle_status){HEDDLE_OK, NULL};
}
static inline void test_plugin_destroy(void* instance) {
    (void)instance;
}

#define TEST_PLUGIN_ENTRY(entry)                                                                \
    __attribute__((visibility("default"))) const heddle_plugin* entry(const heddle_host* host); \
    const heddle_plugin* entry(const heddle_host* host) {                                       \
        static const heddle_plugin table = {sizeof(heddle_plugin), 1,                           \
                                            test_plugin_create,    test_plugin_nothing,         \
                                            test_plugin_nothing,   test_plugin_nothing,         \
                                            test_plugin_destroy};                               \
        (void)host;                                                                             \
        return &table;                                                                          \
    }

#define TEST_PLUGIN(plugin_name)                                                       \
    TEST_PLUGIN_RECORD(plugin_name, HEDDLE_ABI_MAJOR, HEDDLE_ABI_MINOR, HEDDLE_LAYOUT) \
    TEST_PLUGIN_ENTRY(HEDDLE_ENTRY)

#endif
