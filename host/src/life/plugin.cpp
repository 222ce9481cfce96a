#include "life/plugin.hpp"

#include <fmt/format.h>
#include <link.h>
#include <pthread.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "plane/calls.hpp"
#include "plane/futex.hpp"

namespace heddle::life {

namespace {

/// Whether the dynamic loader still has a library of that path.
bool is_mapped(const std::filesystem::path& path) {
    struct Search {
        const std::filesystem::path& path;
        bool found;
    } search{path, false};
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t /*size*/, void* context) {
            auto& wanted = *static_cast<Search*>(context);
            wanted.found = wanted.found || (info->dlpi_name != nullptr && wanted.path == info->dlpi_name);
            return wanted.found ? 1 : 0;
        },
        &search);
    return search.found;
}

/// Counts who has a file loaded in this process: other hosts, and modules that were left behind, hold it too. Gives the
/// new count. [control threads]
int count_load(const std::filesystem::path& path, int by) {
    static std::mutex mutex;
    static auto* const loads = std::make_unique<std::map<std::filesystem::path, int>>().release();  // as long as hosts
    const std::lock_guard lock(mutex);
    return (*loads)[path] += by;
}

}  // namespace

bool run_bounded(const std::string& thread_name, std::function<void()> work, std::chrono::nanoseconds bound) {
    struct Shared {
        std::mutex mutex;
        std::condition_variable ended;
        bool done = false;
    };
    const auto shared = std::make_shared<Shared>();
    std::thread worker([shared, thread_name, work = std::move(work)]() mutable {
        pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
        work();
        work = nullptr;  // what it captured ends here, before anybody is told
        const std::lock_guard lock(shared->mutex);
        shared->done = true;
        shared->ended.notify_all();
    });
    std::unique_lock lock(shared->mutex);
    const bool done = shared->ended.wait_until(lock, plane::deadline_after(bound), [&] { return shared->done; });
    lock.unlock();
    if (done) {
        worker.join();
    } else {
        worker.detach();
    }
    return done;
}

std::string Plugin::load(const std::shared_ptr<const heddle_host>& host, std::chrono::nanoseconds bound) {
    namespace dll = boost::dll;
    struct Outcome {
        dll::shared_library library;
        const heddle_plugin* table = nullptr;
        std::string problem;
    };
    const auto outcome = std::make_shared<Outcome>();
    const std::filesystem::path path = std::filesystem::absolute(file_.path);
    const auto work = [outcome, path, host] {
        try {
            outcome->library.load(path.c_str(), dll::load_mode::rtld_now | dll::load_mode::rtld_local);
            outcome->table = outcome->library.get<heddle_entry>(HEDDLE_ENTRY_SYMBOL)(host.get());
            if (outcome->table == nullptr) {
                outcome->problem = "its entry returned null: it cannot work with this host";
            } else if (outcome->table->size < sizeof(heddle_plugin)) {
                outcome->problem = fmt::format("its entry returned a table of {} bytes, {} are needed",
                                               outcome->table->size, sizeof(heddle_plugin));
            } else if (const auto& table = *outcome->table; table.create == nullptr || table.start == nullptr ||
                                                            table.run == nullptr || table.stop == nullptr ||
                                                            table.destroy == nullptr) {
                outcome->problem =
                    "its entry returned a table with a null function; create, start, run, stop and destroy must all "
                    "be there, if only to return HEDDLE_OK";
            }
        } catch (const std::exception& e) {
            outcome->problem = e.what();
        } catch (...) {
            outcome->problem = "it threw something that is no std::exception while it was loaded";
        }
        if (!outcome->problem.empty()) {
            outcome->library.unload();  // here, where its destructors may run
        }
    };
    bool ended = false;
    try {
        ended = run_bounded("heddle-load", work, bound);
    } catch (const std::system_error& e) {
        return fmt::format("plugin '{}' ({}) cannot be loaded: the system has no thread left for it: {}", file_.name,
                           file_.path.string(), e.code().message());
    }
    if (!ended) {
        return fmt::format("plugin '{}' ({}) did not finish loading within {} (host.start_timeout)", file_.name,
                           file_.path.string(), plane::spell(bound));
    }
    if (!outcome->problem.empty()) {
        return fmt::format("plugin '{}' ({}) cannot be loaded: {}", file_.name, file_.path.string(), outcome->problem);
    }
    library_ = std::move(outcome->library);
    table_ = outcome->table;
    count_load(library_.location().c_str(), 1);
    return {};
}

std::string Plugin::unload(std::chrono::nanoseconds bound) {
    if (!library_.is_loaded()) {
        return {};
    }
    table_ = nullptr;
    const auto library = std::make_shared<boost::dll::shared_library>(std::move(library_));
    const std::filesystem::path path = library->location().c_str();
    if (!run_bounded(
            "heddle-unload", [library] { library->unload(); }, bound)) {
        return fmt::format("plugin '{}' did not finish unloading within {}: one of its static destructors hangs",
                           file_.name, plane::spell(bound));
    }
    if (count_load(path, -1) > 0 || !is_mapped(path)) {
        return {};
    }
    std::string why = "something else holds it, perhaps a thread of its own with a thread_local object";
    if (file_.no_delete) {
        why = "it is marked NODELETE";
    } else if (file_.unique_symbol_count != 0) {
        why = fmt::format("it has {} unique symbols ({} ...); build it with -fno-gnu-unique, as heddle_add_plugin does",
                          file_.unique_symbol_count, file_.unique_symbols.empty() ? "" : file_.unique_symbols.front());
    }
    return fmt::format("plugin '{}' was unloaded but its code is still in the process: {}", file_.name, why);
}

}  // namespace heddle::life
