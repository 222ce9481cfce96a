// The host's log: spdlog sinks that all modules write to, each under its own name.
//
// Thread-safety: write() from any thread. spdlog's own lock is held while a line is written; no plugin code runs then.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace heddle::life {

class Log {
public:
    using Sink = std::function<void(std::uint32_t, std::string_view, std::string_view)>;

    Log();
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// Where lines go: standard error (coloured on a terminal only), a file, a function. Throws spdlog's error for a
    /// file that cannot be opened. Before any thread writes.
    void open(bool to_stderr, const std::filesystem::path& file, bool json, const Sink& also);

    /// Levels are HEDDLE_TRACE ... HEDDLE_CRITICAL; the caller has compared them already. Throws nothing that a sink
    /// does: what a full disk cannot take is lost, which standard error is told once.
    void write(std::uint32_t level, std::string_view module, std::string_view text);

private:
    std::shared_ptr<spdlog::logger> logger_;
    std::atomic<bool> told_{false};  // that a sink failed; told once
};

}  // namespace heddle::life
