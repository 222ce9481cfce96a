// What the call plane knows of a module: the part of it that other threads touch while it runs.
//
// `heddle_module` is the ABI's opaque name for it. Everything here is either constant once the module exists or atomic.
// Ownership: life::Module holds it; the ABI's functions get a pointer to it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plane/exclusive.hpp"
#include "plane/mailbox.hpp"
#include "plane/messages.hpp"
#include "plane/waits.hpp"
#include "plane/wakeup.hpp"

namespace heddle::life {
class Module;
}

struct heddle_module {
    heddle_module(std::string module_name, heddle::life::Module* module_life, std::chrono::nanoseconds longest_call,
                  std::size_t most_messages = 1024)
        : name(std::move(module_name)), life(module_life), call_timeout(longest_call), mailbox(most_messages) {
        start_node.module = this;
    }

    const std::string name;
    heddle::life::Module* const life;             // null for the embedding application's own handles
    const std::chrono::nanoseconds call_timeout;  // the bound of a wait for this module
    heddle::plane::Exclusive exclusive;
    std::atomic<std::uint32_t> log_level{2};
    std::atomic<std::uint32_t> stopping{0};  // release by the control thread; acquire in stopping() and the loop

    // Messages: what others have sent, and the answers to what it has sent itself.
    heddle::plane::Mailbox mailbox;
    heddle::plane::Wakeup wakeup;                 // of its thread
    std::int64_t spin_ns = 0;                     // how long those who wait for an answer look before they sleep
    heddle::plane::Unheard unheard = nullptr;     // constant once the module exists
    std::atomic<heddle_reply*> answers{nullptr};  // that it goes on with; the newest first
    heddle_reply* answers_in_order = nullptr;     // its thread's own
    std::atomic<std::uint32_t> replies{0};        // to its calls, that somebody holds
    std::atomic<std::uint64_t> waiting_chain{0};  // of the call that its thread waits for the answer of
    std::atomic<heddle::plane::Ticket*> waiting_ticket{nullptr};

    // For the search for cycles of waits (waits.hpp).
    std::atomic<heddle::plane::ThreadRecord*> thread{nullptr};  // its own, from its beginning to its end
    std::atomic<bool> start_is_over{false};                     // by its thread, before it can come to wait again
    std::vector<heddle_module*> starts_after;                   // see set_starts_after(); guarded by plane_mutex()
    heddle::plane::WalkNode start_node;                         // guarded by plane_mutex()
};
