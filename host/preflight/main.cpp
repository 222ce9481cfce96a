// heddle-preflight FILE [REPORT_FD]: loads a plugin's file as the host would, and unloads it.
//
// The host runs it for files it has not loaded before, so that one whose static initialisers crash, hang or end the
// process does so here. It is linked to the thread record's library as the host is, and to nothing else of heddle. The
// plugin's entry is looked up and not called.
//
// On REPORT_FD (stdout without one) it writes how far it got, a line each: "loading", "unloading", "ok"; or
// "error TEXT" with the dynamic loader's words. Exit code: 0 ok, 1 refused, 2 wrong use.
#include <dlfcn.h>
#include <fcntl.h>
#include <heddle/abi.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#if defined(__SANITIZE_ADDRESS__)
// A finding of the sanitizer in the plugin is a crash, not an exit. Called before main; the environment's options win.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
    return "abort_on_error=1:detect_leaks=0";
}
#endif
#if defined(__SANITIZE_THREAD__)
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options() {
    return "abort_on_error=1";
}
#endif

namespace {

constexpr int exit_refused = 1;
constexpr int exit_usage = 2;

void report(int fd, std::string_view word, std::string_view text = {}) {
    std::string line(word);
    line.append(text).append(1, '\n');
    std::string_view rest = line;
    while (!rest.empty()) {
        const ssize_t written = write(fd, rest.data(), rest.size());
        if (written < 0 && errno != EINTR) {
            _exit(exit_refused);  // nobody listens any more
        }
        rest.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
}

// `_exit`, as what the plugin left behind (exit handlers of a library that stays mapped, threads) must not turn a
// verdict that is known into another.
[[noreturn]] void refuse(int fd, std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        c = c == '\n' ? ' ' : c;
    }
    report(fd, "error ", line);
    _exit(exit_refused);
}

void die_quietly(int fd) {
    // The host must not leave us behind. If it went before this took effect, nobody reads the report.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pollfd listener{fd, 0, 0};
    if (poll(&listener, 1, 0) > 0 && (listener.revents & POLLERR) != 0) {
        _exit(exit_refused);
    }
    // No core file. 1 and not 0, because a core_pattern that is a program is run at 0 and only a limit of 1 keeps the
    // kernel from it (core(5) and fs/coredump.c). Not PR_SET_DUMPABLE, which would take /proc/self from the plugin.
    const rlimit none{1, 1};
    setrlimit(RLIMIT_CORE, &none);
    // A sanitizer's handlers would make an exit out of a crash.
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP}) {
        std::signal(signal, SIG_DFL);
    }
}

}  // namespace

int main(int argc, char** argv) {
    int fd = STDOUT_FILENO;
    if (argc == 3) {
        const std::string_view text = argv[2];
        if (std::from_chars(text.data(), text.data() + text.size(), fd).ptr != text.data() + text.size()) {
            fd = -1;
        }
    }
    if (argc < 2 || argc > 3 || fd < 0) {
        constexpr std::string_view usage =
            "usage: heddle-preflight FILE [REPORT_FD]\n"
            "Loads and unloads a plugin's file as heddle does before it trusts one, and says whether that went well.\n";
        static_cast<void>(!write(STDERR_FILENO, usage.data(), usage.size()));
        return exit_usage;
    }
    if (argc == 3) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        die_quietly(fd);
    }

    std::string file = argv[1];
    if (file.find('/') == std::string::npos) {
        file.insert(0, "./");  // or the loader would look for it where libraries are
    }
    report(fd, "loading");
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        refuse(fd, dlerror());
    }
    if (dlsym(library, HEDDLE_ENTRY_SYMBOL) == nullptr) {
        refuse(fd, "the function " HEDDLE_ENTRY_SYMBOL " is not found in it once it is loaded");
    }
    report(fd, "unloading");
    if (dlclose(library) != 0) {
        refuse(fd, dlerror());
    }
    report(fd, "ok");
    _exit(EXIT_SUCCESS);
}
