#include "plane/exclusive.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <thread>
#include <utility>

#include "plane/futex.hpp"
#include "plane/grace.hpp"

namespace heddle::plane {

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::chrono::nanoseconds bound) noexcept {
    static_assert(sizeof(word) == sizeof(std::uint32_t));
    const auto left = std::max(bound, std::chrono::nanoseconds(0));
    const timespec relative{static_cast<time_t>(left.count() / 1'000'000'000),
                            static_cast<long>(left.count() % 1'000'000'000)};
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, &relative, nullptr, 0);
}

void futex_wake(const std::atomic<std::uint32_t>& word, int sleepers) noexcept {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, sleepers, nullptr, nullptr, 0);
}

/// One that stands in line. Its thread owns it until it has the module; once that gave up, whoever holds the module.
struct Exclusive::Waiter {
    enum State : std::uint32_t {
        standing,      // awake, not the first
        sleeping,      // not the first
        first,         // awake, and looks whether the module is free
        first_asleep,  //
        chosen,        // gets it at once, and can't give up any more
        granted,       // has it
        gone,          // gave up: whoever holds the module deletes it
    };

    explicit Waiter(std::uint64_t its_chain) noexcept : chain(its_chain) {}

    /// Changes the state if it is still `from`: the thread that waits and the one that leaves both do.
    bool turn(State from, State to) noexcept {
        std::uint32_t expected = from;
        return state.compare_exchange_strong(expected, to);
    }

    std::atomic<std::uint32_t> state{standing};
    const std::uint64_t chain;
    Waiter* next = nullptr;  // in arrivals_: who came before; in the line: who came after
};

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

// Between two looks whether it is free. Each takes the cache line away from the one who works, so that where others had
// to wait just now too, rare looks let everyone have longer runs; elsewhere an early look finds it free soonest.
constexpr nanoseconds shortest_rest(64);
constexpr nanoseconds longest_rest(2048);
constexpr nanoseconds just_now(4096);

// How long the first in line looks before it wants the next chance, and how long each is awake before it sleeps: about
// what it costs to sleep and be woken up.
constexpr microseconds wants_after(10);
constexpr microseconds sleeps_after(30);

// How long one that sleeps does so at most before it looks for itself.
constexpr std::chrono::milliseconds shortest_nap(1);
constexpr std::chrono::milliseconds longest_nap(128);

// How often a first one that sleeps is woken only, and overtaken while it wakes up, before it gets the module asleep.
constexpr std::uint32_t nudges = 16;
// How often the module is left without anybody in line until leaving is cheap again.
constexpr std::uint32_t calm_enough = 4096;

std::int64_t now_ns() noexcept {
    return clock::now().time_since_epoch() / nanoseconds(1);
}

void rest_for(nanoseconds time) noexcept {
    const clock::time_point end = clock::now() + time;
    while (clock::now() < end) {
        pause_briefly();
    }
}

}  // namespace

Exclusive::~Exclusive() {
    admit_arrivals();
    while (first_ != nullptr) {  // they gave up
        drop(first_);
    }
}

bool Exclusive::spin_enter(std::uint64_t chain) noexcept {
    const bool busy = now_ns() - contested_.load(std::memory_order_relaxed) < just_now.count();
    for (nanoseconds rest = busy ? longest_rest : shortest_rest; rest <= longest_rest; rest *= 2) {
        rest_for(rest);
        if (holder_.load(std::memory_order_relaxed) == 0 && take(chain)) {
            contested_.store(now_ns(), std::memory_order_relaxed);
            return true;
        }
    }
    return false;
}

bool Exclusive::wait_enter(std::uint64_t chain, nanoseconds bound) noexcept {
    const clock::time_point deadline = deadline_after(bound);
    if (auto* const waiter = new (std::nothrow) Waiter(chain)) {
        stand_in_line(waiter);
        return wait_in_line(waiter, deadline);
    }
    while (!take(chain)) {  // no memory to stand in line with
        if (clock::now() >= deadline) {
            return false;
        }
        std::this_thread::sleep_for(microseconds(100));
    }
    return true;
}

