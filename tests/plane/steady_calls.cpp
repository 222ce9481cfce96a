// steady_calls: a program that makes 100,000 calls with every system call trapped and every allocation counted, and
// prints what it counted; steady_test reads it. A program of its own, because a filter on system calls stays for good.
//
//     steady_calls PLUGIN_DIR... WHAT
//     calls=100000 sum=4950000000 allocations=0 system_calls=0 clock_calls=0 quiet=1000
//
// WHAT is
//     concurrent, exclusive     calls of such a function
//     event                     an event of the module sounder is raised, with two listeners
//     queued                    calls of a queued function of a module whose thread spins; of both threads
//     post, latest              64 bytes posted to such a module, to a function that drops the oldest; of both threads
//     post_awake, post_asleep   posts to a module that parks, while it is awake, and one while it sleeps
//     control, control_module   1,000 calls of getppid(), an allocation each, and no plugin call; the same by a
//     module's
//                               thread: what is counted then is known
//
// `clock_calls` are system calls for the time, which only machines without a clock in the vDSO need. `quiet` counts in
// how many of 1,000 runs of calls there was neither: who waits for a thread that has lost its core sleeps in the end.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <heddle/host.hpp>
#include <string>
#include <system_error>

namespace {

std::atomic<std::uint64_t> system_calls = 0;
std::atomic<std::uint64_t> clock_calls = 0;
std::atomic<std::uint64_t> allocations = 0;
std::atomic<bool> counting = false;
std::atomic<bool> module_is_metered = false;
// Whether this thread counts: the host's others may do what they like. The counts are all threads' together.
thread_local bool metered = false;

void note_allocation() {
    if (metered && counting.load(std::memory_order_relaxed)) {
        allocations.fetch_add(1, std::memory_order_relaxed);
    }
}

void count_system_call(int /*signal*/, siginfo_t* info, void* context) {
    auto& result = static_cast<ucontext_t*>(context)->uc_mcontext;
    if (counting.load(std::memory_order_relaxed)) {
        ++(info->si_syscall == SYS_clock_gettime ? clock_calls : system_calls);
    }
#if defined(__x86_64__)
    result.gregs[REG_RAX] = -ENOSYS;
#elif defined(__aarch64__)
    result.regs[0] = static_cast<unsigned long long>(-ENOSYS);
#endif
}

// From here on this thread's system calls are not made but counted, except those that end the process, come back from
// the handler, or print. A sanitizer's own memory may grow.
bool trap_system_calls() {
    struct sigaction action {};
    action.sa_sigaction = count_system_call;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (sigaction(SIGSYS, &action, nullptr) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return false;
    }
    constexpr std::array allowed {
        SYS_rt_sigreturn, SYS_exit_group, SYS_write,
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
            SYS_mmap, SYS_munmap, SYS_madvise, SYS_rt_sigprocmask,
#endif
    };
    std::array<sock_filter, 2 + 2 * allowed.size()> program{};
    std::size_t next = 0;
    program[next++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
    for (const auto number : allowed) {
        program[next++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
        program[next++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    program[next++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    metered = true;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int fail(const char* what) {
    std::fprintf(stderr, "steady_calls: %s: %s\n", what, std::generic_category().message(errno).c_str());
    return 1;
}

}  // namespace

// Every allocation of this process comes through here, as the program's own symbols go before the C library's.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));
static void count_allocations() {
    __sanitizer_install_malloc_and_free_hooks([](const volatile void*, std::size_t) { note_allocation(); },
                                              [](const volatile void*) {});
}
#else
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the C library's names
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* old, std::size_t size);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void* malloc(std::size_t size) {
    note_allocation();
    return __libc_malloc(size);
}
extern "C" void* calloc(std::size_t count, std::size_t size) {
    note_allocation();
    return __libc_calloc(count, size);
}
extern "C" void* realloc(void* old, std::size_t size) {
    note_allocation();
    return __libc_realloc(old, size);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
    note_allocation();
    return __libc_memalign(alignment, size);
}
static void count_allocations() {}
#endif

/// The module metered has its thread counted with this.
extern "C" bool steady_calls_meter();
extern "C" bool steady_calls_meter() {
    const bool trapped = trap_system_calls();
    module_is_metered = trapped;
    return trapped;
}

namespace {

using Number = std::uint64_t;
using Eight = void(Number, Number, Number, Number, Number, Number, Number, Number);

struct Metered {
    explicit Metered(heddle::host& host)
        : add(host.function<Number(Number, Number)>("metered.add")),
          note(host.function<Eight>("metered.note")),
          latest(host.function<Eight>("metered.latest")),
          stray(host.function<Number()>("metered.stray")),
          meter(host.function<bool()>("metered.meter")),
          hold(host.function<void()>("metered.hold")),
          let_go(host.function<void()>("metered.let_go")),
          holds(host.function<Number()>("metered.holds")),
          notes(host.function<Number()>("metered.notes")),
          sum(host.function<Number()>("metered.sum")) {}

    heddle::function<Number(Number, Number)> add;
    heddle::function<Eight> note;
    heddle::function<Eight> latest;
    heddle::function<Number()> stray;
    heddle::function<bool()> meter;
    heddle::function<void()> hold;
    heddle::function<void()> let_go;
    heddle::function<Number()> holds;
    heddle::function<Number()> notes;
    heddle::function<Number()> sum;

    /// Looks until so many messages have been run: without a system call.
    void wait_for_notes(Number wanted) const {
        while (notes() < wanted) {
        }
    }
    void post(Number number) const { note.post(number, 0, 0, 0, 0, 0, 0, 1); }
    /// Posts far more than the mailbox holds while the module's thread does not come to it, and lets go: all that it
    /// holds is run. The thread is held up by a message of the same list, so that the most is under way that can be.
    void overflow(Number first) const {
        const Number held = holds() + 1;
        hold.post();
        while (holds() < held) {
        }
        const Number before = notes();
        for (Number i = 0; i < 100; ++i) {
            latest.post(first + i, 0, 0, 0, 0, 0, 0, 1);
        }
        let_go();
        wait_for_notes(before + 64);
    }
};

bool sleeps(std::int64_t thread) {
    std::array<char, 256> line{};
    std::FILE* const file = std::fopen(("/proc/self/task/" + std::to_string(thread) + "/stat").c_str(), "r");
    if (file == nullptr) {
        return false;
    }
    const bool read = std::fgets(line.data(), line.size(), file) != nullptr;
    std::fclose(file);
    const char* const end = read ? std::strrchr(line.data(), ')') : nullptr;
    return end != nullptr && end[1] == ' ' && end[2] == 'S';
}

void wait_until_it_sleeps(heddle::host& host) {
    for (const heddle::module_info& module : host.modules()) {
        while (module.name == "metered" && !sleeps(module.thread_id)) {
        }
    }
}

std::string config_for(const std::string& what) {
    std::string config = "host: {preflight: false}\nmodules:\n  - {name: node}\n";
    if (what == "event") {
        config +=
            "  - {name: sounder}\n"
            "  - {name: l0, plugin: listener, config: {to: sounder.changed, policy: concurrent}}\n"
            "  - {name: l1, plugin: listener, config: {to: sounder.changed, policy: exclusive}}\n";
    } else if (what == "post_awake") {
        config += "  - {name: metered, thread: {idle: park, spin: 1s}}\n";
    } else if (what == "post_asleep") {
        config += "  - {name: metered, thread: {idle: park, spin: 0s}}\n";
    } else {
        config += "  - {name: metered, thread: {idle: spin, mailbox: 64}}\n";
    }
    return config;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: steady_calls PLUGIN_DIR... WHAT\n", stderr);
        return 2;
    }
    const std::string what = argv[argc - 1];
    heddle::host_options options;
    options.plugins.assign(argv + 1, argv + argc - 1);
    options.config_text = config_for(what);
    heddle::host host(options);
    if (!host.start().empty()) {
        return 1;
    }
    const auto add = host.function<Number(Number, Number)>("node.add");
    const auto count = host.function<Number()>("node.count");
    const auto raise = host.function<void(Number)>("sounder.raise");
    const auto heard = host.function<Number()>("l0.sum");
    const auto heard_too = host.function<Number()>("l1.sum");
    const Metered meter(host);
    add(1, 1);  // registers this thread
    count();
    if (what == "event") {
        raise(0);
    } else {
        meter.add(1, 1);
        meter.post(0);
        meter.wait_for_notes(1);
    }
    if (what == "latest") {
        meter.latest.post(0, 0, 0, 0, 0, 0, 0, 0);  // from here on this thread's messages stand in a list
        meter.wait_for_notes(2);
        for (int i = 0; i < 3; ++i) {
            meter.overflow(0);
        }
    }

    count_allocations();
    if (what == "queued" || what == "post" || what == "latest" || what == "control_module") {
        meter.meter.post();
        while (!module_is_metered) {
        }
        meter.notes();
    }
    if (what == "post_asleep") {
        wait_until_it_sleeps(host);
    }
    const Number notes_before = what == "event" ? 0 : meter.notes();
    const Number sum_before = what == "event" ? 0 : meter.sum();
    if (!trap_system_calls()) {
        return fail("system calls cannot be trapped");
    }
    Number calls = 0;
    Number sum = 0;
    Number quiet = 0;
    counting = true;
    const auto hundreds = [&](auto call) {
        for (int run = 0; run < 1000; ++run) {
            const Number before = system_calls.load();
            for (int i = 0; i < 100; ++i, ++calls) {
                call();
            }
            quiet += system_calls.load() == before ? 1U : 0U;
        }
    };
    if (what == "concurrent") {
        hundreds([&] { sum += add(calls, 1); });
    } else if (what == "exclusive") {
        hundreds([&] { sum += count(); });
    } else if (what == "event") {
        hundreds([&] { raise(1); });
        sum = heard() + heard_too();
    } else if (what == "queued") {
        hundreds([&] { sum += meter.add(calls, 1); });
    } else if (what == "post" || what == "post_awake") {
        hundreds([&] {
            meter.post(calls);
            if (calls % 32 == 31) {  // never so many that the sender waits for room
                meter.wait_for_notes(notes_before + calls + 1);
            }
        });
        meter.wait_for_notes(notes_before + calls);
        sum = meter.sum() - sum_before;
    } else if (what == "latest") {
        for (; calls < 100000; calls += 100) {
            const Number before = system_calls.load();
            meter.overflow(calls);
            quiet += system_calls.load() == before ? 1U : 0U;
        }
        sum = meter.sum() - sum_before;
    } else if (what == "post_asleep") {
        meter.post(calls++);
    } else if (what == "control_module") {
        for (; calls < 1000; ++calls) {
            meter.stray.post();
            if (calls % 32 == 31) {
                meter.post(0);
                meter.wait_for_notes(notes_before + calls / 32 + 1);
            }
        }
        meter.post(0);
        meter.wait_for_notes(notes_before + calls / 32 + 1);
        sum = calls;
    } else {
        for (; calls < 1000; ++calls) {
            void* volatile memory = std::malloc(10);
            std::free(memory);
            sum += syscall(SYS_getppid) == -1 ? 1U : 0U;
        }
    }
    counting = false;
    std::array<char, 200> line{};
    const int length = std::snprintf(
        line.data(), line.size(),
        "calls=%llu sum=%llu allocations=%llu system_calls=%llu clock_calls=%llu quiet=%llu\n",
        static_cast<unsigned long long>(calls), static_cast<unsigned long long>(sum),
        static_cast<unsigned long long>(allocations.load()), static_cast<unsigned long long>(system_calls.load()),
        static_cast<unsigned long long>(clock_calls.load()), static_cast<unsigned long long>(quiet));
    const bool written = write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(length)) == length;
    // The filter would trap what a tidy end does, and what AddressSanitizer does before a function that never returns.
    syscall(SYS_exit_group, written ? 0 : 1);
    return 1;
}
