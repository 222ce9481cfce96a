/* good_c: a whole plugin in C, against heddle/abi.h alone.
 *
 * README: it provides one function, `scale`, which gives value * factor, where `factor` comes from the module's
 * configuration (default 2). Being `concurrent`, it may be called by any number of threads at once: it reads the
 * module's state and never writes it. In config.yaml:
 *
 *     modules:
 *       - name: good_c
 *         plugin: good_c
 *         config: { factor: 10 }
 *
 * A caller in C++ declares `heddle::function<double(double)> scale{*this, "good_c.scale"};`, whose signature text is
 * the one below. The parts of a plugin, in order: the record that is read from the file, the functions, the life of a
 * module, the entry.
 */
#include <heddle/abi.h>
#include <stdlib.h>
#include <string.h>

/* 1. What the host reads without loading the file. */
__attribute__((section(HEDDLE_INFO_SECTION), used)) static const heddle_plugin_info record = {
    .size = sizeof(heddle_plugin_info),
    .version = 1,
    .magic = HEDDLE_INFO_MAGIC,
    .abi_major = HEDDLE_ABI_MAJOR,
    .abi_minor = HEDDLE_ABI_MINOR,
    .name = "good_c",
    .version_text = "1.0.0",
    .summary = "Scales numbers, written in C",
    .sdk_version = HEDDLE_SDK_VERSION,
    .toolchain = "c",
    .layout = HEDDLE_LAYOUT,
};

struct good_c {
    double factor;
};

static heddle_str text(const char* literal) {
    return (heddle_str){literal, strlen(literal)};
}

/* 2. A function as it is called: `self` first, then the signature's arguments. */
static double scale(void* self, double value) {
    return value * ((const struct good_c*)self)->factor;
}

/* FNV-1a of 64 bits, as heddle_signature.fingerprint asks for. */
static uint64_t fingerprint(heddle_str of) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < of.size; ++i) {
        hash = (hash ^ (unsigned char)of.data[i]) * 0x100000001b3u;
    }
    return hash;
}

/* 3. The life of a module. */
static heddle_status read_config(const heddle_host* host, heddle_module* module, const heddle_value* config,
                                 struct good_c* self) {
    self->factor = 2;
    uint32_t problems = 0;
    for (size_t i = 0; config != NULL && config->kind == HEDDLE_MAP && i < config->count; ++i) {
        const heddle_value* item = config->items[i];
        if (item->key.size != 6 || memcmp(item->key.data, "factor", 6) != 0) {
            host->config_problem(module, item, 1, 0, text("unknown key (did you mean 'factor'?)"));
            ++problems;
            continue;
        }
        char digits[64] = {0};
        char* end = digits;
        if (item->kind == HEDDLE_SCALAR && item->text.size < sizeof digits) {
            memcpy(digits, item->text.data, item->text.size);
            self->factor = strtod(digits, &end);
        }
        if (end == digits || *end != '\0') {
            host->config_problem(module, item, 0, 0, text("expected a number"));
            ++problems;
        }
    }
    return problems == 0 ? (heddle_status){HEDDLE_OK, NULL}
                         : host->status(HEDDLE_CONFIG, text("its configuration cannot be used"));
}

static heddle_status create(const heddle_host* host, heddle_module* module, const heddle_value* config,
                            void** instance) {
    struct good_c* const self = malloc(sizeof *self);
    if (self == NULL) {
        return host->status(HEDDLE_NO_RESOURCE, text("no memory"));
    }
    heddle_status status = read_config(host, module, config, self);
    if (status.code == HEDDLE_OK) {
        const heddle_str signature = text("f64(f64)");
        const heddle_function function = {
            .size = sizeof function,
            .version = 1,
            .name = text("scale"),
            .signature = {sizeof(heddle_signature), 1, signature, fingerprint(signature), HEDDLE_TIER_PORTABLE, 0},
            .code = (heddle_code*)scale,
            .self = self,
            .policy = HEDDLE_CONCURRENT,
        };
        status = host->provide(module, &function);
    }
    if (status.code != HEDDLE_OK) {
        free(self);
        return status;
    }
    *instance = self;
    return status;
}

/* Nothing to start, run or stop: with run() returned, the host serves the module until it is to stop. */
static heddle_status nothing(void* instance) {
    (void)instance;
    return (heddle_status){HEDDLE_OK, NULL};
}

static void destroy(void* instance) {
    free(instance);
}

/* 4. The one symbol that the library exports. */
__attribute__((visibility("default"))) const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host);
const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host) {
    static const heddle_plugin plugin = {sizeof plugin, 1, create, nothing, nothing, nothing, destroy};
    (void)host;
    return &plugin;
}
