// steady_calls: a program that makes 100,000 calls with every system call trapped and every allocation counted, and
// prints what it counted; steady_test reads it. A program of its own, because a filter on system calls stays for good.
//
//     steady_calls PLUGIN_DIR... concurrent|exclusive|event|control
//     calls=100000 allocations=0 system_calls=0 clock_calls=0
//
// `event` raises an event of the module sounder with two listeners. `control` does the same around 1,000 calls of
// getppid(), an allocation each and no plugin call: what is counted then is known. `clock_calls` are system calls for
// the time, which only machines without a clock in the vDSO need.
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
#include <heddle/host.hpp>
#include <string>
#include <system_error>

namespace {

std::atomic<std::uint64_t> system_calls = 0;
std::atomic<std::uint64_t> clock_calls = 0;
std::atomic<bool> counting = false;
thread_local std::uint64_t allocations = 0;  // of this thread: the host's others may do what they like

void count_system_call(int /*signal*/, siginfo_t* info, void* context) {
    auto& result = static_cast<ucontext_t*>(context)->uc_mcontext;
    if (info->si_syscall == SYS_clock_gettime) {
        ++clock_calls;
    } else {
        ++system_calls;
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
    __sanitizer_install_malloc_and_free_hooks(
        [](const volatile void*, std::size_t) { allocations += counting.load(std::memory_order_relaxed) ? 1U : 0U; },
        [](const volatile void*) {});
}
#else
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the C library's names
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* old, std::size_t size);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
static void note() {
    if (counting.load(std::memory_order_relaxed)) {
        ++allocations;
    }
}
extern "C" void* malloc(std::size_t size) {
    note();
    return __libc_malloc(size);
}
extern "C" void* calloc(std::size_t count, std::size_t size) {
    note();
    return __libc_calloc(count, size);
}
extern "C" void* realloc(void* old, std::size_t size) {
    note();
    return __libc_realloc(old, size);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
    note();
    return __libc_memalign(alignment, size);
}
static void count_allocations() {}
#endif

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: steady_calls PLUGIN_DIR... concurrent|exclusive|event|control\n", stderr);
        return 2;
    }
    const std::string what = argv[argc - 1];
    heddle::host_options options;
    options.plugins.assign(argv + 1, argv + argc - 1);
    options.config_text = "host: {preflight: false}\nmodules:\n  - {name: node}\n";
    if (what == "event") {
        options.config_text +=
            "  - {name: sounder}\n"
            "  - {name: l0, plugin: listener, config: {to: sounder.changed, policy: concurrent}}\n"
            "  - {name: l1, plugin: listener, config: {to: sounder.changed, policy: exclusive}}\n";
    }
    heddle::host host(options);
    if (!host.start().empty()) {
        return 1;
    }
    const auto add = host.function<std::uint64_t(std::uint64_t, std::uint64_t)>("node.add");
    const auto count = host.function<std::uint64_t()>("node.count");
    const auto raise = host.function<void(std::uint64_t)>("sounder.raise");
    const auto heard = host.function<std::uint64_t()>("l0.sum");
    const auto heard_too = host.function<std::uint64_t()>("l1.sum");
    add(1, 1);  // registers this thread
    count();
    if (what == "event") {
        raise(0);
    }

    std::uint64_t calls = 0;
    std::uint64_t sum = 0;
    count_allocations();
    if (!trap_system_calls()) {
        return fail("system calls cannot be trapped");
    }
    counting = true;
    if (what == "concurrent") {
        for (; calls < 100000; ++calls) {
            sum += add(calls, 1);
        }
    } else if (what == "exclusive") {
        for (; calls < 100000; ++calls) {
            sum += count();
        }
    } else if (what == "event") {
        for (; calls < 100000; ++calls) {
            raise(1);
        }
        sum = heard() + heard_too();
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
        line.data(), line.size(), "calls=%llu sum=%llu allocations=%llu system_calls=%llu clock_calls=%llu\n",
        static_cast<unsigned long long>(calls), static_cast<unsigned long long>(sum),
        static_cast<unsigned long long>(allocations), static_cast<unsigned long long>(system_calls.load()),
        static_cast<unsigned long long>(clock_calls.load()));
    const bool written = write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(length)) == length;
    // The filter would trap what a tidy end does, and what AddressSanitizer does before a function that never returns.
    syscall(SYS_exit_group, written ? 0 : 1);
    return 1;
}
