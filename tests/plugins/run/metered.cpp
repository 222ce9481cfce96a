// metered: queued functions for steady_calls, and one that has the program count what this module's thread does.
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <heddle/heddle.hpp>

namespace {

using Number = std::uint64_t;

class Metered : public heddle::module {
public:
    explicit Metered(heddle::context& ctx) : module(ctx) {
        provide<&Metered::add>("add", heddle::queued);
        provide<&Metered::note>("note", heddle::queued);
        provide<&Metered::latest>("latest", heddle::queued.or_drop_oldest());
        provide<&Metered::stray>("stray", heddle::queued);
        provide<&Metered::meter>("meter", heddle::queued);
        provide<&Metered::hold>("hold", heddle::queued);
        provide<&Metered::let_go>("let_go", heddle::concurrent);
        provide<&Metered::holds>("holds", heddle::concurrent);
        provide<&Metered::notes>("notes", heddle::concurrent);
        provide<&Metered::sum>("sum", heddle::concurrent);
    }

private:
    Number add(Number a, Number b) { return a + b; }
    void note(Number a, Number b, Number c, Number d, Number e, Number f, Number g, Number h) {
        sum_.fetch_add(a + b + c + d + e + f + g + h, std::memory_order_relaxed);
        notes_.fetch_add(1, std::memory_order_release);
    }
    void latest(Number a, Number b, Number c, Number d, Number e, Number f, Number g, Number h) {
        note(a, b, c, d, e, f, g, h);
    }
    /// An allocation and a system call: 1 if that was trapped.
    Number stray() {
        void* volatile memory = std::malloc(10);
        std::free(memory);
        return syscall(SYS_getppid) == -1 ? 1 : 0;
    }
    /// From here on the program counts: false if it cannot.
    bool meter() {
        void* const found = dlsym(RTLD_DEFAULT, "steady_calls_meter");
        return found != nullptr && reinterpret_cast<bool (*)()>(found)();
    }
    /// Holds this module's thread up, awake, until let_go() has been called as often.
    void hold() {
        const Number wanted = holds_.fetch_add(1, std::memory_order_acq_rel) + 1;
        while (let_go_.load(std::memory_order_acquire) < wanted) {
        }
    }
    void let_go() { let_go_.fetch_add(1, std::memory_order_acq_rel); }
    Number holds() const { return holds_.load(std::memory_order_acquire); }
    Number notes() const { return notes_.load(std::memory_order_acquire); }
    Number sum() const { return sum_.load(std::memory_order_relaxed); }

    std::atomic<Number> sum_{0};
    std::atomic<Number> notes_{0};
    std::atomic<Number> holds_{0};
    std::atomic<Number> let_go_{0};
};

}  // namespace

HEDDLE_PLUGIN(Metered, "metered", "1.0.0", "For tests that count what calls cost")
