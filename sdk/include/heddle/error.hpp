// heddle/error.hpp: what a failed call throws, and how failures travel across the binary line.
//
// No exception crosses between modules. A callee's thunk catches, leaves the failure in the calling thread's record,
// and the caller's handle throws an exception of its own from it; so no plugin's type outlives its plugin.
// Thread-safety: the exceptions are values. The functions in detail work on the calling thread's record.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "heddle/abi.h"

namespace heddle {

/// Why a call failed. Values are those of heddle/abi.h.
enum class failure : std::int64_t {
    exception = HEDDLE_EXCEPTION,      ///< the called function threw
    unavailable = HEDDLE_UNAVAILABLE,  ///< nobody serves the function now
    timeout = HEDDLE_TIMEOUT,          ///< a bounded wait ended
    recursion = HEDDLE_RECURSION,      ///< too many calls inside each other
    deadlock = HEDDLE_DEADLOCK,        ///< waiting would have closed a cycle
    invalid = HEDDLE_INVALID,          ///< something the contract does not allow
    config = HEDDLE_CONFIG,            ///< the module's configuration cannot be used
    no_resource = HEDDLE_NO_RESOURCE,  ///< memory, links or the operating system ran out
    full = HEDDLE_FULL                 ///< a mailbox has no room for the message, or has dropped it
};

/// A failed call: which module, in which of its functions, and why. what() reads "module.function: reason".
class error : public std::runtime_error {
public:
    error(failure kind, std::string module_name, std::string function_name, std::string reason)
        : std::runtime_error(sentence(module_name, function_name, reason)),
          kind_(kind),
          module_(std::move(module_name)),
          function_(std::move(function_name)),
          reason_(std::move(reason)) {}
    explicit error(failure kind, std::string reason) : error(kind, {}, {}, std::move(reason)) {}

    [[nodiscard]] failure kind() const noexcept { return kind_; }
    /// The module that failed, which need not be the one that was called: failures pass on unchanged.
    [[nodiscard]] const std::string& module_name() const noexcept { return module_; }
    [[nodiscard]] const std::string& function_name() const noexcept { return function_; }
    /// What went wrong, without the names.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

private:
    static std::string sentence(const std::string& module_name, const std::string& function_name,
                                const std::string& reason) {
        std::string text = module_name;
        if (!function_name.empty()) {
            text += (text.empty() ? "" : ".") + function_name;
        }
        return text.empty() ? reason : text + ": " + reason;
    }

    failure kind_;
    std::string module_;
    std::string function_;
    std::string reason_;
};

/// Nobody serves the function now: its module is stopped, failed or being replaced.
class unavailable : public error {
    using error::error;
};
/// A bounded wait ended; the reason names who was waited for.
class timeout : public error {
    using error::error;
};
/// The thread is inside as many calls as the host allows (host.call_depth).
class recursion : public error {
    using error::error;
};
/// Waiting would have closed a cycle of modules; the reason spells it.
class deadlock : public error {
    using error::error;
};

/// The module's mailbox has no room for the message, or has dropped it for a newer one.
class mailbox_full : public error {
    using error::error;
};

namespace detail {

inline heddle_str to_abi(std::string_view text) noexcept {
    return {text.data(), text.size()};
}
inline std::string_view to_view(heddle_str text) noexcept {
    return {text.data, text.size};
}

/// Takes the calling thread's failure and throws it as an exception of this library.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_failure(const heddle_host& host) {
    heddle_failure taken{};
    taken.size = sizeof taken;
    host.take_failure(&taken);
    const auto kind = static_cast<failure>(taken.kind);
    std::string module_name(to_view(taken.module));
    std::string function_name(to_view(taken.function));
    std::string reason(to_view(taken.what));
    switch (kind) {
        case failure::unavailable:
            throw unavailable(kind, std::move(module_name), std::move(function_name), std::move(reason));
        case failure::timeout:
            throw timeout(kind, std::move(module_name), std::move(function_name), std::move(reason));
        case failure::recursion:
            throw recursion(kind, std::move(module_name), std::move(function_name), std::move(reason));
        case failure::deadlock:
            throw deadlock(kind, std::move(module_name), std::move(function_name), std::move(reason));
        case failure::full:
            throw mailbox_full(kind, std::move(module_name), std::move(function_name), std::move(reason));
        default:
            throw error(kind, std::move(module_name), std::move(function_name), std::move(reason));
    }
}

inline void set_failure(const heddle_host& host, failure kind, std::string_view module_name,
                        std::string_view function_name, std::string_view what) noexcept {
    const heddle_failure told{sizeof(heddle_failure), 1,           static_cast<std::int64_t>(kind), to_abi(module_name),
                              to_abi(function_name),  to_abi(what)};
    host.fail(&told);
}

/// Inside a catch block: leaves the exception being handled in the calling thread's record. A heddle::error passes
/// on with the names it has; anything else is told under the innermost call's.
[[gnu::cold, gnu::noinline]] inline void report_exception(const heddle_host& host) noexcept {
    try {
        throw;
    } catch (const error& e) {
        set_failure(host, e.kind(), e.module_name(), e.function_name(), e.reason());
    } catch (const std::exception& e) {
        set_failure(host, failure::exception, {}, {}, e.what());
    } catch (...) {
        set_failure(host, failure::exception, {}, {}, "threw something that is no std::exception");
    }
}

/// Throws if the status is a failure.
inline void expect_ok(const heddle_status& status) {
    if (status.code != HEDDLE_OK) {
        throw error(static_cast<failure>(status.code), status.message);
    }
}

}  // namespace detail
}  // namespace heddle
