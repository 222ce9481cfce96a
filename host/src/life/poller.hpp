// The file descriptors of one module: watched through epoll, and run one after the other when ready.
//
// look() asks the kernel which are ready; take() and finish() then go through what it found, each watch at most once.
// Readiness is a level: what a handler leaves unread is found again by the next look. Whether a watch found ready is
// still there, and still waits for that, is decided when it is taken, by an id that never returns: so handlers may end
// any watch, close any descriptor and watch the same number again.
//
// A descriptor that its owner closed while it was watched: the kernel forgets it with the last duplicate of its file,
// and nobody is told; the watch lives on, deaf, until it is unwatched. While duplicates are open the kernel goes on to
// report it, and does so after the unwatch too, when nothing can take it out of the set any more; the first such report
// has the set made anew.
//
// Thread-safety: one thread, the module's; wake() any thread. Ownership: descriptors stay their owner's. Owns contexts
// from a successful watch on, and gives each to its drop once; drop may watch and unwatch.
#pragma once

#include <heddle/abi.h>
#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace heddle::life {

class Poller {
public:
    /// A watch whose descriptor is ready and which was taken to be run.
    struct Taken {
        std::uint64_t id;
        std::uint32_t events;  // HEDDLE_READABLE ...
        heddle_ready* run;
        void* context;
    };
    /// Why something was refused: HEDDLE_OK and no text when it was not.
    struct Outcome {
        std::int64_t code = HEDDLE_OK;
        std::string text{};
    };

    /// The most watches that one look finds. Others are first in the next: the kernel takes them in turn.
    static constexpr std::size_t share = 64;

    Poller() = default;
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;
    ~Poller();

    Outcome watch(const heddle_watch& wanted, std::uint64_t& id);
    Outcome rewatch(std::uint64_t id, std::uint32_t events);
    /// Ends and drops a watch, or where it runs just now has it dropped once it is finished. Ignores unknown ids.
    void unwatch(std::uint64_t id);
    bool any_watched() const { return !watches_.empty(); }

    /// Finds what is ready, unless something found before is not taken yet; sleeps at most `bound` for it, or until
    /// wake(). True when there is something to take. No system call while nothing is watched.
    bool look(std::chrono::nanoseconds bound);
    /// The next of those found that is still watched, still wants it and does not run already (further out on this
    /// thread). It must be finished, or is dropped by drop_all().
    std::optional<Taken> take();
    /// Its handler has returned.
    void finish(const Taken& taken);
    /// Drops all watches there are, taken ones too; not those that a drop starts.
    void drop_all();

    /// Ends a look() that sleeps, or the next one that would. Nothing happens before the first watch. [any thread]
    void wake() noexcept;

private:
    struct Watch {
        int fd;
        std::uint32_t events;
        bool once;
        bool listed = false;  // in the kernel's set, as far as is known
        bool runs = false;    // taken
        bool ended = false;   // while it was taken
        heddle_ready* run;
        heddle_task* drop;
        void* context;
    };

    Watch* find(std::uint64_t id);
    int open();
    int list(std::uint64_t id, Watch& watch);
    void unlist(Watch& watch);
    void forget_number(std::uint64_t id, const Watch& watch);
    void end(std::uint64_t id);
    void make_anew();

    std::unordered_map<std::uint64_t, Watch> watches_;
    std::unordered_map<int, std::uint64_t> numbers_;  // the latest watch of each descriptor's number
    std::uint64_t next_id_ = 1;
    int set_ = -1;
    std::atomic<int> wake_{-1};  // an eventfd; release in open() on the module's thread, acquire in wake()
    std::array<epoll_event, share> found_{};
    std::size_t next_found_ = 0;
    std::size_t end_found_ = 0;
};

}  // namespace heddle::life
