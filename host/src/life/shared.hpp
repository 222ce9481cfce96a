// What a host's modules refer to for as long as their threads live, which may be longer than the host: a module that
// could not be stopped keeps this alive.
//
// Thread-safety: settings are constant once modules exist; the inbox and the log are safe for any thread.
#pragma once

#include <heddle/abi.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "config/settings.hpp"
#include "life/events.hpp"
#include "life/inbox.hpp"
#include "life/log.hpp"
#include "plane/futex.hpp"

namespace heddle::life {

class Lives;

/// A request to end the program, and those who wait for one.
class ExitRequest {
public:
    void make() {
        const std::lock_guard lock(mutex_);
        made_ = true;
        changed_.notify_all();
    }
    bool wait(std::chrono::nanoseconds bound) {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, plane::deadline_after(bound), [this] { return made_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool made_ = false;
};

struct Shared {
    heddle_host table;  // first: the ABI's pointer to it is a pointer to this
    config::Settings settings;
    Inbox inbox;
    Log log;
    ExitRequest exit;
    Events events{*this};
    std::atomic<Lives*> lives{nullptr};  // null once the host is gone; used on the control thread only

    static Shared& of(const heddle_host* table) { return *const_cast<Shared*>(reinterpret_cast<const Shared*>(table)); }
};

/// The table of host functions (heddle/abi.h).
heddle_host make_table() noexcept;

}  // namespace heddle::life
