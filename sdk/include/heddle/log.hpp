// heddle/log.hpp: a module's own log, written under its name by the host.
//
//     log().info("read {} in {} ms", path, ms);
//
// Format strings are those of {fmt}, checked at compile time; a line below the module's level costs one call and
// formats nothing. Include <fmt/chrono.h>, <fmt/ranges.h> and so on for more types. Thread-safety: any thread.
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

#include "heddle/abi.h"
#include "heddle/provide.hpp"

namespace heddle {

class logger {
public:
    explicit logger(const detail::module_ends& ends) noexcept : ends_(ends) {}

    template <class... A>
    void trace(fmt::format_string<A...> format, A&&... arguments) const {
        write(HEDDLE_TRACE, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void debug(fmt::format_string<A...> format, A&&... arguments) const {
        write(HEDDLE_DEBUG, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void info(fmt::format_string<A...> format, A&&... arguments) const {
        write(HEDDLE_INFO, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void warn(fmt::format_string<A...> format, A&&... arguments) const {
        write(HEDDLE_WARN, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void error(fmt::format_string<A...> format, A&&... arguments) const {
        write(HEDDLE_ERROR, format, fmt::make_format_args(arguments...));
    }
    template <class... A>
    void critical(fmt::format_string<A...> format, A&&... arguments) const {
        write(HEDDLE_CRITICAL, format, fmt::make_format_args(arguments...));
    }

private:
    void write(std::uint32_t level, fmt::string_view format, fmt::format_args arguments) const {
        if (level >= ends_.host->log_level(ends_.self)) {
            const std::string text = fmt::vformat(format, arguments);
            ends_.host->log(ends_.self, level, detail::to_abi(text));
        }
    }

    detail::module_ends ends_;
};

}  // namespace heddle
