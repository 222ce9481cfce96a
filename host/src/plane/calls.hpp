// The host's part of a call: what the compiled fast path (heddle/call.hpp) leaves to the host. These are the functions
// of the same names in heddle_host, and have their contracts.
#pragma once

#include <heddle/abi.h>

#include <chrono>
#include <string>
#include <string_view>

namespace heddle::plane {

std::uint32_t admit(heddle_link* link) noexcept;
std::uint64_t clock() noexcept;
void sample(heddle_link* link, std::uint64_t began) noexcept;
std::uint32_t wait_at_gate(heddle_link* link) noexcept;
std::uint32_t enter(heddle_module* module) noexcept;
void leave(heddle_module* module) noexcept;

void fail(const heddle_failure* failure) noexcept;
void take_failure(heddle_failure* out) noexcept;
heddle_status status(std::int64_t code, heddle_str message) noexcept;

/// Sets the calling thread's failure.
void set_failure(std::int64_t kind, std::string_view module, std::string_view function, std::string what) noexcept;
/// A status with the message kept for the calling thread.
heddle_status make_status(std::int64_t code, std::string_view message) noexcept;

/// "1.5 s", "20 ms": for error texts.
std::string spell(std::chrono::nanoseconds time);

}  // namespace heddle::plane
