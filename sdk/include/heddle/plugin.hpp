// heddle/plugin.hpp: HEDDLE_PLUGIN, which makes a class the plugin of its library.
//
//     HEDDLE_PLUGIN(Stats, "stats", "1.0.0", "Windowed statistics of numeric series")
//
// The class derives from heddle::module and is constructible from (heddle::context&) or, where it names a Config, from
// (heddle::context&, const Config&). Once per library, at namespace scope. The texts are limited as in
// heddle_plugin_info; longer ones do not compile.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "heddle/abi.h"
#include "heddle/config.hpp"
#include "heddle/module.hpp"

#define HEDDLE_TEXT_OF(x) #x
#define HEDDLE_TEXT(x) HEDDLE_TEXT_OF(x)
#if defined(__clang__)
#define HEDDLE_COMPILER "clang " HEDDLE_TEXT(__clang_major__)
#elif defined(__GNUC__)
#define HEDDLE_COMPILER "gcc " HEDDLE_TEXT(__GNUC__)
#else
#define HEDDLE_COMPILER "unknown"
#endif

namespace heddle::detail {

/// Between equal tags any C++ type may cross: compiler, its major version, and the standard library.
inline constexpr std::string_view compiler_tag = HEDDLE_COMPILER;

template <std::size_t N>
constexpr void fill(char (&to)[N], std::string_view text) {
    if (text.empty() || text.size() >= N) {
        throw "heddle: a text of the plugin is empty or too long";  // never thrown: it stops the compilation
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        to[i] = text[i];
    }
}

/// Plugin names are [a-z][a-z0-9_-]*, as hosts require.
constexpr void check_name(std::string_view name) {
    bool fine = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
    for (const char c : name) {
        fine = fine && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-');
    }
    if (!fine) {
        throw "heddle: a plugin's name is made of a-z, 0-9, _ and -, and begins with a letter";  // stops the
                                                                                                 // compilation
    }
}

consteval heddle_plugin_info plugin_info(std::string_view name, std::string_view version, std::string_view summary) {
    check_name(name);
    heddle_plugin_info info{};
    info.size = sizeof info;
    info.version = 1;
    for (std::size_t i = 0; i < sizeof info.magic; ++i) {
        info.magic[i] = HEDDLE_INFO_MAGIC[i];
    }
    info.abi_major = HEDDLE_ABI_MAJOR;
    info.abi_minor = HEDDLE_ABI_MINOR;
    fill(info.name, name);
    fill(info.version_text, version);
    fill(info.summary, summary);
    fill(info.sdk_version, HEDDLE_SDK_VERSION);
    char tag[sizeof info.toolchain]{};
    std::size_t length = 0;
    for (const std::string_view part : {compiler_tag, std::string_view(" "), library_tag}) {
        for (const char c : part) {
            tag[length++] = c;
        }
    }
    fill(info.toolchain, {tag, length});
    fill(info.layout, HEDDLE_LAYOUT);
    return info;
}

template <class T>
concept has_config = requires {
    typename T::Config;
};

/// For classes without a Config: every key is one too many.
struct no_config {};
BOOST_DESCRIBE_STRUCT(no_config, (), ())

/// Runs `f` and turns what it throws into a status whose message the host keeps for the calling thread.
template <class F>
heddle_status guarded(const heddle_host& host, F&& f) noexcept {
    try {
        f();
        return {HEDDLE_OK, nullptr};
    } catch (const error& e) {
        return host.status(static_cast<std::int64_t>(e.kind()), to_abi(e.what()));
    } catch (const std::exception& e) {
        return host.status(HEDDLE_EXCEPTION, to_abi(e.what()));
    } catch (...) {
        return host.status(HEDDLE_EXCEPTION, to_abi("threw something that is no std::exception"));
    }
}

/// The heddle_plugin table of one class.
template <class T>
class plugin_of {
    static_assert(std::derived_from<T, module>, "heddle: a plugin's class derives from heddle::module");

public:
    static const heddle_plugin* table(const heddle_host* /*host*/) noexcept { return &table_; }

private:
    static heddle_status create(const heddle_host* host, heddle_module* self, const heddle_value* config,
                                void** instance) noexcept {
        return guarded(*host, [&] {
            context ctx(host, self);
            const module_ends ends{host, self};
            config_problems problems(ends, config);
            config_reader reader(problems, std::string(ctx.name()));
            std::unique_ptr<T> made;
            if constexpr (has_config<T>) {
                typename T::Config values;
                reader.read_struct(*config, values);
                if constexpr (requires { values.check(problems); }) {
                    values.check(problems);  // fields that could not be read have their initial values
                }
                refuse_on(problems);
                made = std::make_unique<T>(ctx, static_cast<const typename T::Config&>(values));
            } else {
                no_config none;
                reader.read_struct(*config, none);
                refuse_on(problems);
                made = std::make_unique<T>(ctx);
            }
            *instance = static_cast<module*>(made.release());  // comes back to destroy
        });
    }
    // The instance's own: several hosts of one process share this code.
    static const heddle_host& host_of(void* instance) noexcept { return *static_cast<module*>(instance)->ends_.host; }
    static heddle_status start(void* instance) noexcept {
        return guarded(host_of(instance), [&] { static_cast<module*>(instance)->start(); });
    }
    static heddle_status run(void* instance) noexcept {
        return guarded(host_of(instance), [&] { static_cast<module*>(instance)->run_until_stopped(); });
    }
    static heddle_status stop(void* instance) noexcept {
        return guarded(host_of(instance), [&] {
            std::exception_ptr failed;
            try {
                static_cast<module*>(instance)->stop();
            } catch (...) {
                failed = std::current_exception();
            }
            static_cast<module*>(instance)->tasks_.cancel_all();
            if (failed) {
                std::rethrow_exception(failed);
            }
        });
    }
    static void destroy(void* instance) noexcept {
        const std::unique_ptr<module> owned(static_cast<module*>(instance));
        owned->tasks_.cancel_all();  // of one that did not start; while what they refer to is there
    }

