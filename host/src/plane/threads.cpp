#include "plane/threads.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <heddle/error.hpp>
#include <memory>
#include <system_error>

#include "plane/links.hpp"

namespace heddle::plane {

namespace {

// Room for the cells, and before them for a stack of less than HEDDLE_STACK_ALIGN bytes that ends at a multiple of
// that.
constexpr std::size_t cells_size = max_links * sizeof(heddle_cell);
constexpr std::size_t lanes_size = Mailbox::max_mailboxes * sizeof(std::atomic<Lane*>);
constexpr std::size_t region_size = cells_size + lanes_size + 2 * std::size_t{HEDDLE_STACK_ALIGN};

}  // namespace

ThreadRecord::ThreadRecord(heddle_thread& thread_line, std::size_t depth) : line(thread_line), id(gettid()) {
    region_ = mmap(nullptr, region_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region_ == MAP_FAILED) {
        throw std::system_error(errno, std::system_category(), "no address space for a thread's stack of links");
    }
    void* end = static_cast<std::byte*>(region_) + depth * sizeof(heddle_link*);
    std::size_t space = region_size - depth * sizeof(heddle_link*);
    std::align(HEDDLE_STACK_ALIGN, cells_size + lanes_size, end, space);  // there is room for it
    stack = static_cast<heddle_link**>(end) - depth;
    cells = static_cast<heddle_cell*>(end);
    lanes = reinterpret_cast<std::atomic<Lane*>*>(static_cast<std::byte*>(end) + cells_size);  // zeros: null
    node.thread = this;
}

ThreadRecord::~ThreadRecord() {
    munmap(region_, region_size);
}

std::mutex& plane_mutex() {
    static std::mutex mutex;  // trivially destroyed with glibc: usable to the very end
    return mutex;
}

Threads& threads() {
    // Never destroyed: threads may outlive every static object.
    static Threads* const registry = std::unique_ptr<Threads>(new Threads).release();
    return *registry;
}

Threads::Threads() {
    const int failed = pthread_key_create(&end_of_thread_, [](void* /*record*/) { threads().leave(); });
    if (failed != 0) {
        throw std::system_error(failed, std::system_category(), "no pthread key for the end of threads");
    }
}

ThreadRecord& Threads::mine() {
    heddle_thread& line = heddle_current;
    if (line.host_record != nullptr) {
        return *static_cast<ThreadRecord*>(line.host_record);
    }
    const std::size_t depth = depth_.load(std::memory_order_relaxed);
    auto record = std::make_unique<ThreadRecord>(line, depth);
    ThreadRecord& made = *record;
    line.size = sizeof line;
    line.version = 1;
    line.cells = made.cells;
    line.failed = 0;
    line.chain = next_chain_.fetch_add(1, std::memory_order_relaxed);
    line.host_record = &made;
    {
        const std::lock_guard lock(plane_mutex());
        records_.push_back(std::move(record));
        // Under the lock, so that a scan sees either no thread or one with its stack in place.
        __atomic_store_n(&line.top, made.stack, __ATOMIC_RELEASE);
    }
    pthread_setspecific(end_of_thread_, &made);
    return made;
}

void Threads::leave() noexcept {
    heddle_thread& line = heddle_current;
    auto* const mine = static_cast<ThreadRecord*>(line.host_record);
    if (mine == nullptr) {
        return;
    }
    std::unique_ptr<ThreadRecord> gone;
    {
        const std::lock_guard lock(plane_mutex());
        const auto found =
            std::find_if(records_.begin(), records_.end(), [&](const auto& r) { return r.get() == mine; });
        gone = std::move(*found);
        std::swap(*found, records_.back());
        records_.pop_back();
        links().retire(*gone);
        for (std::uint32_t id = 0; id < mailboxes_; ++id) {
            if (Lane* const lane = gone->lanes[id].load(std::memory_order_relaxed)) {
                lane->owned.store(false, std::memory_order_release);  // pairs with Mailbox::lane_of()
            }
        }
    }
    line = heddle_thread{};
}

std::uint32_t Threads::take_mailbox_id() {
    const std::lock_guard lock(plane_mutex());
    if (!free_mailboxes_.empty()) {
        const std::uint32_t id = free_mailboxes_.back();
        free_mailboxes_.pop_back();
        return id;
    }
    if (mailboxes_ == Mailbox::max_mailboxes) {
        throw error(failure::no_resource,
                    "there are as many modules as this process can have mailboxes for: " + std::to_string(mailboxes_));
    }
    return mailboxes_++;
}

void Threads::forget_mailbox(std::uint32_t id) {
    const std::lock_guard lock(plane_mutex());
    for (const auto& record : records_) {
        record->lanes[id].store(nullptr, std::memory_order_relaxed);
    }
    free_mailboxes_.push_back(id);
}

void Threads::keep_lane(ThreadRecord& mine, std::uint32_t id, Lane& lane) {
    const std::lock_guard lock(plane_mutex());
    mine.lanes[id].store(&lane, std::memory_order_relaxed);
}

void Threads::each(const std::function<void(ThreadRecord&)>& visit) {
    const std::lock_guard lock(plane_mutex());
    each_locked(visit);
}

std::size_t Threads::count() {
    const std::lock_guard lock(plane_mutex());
    return records_.size();
}

namespace {

template <class Visit>
void each_frame(const ThreadRecord& thread, Visit visit) {
    // Pairs with the release store of retract() and, for what is still inside, with the membarrier before the scan.
    heddle_link* const* const top = __atomic_load_n(&thread.line.top, scan_order);
    for (heddle_link* const* slot = thread.stack; slot < top; ++slot) {
        if (heddle_link* const frame = __atomic_load_n(slot, scan_order)) {  // null: it waits for an answer
            visit(frame);
        }
    }
}

}  // namespace

std::vector<heddle_link*> links_of(const ThreadRecord& thread) {
    std::vector<heddle_link*> inside;
    each_frame(thread, [&](heddle_link* frame) {
        if (!is_marked(frame)) {
            inside.push_back(frame);
        }
    });
    return inside;
}

std::vector<heddle_link*> links_used_by(const ThreadRecord& thread) {
    std::vector<heddle_link*> used;
    each_frame(thread, [&](heddle_link* frame) {
        used.push_back(is_marked(frame) ? reinterpret_cast<heddle_link*>(reinterpret_cast<std::byte*>(frame) - 1)
                                        : frame);
    });
    return used;
}

std::string thread_name(pid_t id) {
    std::ifstream comm("/proc/self/task/" + std::to_string(id) + "/comm");
    std::string name;
    std::getline(comm, name);
    return name.empty() ? "thread " + std::to_string(id) : name;
}

}  // namespace heddle::plane