void Exclusive::stand_in_line(Waiter* waiter) noexcept {
    waiter->next = arrivals_.load(std::memory_order_relaxed);
    while (!arrivals_.compare_exchange_weak(waiter->next, waiter)) {
    }
    if (contended_.exchange(1) == 0) {
        membarrier_all();  // whoever leaves without having seen that has its store of 0 seen from here on
    }
}

bool Exclusive::wait_in_line(Waiter* waiter, clock::time_point deadline) noexcept {
    if (take_from_line(waiter)) {
        return true;
    }
    std::uint32_t last = Waiter::standing;
    nanoseconds awake(0);  // in this state; time off the processor counts little, for nobody could see it look
    clock::time_point before = clock::now();
    nanoseconds nap = shortest_nap;
    for (;;) {
        const std::uint32_t state = waiter->state.load(std::memory_order_acquire);  // pairs with hand_over()
        if (state == Waiter::granted) {
            delete waiter;
            return true;
        }
        const clock::time_point now = clock::now();
        awake = state == last ? awake + std::min<nanoseconds>(now - before, 2 * longest_rest) : nanoseconds(0);
        last = state;
        before = now;
        if (state == Waiter::chosen) {
            futex_wait(waiter->state, state, microseconds(50));  // nobody wakes it, but it is a matter of two stores
        } else if (now >= deadline) {
            if (waiter->turn(static_cast<Waiter::State>(state), Waiter::gone)) {
                call_attention();
                return false;
            }
        } else if (state == Waiter::standing && awake < sleeps_after) {
            pause_briefly();
        } else if (state == Waiter::standing) {
            waiter->turn(Waiter::standing, Waiter::sleeping);
        } else if (state == Waiter::first) {
            if (look_as_first(awake) && take_from_line(waiter)) {
                return true;
            }
            if (awake >= wants_after + sleeps_after && waiter->turn(Waiter::first, Waiter::first_asleep)) {
                call_attention();
            }
        } else {
            // One behind the first looks for itself from time to time: the first may be off the processor for long.
            futex_wait(waiter->state, state, std::min<nanoseconds>(deadline - now, nap));
            nap = std::min<nanoseconds>(2 * nap, longest_nap);
            if (holder_.load() == 0 && take_from_line(waiter)) {
                return true;
            }
        }
    }
}

bool Exclusive::look_as_first(nanoseconds awake) noexcept {
    if (awake < wants_after) {
        rest_for(longest_rest);
    } else {
        pulse_.fetch_add(1, std::memory_order_relaxed);  // read by who leaves; only whether it moves matters
        pause_briefly();
    }
    return holder_.load(std::memory_order_relaxed) == 0;
}

bool Exclusive::take_from_line(Waiter* waiter) noexcept {
    if (holder_.load() != 0 || !take(waiter->chain)) {
        return false;
    }
    admit_arrivals();
    drop(waiter);
    return true;
}

void Exclusive::call_attention() noexcept {
    attention_.store(1);
    if (holder_.load() == 0) {  // else who leaves sees the flag after its exchange
        serve();
    }
}

void Exclusive::serve() noexcept {
    if (take(nobody)) {  // else whoever took it looks after the line
        leave_contended();
    }
}

void Exclusive::leave_contended() noexcept {
    bool is_somebody_told = false;
    do {
        const std::atomic<std::uint32_t>* sleeper = nullptr;
        if (told_ != nullptr && serve_first(sleeper)) {
            return;
        }
        if (told_ == nullptr) {
            sleeper = tell_next();
        }
        is_somebody_told = told_ != nullptr;
        if (is_somebody_told) {
            calm_ = 0;
        } else {
            calm_down();
        }
        holder_.exchange(0);  // pairs with the looks after an arrival and in call_attention()
        if (sleeper != nullptr) {
            futex_wake(*sleeper, 1);  // may be gone by now; at worst it wakes somebody else, who looks in vain
        }
    } while ((attention_.load() != 0 || (!is_somebody_told && arrivals_.load() != nullptr)) && take(nobody));
}

