#include "discovery/preflight.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "discovery/descriptor.hpp"
#include "discovery/file_content.hpp"
#include "discovery/pass_memory.hpp"
#include "discovery/scan.hpp"
#include "discovery/text.hpp"
#include "discovery/trial.hpp"
#include "discovery/unusable.hpp"

namespace heddle::discovery {
namespace {

using Clock = Trial::Clock;

std::string duration_text(std::chrono::milliseconds time) {
    return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

std::string signal_text(int signal) {
    const char* const name = sigabbrev_np(signal);
    return name == nullptr ? "signal " + std::to_string(signal) : "SIG" + std::string(name);
}

bool is_crash(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGABRT ||
           signal == SIGTRAP || signal == SIGSYS;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
            lines.push_back(line);
        }
    }
    return lines;
}

// What was printed, line by line fit to be shown.
std::string printable_lines(std::string_view output) {
    std::string all;
    for (const std::string_view line : lines_of(output)) {
        all.append(printable(line)).append(1, '\n');
    }
    return all;
}

// The last lines of what was printed, for the end of a refusal.
std::string last_words(std::string_view output) {
    constexpr std::size_t most_lines = 3;
    constexpr std::size_t most_characters = 160;
    const std::vector<std::string_view> lines = lines_of(output);
    std::string words;
    for (std::size_t i = lines.size() - std::min(lines.size(), most_lines); i < lines.size(); ++i) {
        words.append(words.empty() ? "; its last output: " : " / ").append(quoted(lines[i].substr(0, most_characters)));
    }
    return words;
}

// The dynamic loader's text without the path that it begins with, and a cure for the two usual ones.
std::string loader_text(const std::filesystem::path& file, std::string_view error) {
    const std::string prefix = file.native() + ": ";
    if (error.starts_with(prefix)) {
        error.remove_prefix(prefix.size());
    }
    std::string cure;
    if (error.starts_with("undefined symbol")) {
        cure = "; link it to the library that defines it, or rebuild it with heddle_add_plugin, which finds that early";
    } else if (error.find("cannot open shared object file") != std::string_view::npos) {
        cure = "; install that library, or link the plugin with a run path to it";
    }
    return "cannot be loaded: " + printable(error) + cure;
}

// What a trial's end means; nothing when the file passed.
std::optional<Refusal> judge(const std::filesystem::path& path, const std::filesystem::path& tried, const TrialEnd& end,
                             const PreflightOptions& options) {
    const auto refuse = [&](Reason reason, const std::string& text) {
        return Refusal{path, reason, quoted(path) + " " + text + last_words(end.output)};
    };
    const char* const when = end.phase == Phase::loading     ? "while it was loaded"
                             : end.phase == Phase::unloading ? "while it was unloaded"
                                                             : "after it was unloaded";
    const std::string debugger =
        "; see where with: gdb --args " + printable(options.helper.native()) + " " + printable(tried.native());
    if (end.kind == TrialEnd::Kind::timed_out) {
        return refuse(Reason::timed_out, std::string("did not finish ") +
                                             (end.phase == Phase::unloading ? "unloading" : "loading") + " within " +
                                             duration_text(options.timeout) + debugger);
    }
    if (!end.error.empty()) {
        return refuse(Reason::cannot_load, loader_text(tried, end.error));
    }
    if (end.phase == Phase::none) {
        const std::string how = end.kind == TrialEnd::Kind::exited      ? "exit code " + std::to_string(end.value)
                                : end.kind == TrialEnd::Kind::signalled ? signal_text(end.value)
                                                                        : "an unknown outcome";
        return refuse(Reason::no_report, "could not be tried: " + quoted(options.helper) + " ended with " + how +
                                             " before it began; is its installation complete?");
    }
    if (end.kind == TrialEnd::Kind::signalled) {
        if (!is_crash(end.value)) {
            return refuse(Reason::crashed, std::string("was killed ") + when + " (" + signal_text(end.value) +
                                               "); did it run out of memory, or somebody end it?");
        }
        const char* const hint = end.phase == Phase::done ? "; did it leave a thread running?" : "";
        return refuse(Reason::crashed,
                      std::string("crashed ") + when + " (" + signal_text(end.value) + ")" + hint + debugger);
    }
    if (end.phase == Phase::done) {
        return std::nullopt;
    }
    if (end.kind == TrialEnd::Kind::exited) {
        return refuse(Reason::exited, "called exit(" + std::to_string(end.value) + ") " + when +
                                          "; a plugin must not end the process it is in: look at its static "
                                          "initialisers and destructors");
    }
    return refuse(Reason::no_report,
                  std::string("ended without a report ") + when + "; does this process ignore or handle SIGCHLD?");
}

void wake(int event) {
    const std::uint64_t one = 1;
    // It can only fail when the counter is full, and then the reader is awake already.
    static_cast<void>(!write(event, &one, sizeof one));
}

// Waits until a trial has something to say, the first deadline, or a request to stop.
void wait(const std::vector<std::unique_ptr<Trial>>& running, int stop_event) {
    std::vector<pollfd> polled{{stop_event, POLLIN, 0}};
    Clock::time_point first = Clock::time_point::max();
    for (const auto& trial : running) {
        trial->watch(polled);
        first = std::min(first, trial->deadline());
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now()).count();
    poll(polled.data(), polled.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
}

}  // namespace

Preflight::Preflight(PreflightOptions options) : options_(std::move(options)) {
    if (options_.helper.empty()) {
        options_.helper = find_preflight_helper(preflight_helper_folders());
    }
    options_.helper = std::filesystem::absolute(options_.helper);
    if (access(options_.helper.c_str(), X_OK) != 0) {
        throw PreflightError("the program " + quoted(options_.helper) +
                             ", which is to try plugins before they are loaded, cannot be run: " +
                             std::system_category().message(errno) +
                             "; name another, or turn the trial load off with 'preflight: false'");
    }
    if (options_.parallel == 0) {
        options_.parallel = std::max(1U, std::thread::hardware_concurrency());
    }
    if (!options_.memory) {
        options_.memory = default_preflight_memory();
    }
    try {
        helper_hash_ = content_hash(read_content(options_.helper));
    } catch (const Unusable& unusable) {
        options_.memory->clear();
        warnings_.push_back("passed plugins are not remembered, and tried again at each start: the program " +
                            quoted(options_.helper) + " " + unusable.text);
    }
}

std::vector<Verdict> Preflight::run(std::span<const PluginFile> files, const std::stop_token& stop) {
    std::vector<Verdict> verdicts(files.size());
    PassMemory memory(*options_.memory);
    const auto key = [&](std::size_t i) { return helper_hash_ + ":" + files[i].hash; };

    std::vector<std::size_t> waiting;  // the next one last
    for (std::size_t i = files.size(); i-- > 0;) {
        verdicts[i].remembered = memory.contains(key(i));
        if (!verdicts[i].remembered) {
            waiting.push_back(i);
        }
    }
    const auto not_tried = [&](std::size_t i, const std::string& text) {
        verdicts[i].refusal = Refusal{files[i].path, Reason::not_tried, quoted(files[i].path) + " " + text};
    };

    const Descriptor stop_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const std::stop_callback on_stop(stop, [&] { wake(stop_event.get()); });
    std::vector<std::unique_ptr<Trial>> running;
    while ((!waiting.empty() || !running.empty()) && !stop.stop_requested()) {
        while (!waiting.empty() && running.size() < options_.parallel) {
            const std::size_t i = waiting.back();
            waiting.pop_back();
            try {
                running.push_back(std::make_unique<Trial>(i, options_.helper, std::filesystem::absolute(files[i].path),
                                                          Clock::now() + options_.timeout));
            } catch (const std::system_error& error) {
                not_tried(i, "could not be tried: " + quoted(options_.helper) +
                                 " could not be started: " + error.code().message() +
                                 "; free some memory or processes, or turn the trial load off with 'preflight: false'");
            }
        }
        if (running.empty()) {
            continue;  // none could be started
        }
        wait(running, stop_event.get());
        std::erase_if(running, [&](const std::unique_ptr<Trial>& trial) {
            trial->read_available();
            const bool ended = trial->has_ended();
            if (!ended && Clock::now() < trial->deadline()) {
                return false;
            }
            const std::size_t i = trial->index();
            const TrialEnd end = trial->finish(!ended);
            verdicts[i].refusal = judge(files[i].path, std::filesystem::absolute(files[i].path), end, options_);
            verdicts[i].output = printable_lines(end.output);
            if (verdicts[i].passed()) {
                memory.add(key(i));
            }
            return true;
        });
    }
    for (const auto& trial : running) {
        waiting.push_back(trial->index());
    }
    for (const std::size_t i : waiting) {
        not_tried(i, "was not tried: the host was asked to stop");
    }
    if (const std::string problem = memory.save(); !problem.empty()) {
        warnings_.push_back("passed plugins are not remembered, and tried again at each start: " +
                            quoted(*options_.memory) + " cannot be written: " + problem);
    }
    return verdicts;
}

void preflight(Scan& scan, Preflight& preflight, const std::stop_token& stop) {
    std::vector<Verdict> verdicts = preflight.run(scan.plugins, stop);
    std::vector<PluginFile> passed;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        if (verdicts[i].refusal) {
            scan.refused.push_back(std::move(*verdicts[i].refusal));
        } else {
            passed.push_back(std::move(scan.plugins[i]));
        }
    }
    scan.plugins = std::move(passed);
}

}  // namespace heddle::discovery