    static void refuse_on(const config_problems& problems) {
        if (problems.count() != 0) {
            throw error(failure::config, "its configuration has " + std::to_string(problems.count()) +
                                             (problems.count() == 1 ? " problem" : " problems"));
        }
    }

    static constexpr heddle_plugin table_{sizeof(heddle_plugin), 1, create, start, run, stop, destroy};
};

}  // namespace heddle::detail

/// Stops the compilation when a text has no room in heddle_plugin_info, one byte of which ends it.
#define HEDDLE_ASSERT_TEXT(text, field, what)                                                          \
    static_assert(!::std::string_view(text).empty(), "HEDDLE_PLUGIN: the plugin's " what " is empty"); \
    static_assert(::std::string_view(text).size() < sizeof(heddle_plugin_info::field),                 \
                  "HEDDLE_PLUGIN: the plugin's " what " is too long; see heddle_plugin_info in heddle/abi.h")

/// Exports `Type` as the plugin of this library.
#define HEDDLE_PLUGIN(Type, plugin_name, plugin_version, plugin_summary)                                        \
    HEDDLE_ASSERT_TEXT(plugin_name, name, "name (63 bytes)");                                                   \
    HEDDLE_ASSERT_TEXT(plugin_version, version_text, "version (31 bytes)");                                     \
    HEDDLE_ASSERT_TEXT(plugin_summary, summary, "summary (191 bytes)");                                         \
    [[gnu::section(HEDDLE_INFO_SECTION), gnu::used]] static constinit const heddle_plugin_info heddle_info_v1 = \
        ::heddle::detail::plugin_info(plugin_name, plugin_version, plugin_summary);                             \
    extern "C" [[gnu::visibility("default")]] const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host);       \
    extern "C" const heddle_plugin* HEDDLE_ENTRY(const heddle_host* host) {                                     \
        return ::heddle::detail::plugin_of<Type>::table(host);                                                  \
    }
