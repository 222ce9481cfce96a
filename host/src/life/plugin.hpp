// A plugin's file, loaded: one load per file, however many modules run of it.
//
// Loading and unloading run code of the plugin (static initialisers and destructors, the entry) and so happen on a
// thread of their own, which the control thread waits for with a bound: see run_bounded(). Thread-safety: the control
// thread; the table is constant once loaded.
#pragma once

#include <heddle/abi.h>

#include <boost/dll/shared_library.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "discovery/inspect.hpp"

namespace heddle::life {

/// Runs `work` on a thread of that name and waits for it, at most `bound`; false when it did not end in time: the
/// thread is left to itself, with everything that `work` has captured.
bool run_bounded(const std::string& thread_name, std::function<void()> work, std::chrono::nanoseconds bound);

class Plugin : public std::enable_shared_from_this<Plugin> {
public:
    explicit Plugin(discovery::PluginFile file) : file_(std::move(file)) {}

    /// Loads the file and calls its entry. Gives an empty text, or why it cannot be used. A load that does not end
    /// keeps the table for as long as it takes.
    std::string load(const std::shared_ptr<const heddle_host>& host, std::chrono::nanoseconds bound);
    /// Unloads the file and checks that it has left the process. Gives an empty text, or why it has not. When this
    /// returns no module of it may exist.
    std::string unload(std::chrono::nanoseconds bound);

    const discovery::PluginFile& file() const { return file_; }
    const heddle_plugin& table() const { return *table_; }
    bool loaded() const { return table_ != nullptr; }

private:
    discovery::PluginFile file_;
    boost::dll::shared_library library_;
    const heddle_plugin* table_ = nullptr;
};

}  // namespace heddle::life
