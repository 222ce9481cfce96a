// heddle/host_functions.hpp: what the host itself provides to modules, under `host.`.
//
// The host is a module too: everything that it can show or do is a function like any other's, and every face of it (the
// command line, a web page, metrics) calls these.
//
//     host.modules     std::vector<heddle::module_info>()
//     host.functions   std::vector<heddle::function_info>()
//     host.events      std::vector<heddle::event_info>()
//     host.calls       std::vector<heddle::call_info>()
//     host.start       void(str module)        queued: returns before it is done, throws for a name that is none
//     host.stop        void(str module)        likewise; what requires the module is stopped first
//     host.exit        void()                  likewise: stops everything
//     host.set_level   void(str module, str level)
// Thread-safety: all of them may be called from any thread; they take no lock that another call could hold for long.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/signature.hpp"

namespace heddle {

/// One module as it stands now.
struct module_info {
    std::string name;
    std::string plugin;
    std::string version;
    std::string state;   ///< declared, bound, starting, running, draining, stopped, failed
    std::string reason;  ///< why it failed, else empty
    std::string file;
    std::int64_t thread_id = 0;  ///< the kernel's, 0 without a thread
};
BOOST_DESCRIBE_STRUCT(module_info, (), (name, plugin, version, state, reason, file, thread_id))

/// One function that can be called.
struct function_info {
    std::string name;  ///< full: "stats.observe"
    std::string signature;
    std::string policy;  ///< exclusive, concurrent, queued
};
BOOST_DESCRIBE_STRUCT(function_info, (), (name, signature, policy))

/// Who is subscribed to an event.
struct subscriber_info {
    std::string module;
    std::string policy;      ///< exclusive, concurrent, queued
    bool is_active = false;  ///< it is called when the event is raised: both modules run
};
BOOST_DESCRIBE_STRUCT(subscriber_info, (), (module, policy, is_active))

/// One event that is raised, or that somebody is subscribed to.
struct event_info {
    std::string name;  ///< full: "sensor.changed"
    std::string signature;
    std::string raiser;  ///< the module that raises it; empty while there is none
    std::vector<subscriber_info> subscribers;
};
BOOST_DESCRIBE_STRUCT(event_info, (), (name, signature, raiser, subscribers))

/// Who called whom, how often, and how long it took.
struct call_info {
    std::string caller;
    std::string function;  ///< the one that served, after wiring
    std::uint64_t calls = 0;
    std::uint64_t timed = 0;    ///< how many of them were timed: the 1st, 2nd, 4th ... of a thread, then every 1024th
    double mean_ns = 0;         ///< over the timed ones
    double p99_ns = 0;          ///< an upper bound, within a factor of 2
    std::uint64_t dropped = 0;  ///< messages that were not run: no room, or their module stopped
    std::uint64_t unheard = 0;  ///< posts that failed, of which only the log tells
};
BOOST_DESCRIBE_STRUCT(call_info, (), (caller, function, calls, timed, mean_ns, p99_ns, dropped, unheard))

}  // namespace heddle
