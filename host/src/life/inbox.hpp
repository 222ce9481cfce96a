// What the control thread listens to: tasks that others ask of it, and events of modules' threads.
//
// Thread-safety: any thread puts in, the control thread takes out. Nothing waits for the control thread while it holds
// the inbox's lock, which guards the two queues and nothing more.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace heddle::life {

class Module;

/// What a module's thread has done.
struct Event {
    enum class What { constructed, started, failed, stopped, ended };
    Module* module;
    What what;
    std::string problem;  ///< empty: it went well
};

class Inbox {
public:
    using Task = std::function<void()>;
    using Clock = std::chrono::steady_clock;

    void tell(Event event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
        changed_.notify_one();
    }
    void ask(Task task) {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        changed_.notify_one();
    }
    /// The next event, or nothing once `until` has passed.
    std::optional<Event> next_event(Clock::time_point until) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return !events_.empty(); });
        return take(events_);
    }
    /// Waits for either, at most until then. Events go first: what a task decides on is then up to date.
    void next(Clock::time_point until, std::optional<Event>& event, std::optional<Task>& task) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return !events_.empty() || !tasks_.empty(); });
        event = take(events_);
        if (!event) {
            task = take(tasks_);
        }
    }

private:
    template <class T>
    static std::optional<T> take(std::deque<T>& from) {
        if (from.empty()) {
            return std::nullopt;
        }
        std::optional<T> first(std::move(from.front()));
        from.pop_front();
        return first;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Event> events_;
    std::deque<Task> tasks_;
};

}  // namespace heddle::life
