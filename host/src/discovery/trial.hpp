// One run of heddle-preflight: the child process, what it reports and what it prints.
//
// Thread-safety: one thread at a time, and always the same one, with which the child dies. Ownership: a Trial owns its
// process group; destroying it kills and reaps what still runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "discovery/descriptor.hpp"

struct pollfd;

namespace heddle::discovery {

// How far the helper got, from its report.
enum class Phase { none, loading, unloading, done };

// How a trial ended.
struct TrialEnd {
    enum class Kind { exited, signalled, timed_out, unknown };  // unknown: somebody else reaped the child
    Kind kind = Kind::unknown;
    int value = 0;  // exit code or signal number
    Phase phase = Phase::none;
    std::string error;   // the dynamic loader's or the helper's own words when it refused the file
    std::string output;  // the end of what was printed, as it was
};

class Trial {
public:
    using Clock = std::chrono::steady_clock;

    // Starts the helper on the file, which must be an absolute path. Throws std::system_error when it cannot.
    Trial(std::size_t index, const std::filesystem::path& helper, const std::filesystem::path& file,
          Clock::time_point deadline);
    Trial(Trial&&) = default;
    Trial& operator=(Trial&&) = delete;
    ~Trial();

    std::size_t index() const { return index_; }  // the caller's number for it
    Clock::time_point deadline() const { return deadline_; }
    // Adds what has to be polled for this trial.
    void watch(std::vector<pollfd>& polled) const;
    // Reads what there is, without waiting.
    void read_available();
    // Whether the child has ended, without waiting.
    bool has_ended() const;
    // Kills what still runs of the child's process group, reaps it and tells how it ended.
    TrialEnd finish(bool timed_out);

private:
    std::size_t index_;
    Clock::time_point deadline_;
    Descriptor process_;  // a pidfd; empty once reaped
    pid_t group_ = -1;
    Descriptor report_;
    Descriptor output_;
    std::string report_text_;
    std::string output_tail_;
};

}  // namespace heddle::discovery
