// Grace periods: proving that no thread is inside a module any more.
//
// The control thread shuts every link into a module and then waits here. A membarrier makes every thread of the process
// pass a full barrier: a call that had published its link before is seen by the scan, one that publishes it after reads
// the gate. What the scan no longer finds has returned. A second membarrier after the scan makes all that it did happen
// before: the next call's link, which the scan may have seen in its slot instead, is a plain store, and processors
// weaker than x86-64 may let that overtake what the call before it has stored. tests/model/grace.pml checks both.
// Thread-safety: the control thread.
#pragma once

#include <chrono>
#include <string>

struct heddle_module;

namespace heddle::plane {

/// True if the kernel has MEMBARRIER_CMD_PRIVATE_EXPEDITED (Linux 4.14); registers this process for it.
bool prepare_membarrier();
/// Every running thread of this process passes a full memory barrier.
void membarrier_all();

/// Waits until no thread holds a frame into `module`, at most `bound`. Gives an empty text on success, else who is
/// still inside and in what: "thread 'worker' in stats.summary, called by alerts".
std::string wait_until_left(const heddle_module& module, std::chrono::nanoseconds bound);

/// Whether some thread is inside `module` just now, after a membarrier. One look, no wait.
bool is_entered(const heddle_module& module);

/// Whether some thread is inside a call through a link of `caller` just now, or waits at its gate.
bool is_calling(const heddle_module& caller);

/// What a thread that runs the chain of calls `chain` is doing: "thread 'worker' in a.f, called by b".
std::string describe_chain(std::uint64_t chain);

/// What the module's own thread is doing: "which is in a.f, called by b", "which is outside of any call".
std::string describe_thread_of(const heddle_module& module);

}  // namespace heddle::plane
