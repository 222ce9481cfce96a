#include "plane/grace.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <vector>

#include "plane/futex.hpp"
#include "plane/links.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace heddle::plane {

namespace {

std::string describe(ThreadRecord& thread, const heddle_link* link) {
    const LinkRecord& record = LinkRecord::of(link);
    return "thread '" + thread_name(thread.id) + "' in " + (record.serves.empty() ? record.wanted : record.serves) +
           ", called by " + record.caller_name;
}

std::string and_waits(const ThreadRecord& thread) {
    const std::string waits = describe_wait_locked(thread);
    return waits.empty() ? "" : ", and " + waits;
}

/// Who is inside the module: one text a thread.
std::vector<std::string> inside(const heddle_module& module) {
    std::vector<std::string> found;
    threads().each([&](ThreadRecord& thread) {
        for (const heddle_link* link : links_of(thread)) {
            if (LinkRecord::of(link).provider.load(std::memory_order_relaxed) == &module) {
                found.push_back(describe(thread, link) + and_waits(thread));
                break;
            }
        }
    });
    return found;
}

}  // namespace

bool prepare_membarrier() {
    static const bool ready = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    return ready;
}

void membarrier_all() {
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

std::string wait_until_left(const heddle_module& module, std::chrono::nanoseconds bound) {
    const auto deadline = deadline_after(bound);
    membarrier_all();
    // Calls are short: look again soon at first, then ever more rarely, up to a millisecond.
    for (std::chrono::microseconds rest(1);; rest = std::min(rest * 2, std::chrono::microseconds(1000))) {
        const std::vector<std::string> still = inside(module);
        if (still.empty()) {
            membarrier_all();  // what those calls did is over as well, see grace.hpp
            return {};
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            std::string all;
            for (const std::string& one : still) {
                all += (all.empty() ? "" : "; ") + one;
            }
            return all;
        }
        std::this_thread::sleep_for(rest);
    }
}

bool is_entered(const heddle_module& module) {
    membarrier_all();
    const bool found = !inside(module).empty();
    membarrier_all();  // as in wait_until_left()
    return found;
}

bool is_calling(const heddle_module& caller) {
    membarrier_all();
    bool found = false;
    threads().each([&](ThreadRecord& thread) {
        for (const heddle_link* link : links_used_by(thread)) {
            found = found || &LinkRecord::of(link).caller == &caller;
        }
    });
    membarrier_all();  // as in wait_until_left()
    return found;
}

std::string describe_chain(std::uint64_t chain) {
    std::string text;
    bool is_waiting_for_others = true;  // others of its chain, who work for it
    threads().each([&](ThreadRecord& thread) {
        if (__atomic_load_n(&thread.line.chain, __ATOMIC_RELAXED) != chain || !is_waiting_for_others) {
            return;
        }
        is_waiting_for_others = thread.waits && thread.waiting.kind == WaitKind::answer;
        std::vector<heddle_link*> stack = links_of(thread);
        if (thread.waits && !stack.empty() && stack.back() == thread.waiting.link) {
            stack.pop_back();  // it is not inside of what it waits for
        }
        text = (stack.empty() ? "thread '" + thread_name(thread.id) + "' outside of any call"
                              : describe(thread, stack.back())) +
               and_waits(thread);
    });
    return text.empty() ? "a thread that has ended" : text;
}

std::string describe_thread_of(const heddle_module& module) {
    const std::lock_guard lock(plane_mutex());
    ThreadRecord* const thread = module.thread.load(std::memory_order_acquire);
    if (thread == nullptr) {
        return "which has ended";
    }
    const std::vector<heddle_link*> stack = links_of(*thread);
    if (stack.empty()) {
        return "which is in no call from another; is it in a handler of its own, or in a run() that does not serve?";
    }
    const LinkRecord& record = LinkRecord::of(stack.back());
    return "which is in " + (record.serves.empty() ? record.wanted : record.serves) + ", called by " +
           record.caller_name;
}

}  // namespace heddle::plane