/// Hands the module over if it is the first one's turn, which gives true. If not, and that one sleeps, its state says
/// that it is awake, and `sleeper` is what to wake it by.
bool Exclusive::serve_first(const std::atomic<std::uint32_t>*& sleeper) noexcept {
    ++overtakings_;
    const std::uint32_t pulse = pulse_.load(std::memory_order_relaxed);
    const bool is_looking = pulse != pulse_seen_;  // so it is running just now, and takes over without a pause
    pulse_seen_ = pulse;
    const bool is_asleep = attention_.load() != 0 && attention_.exchange(0) != 0;
    if (is_looking || overtakings_ >= most_overtakings || (is_asleep && overtakings_ >= nudges)) {
        return hand_over();
    }
    if (is_asleep) {
        if (told_->turn(Waiter::first_asleep, Waiter::first)) {
            sleeper = &told_->state;
        } else if (told_->state.load(std::memory_order_acquire) == Waiter::gone) {
            drop(told_);
        }
    }
    return false;
}

bool Exclusive::hand_over() noexcept {
    Waiter* const to = told_;
    bool asleep = false;
    while (!to->turn(Waiter::first, Waiter::chosen)) {
        asleep = to->turn(Waiter::first_asleep, Waiter::chosen);
        if (asleep) {
            break;
        }
        if (to->state.load(std::memory_order_acquire) == Waiter::gone) {
            drop(to);
            return false;
        }
    }
    unlink(to);
    const std::atomic<std::uint32_t>& state = to->state;
    holder_.store(to->chain, std::memory_order_release);  // before it may run, for its chain re-enters by this
    to->state.store(Waiter::granted);                     // from here on it is its thread's, which deletes it
    if (asleep) {
        futex_wake(state, 1);
    }
    return true;
}

const std::atomic<std::uint32_t>* Exclusive::tell_next() noexcept {
    attention_.store(0);  // before anybody is told: what is said from then on counts
    pulse_seen_ = pulse_.load(std::memory_order_relaxed);
    overtakings_ = 0;
    admit_arrivals();
    while (first_ != nullptr) {
        if (first_->turn(Waiter::standing, Waiter::first)) {
            told_ = first_;
            return nullptr;
        }
        if (first_->turn(Waiter::sleeping, Waiter::first)) {
            told_ = first_;
            return &first_->state;
        }
        if (first_->state.load(std::memory_order_acquire) == Waiter::gone) {
            drop(first_);
        }
    }
    return nullptr;
}

void Exclusive::calm_down() noexcept {
    if (++calm_ < calm_enough) {
        return;
    }
    calm_ = 0;
    contended_.exchange(0);
    if (arrivals_.load() != nullptr) {  // else who arrives from here on finds the 0, and issues a membarrier
        contended_.store(1);
    }
}

void Exclusive::admit_arrivals() noexcept {
    Waiter* one = arrivals_.load() == nullptr ? nullptr : arrivals_.exchange(nullptr);
    if (one == nullptr) {
        return;
    }
    Waiter* const latest = one;
    Waiter* oldest = nullptr;
    while (one != nullptr) {
        Waiter* const before = std::exchange(one->next, oldest);
        oldest = std::exchange(one, before);
    }
    (last_ == nullptr ? first_ : last_->next) = oldest;
    last_ = latest;
}

void Exclusive::unlink(Waiter* waiter) noexcept {
    Waiter* before = nullptr;
    for (Waiter* one = first_; one != waiter; one = one->next) {
        before = one;
    }
    (before == nullptr ? first_ : before->next) = waiter->next;
    if (last_ == waiter) {
        last_ = before;
    }
    if (told_ == waiter) {
        told_ = nullptr;
    }
}

void Exclusive::drop(Waiter* waiter) noexcept {
    unlink(waiter);
    delete waiter;
}

}  // namespace heddle::plane
