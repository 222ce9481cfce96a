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
#include "plane/waits.hpp"

namespace heddle::life {
class Module;
}

struct heddle_module {
    heddle_module(std::string module_name, heddle::life::Module* module_life, std::chrono::nanoseconds longest_call)
        : name(std::move(module_name)), life(module_life), call_timeout(longest_call) {
        start_node.module = this;
    }

    const std::string name;
    heddle::life::Module* const life;             // null for the embedding application's own handles
    const std::chrono::nanoseconds call_timeout;  // the bound of a wait for this module
    heddle::plane::Exclusive exclusive;
    std::atomic<std::uint32_t> log_level{2};
    std::atomic<std::uint32_t> stopping{0};  // release by the control thread; acquire in stopping() and the loop

    // For the search for cycles of waits (waits.hpp).
    std::atomic<heddle::plane::ThreadRecord*> thread{nullptr};  // its own, from its beginning to its end
    std::atomic<bool> start_is_over{false};                     // by its thread, before it can come to wait again
    std::vector<heddle_module*> starts_after;                   // see set_starts_after(); guarded by plane_mutex()
    heddle::plane::WalkNode start_node;                         // guarded by plane_mutex()
};
