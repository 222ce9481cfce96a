// Trying a plugin's file before the host loads it: a child process (the program heddle-preflight) loads and unloads
// it, so that one that crashes, hangs or exits takes down nobody else. Files that passed are remembered by content.
//
// The hash remembered is that of the bytes that were inspected (see inspect.hpp), together with that of the
// helper program: a rebuilt plugin, or a new helper, is tried again. The libraries that a plugin is linked to do not
// count. Refusals are never remembered. This protects from accidents and is no boundary against malice: the child has
// the rights of the host.
//
// Thread-safety: one Preflight is used by one thread at a time. Children are killed with the thread that runs
// them (PR_SET_PDEATHSIG), should the host die. Ownership: results own all they hold.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "discovery/inspect.hpp"
#include "discovery/refusal.hpp"

namespace heddle::discovery {

struct Scan;

struct PreflightOptions {
    std::filesystem::path helper;                 // empty: found by find_preflight_helper()
    std::optional<std::filesystem::path> memory;  // file of passes; unset: the user's; empty: none
    std::chrono::milliseconds timeout{10'000};    // for each file, > 0
    unsigned parallel = 0;                        // children at once; 0: one per CPU
};

// The helper cannot be found or is no program. what() says where it was looked for.
class PreflightError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The outcome for one file.
struct Verdict {
    std::optional<Refusal> refusal;  // empty: it passed
    bool remembered = false;         // passed on an earlier run; nothing was started
    std::string output;              // the last lines of what it wrote to its stdout and stderr, printable, <= 4 KiB
    bool passed() const { return !refusal; }
};

class Preflight {
public:
    // Throws PreflightError when the helper is not to be found.
    explicit Preflight(PreflightOptions options = {});

    // Tries each file (those not remembered), several at a time, and gives one verdict for each, in order. Takes at
    // most about timeout * ceil(files / parallel). After a request to stop, the children are killed and what was
    // not finished is refused with Reason::not_tried.
    std::vector<Verdict> run(std::span<const PluginFile> files, const std::stop_token& stop = {});

    // Things worth a warning that refuse nothing: the memory could not be read or written.
    const std::vector<std::string>& warnings() const { return warnings_; }
    const std::filesystem::path& helper() const { return options_.helper; }

private:
    PreflightOptions options_;
    std::string helper_hash_;
    std::vector<std::string> warnings_;
};

// Tries all usable plugins of a scan and moves those that are refused to its refusals.
void preflight(Scan& scan, Preflight& preflight, const std::stop_token& stop = {});

// The helper's path: the environment's HEDDLE_PREFLIGHT, else heddle-preflight in the first of `folders` that has it.
// Throws PreflightError.
std::filesystem::path find_preflight_helper(std::span<const std::filesystem::path> folders);

// Where it is looked for: beside the running program and in its ../libexec/heddle; beside libheddle-host, in its ../bin
// and its ../libexec/heddle.
std::vector<std::filesystem::path> preflight_helper_folders();

// $XDG_CACHE_HOME/heddle/preflight, else ~/.cache/heddle/preflight; empty when neither is known.
std::filesystem::path default_preflight_memory();

}  // namespace heddle::discovery
