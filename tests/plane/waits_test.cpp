// Who waits for whom, with waits of every kind set up by hand: which circles are found, which are none, and how they
// are spelled.
#include "plane/waits.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <future>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "heddle_test/support.hpp"
#include "plane/calls.hpp"
#include "plane/links.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace {
thread_local std::uint64_t allocations = 0;
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace {

using namespace heddle::plane;

const heddle_host no_host{};

/// A registered thread that does nothing: the test writes its record for it.
class Idle {
public:
    Idle()
        : thread_([this] {
              record_.set_value(&threads().mine());
              end_.get_future().wait();
              heddle_current.top = threads().mine().stack;
          }),
          record(*record_.get_future().get()) {}
    ~Idle() {
        end_.set_value();
        thread_.join();
    }
    Idle(const Idle&) = delete;
    Idle& operator=(const Idle&) = delete;

    /// Goes into a call.
    void call(heddle_link& link) const { heddle::detail::publish(record.line, record.line.top, &link); }
    void set_chain(const Idle& other) const {
        __atomic_store_n(&record.line.chain, other.record.line.chain, __ATOMIC_RELAXED);
    }

private:
    std::promise<ThreadRecord*> record_;
    std::promise<void> end_;
    std::thread thread_;

public:
    ThreadRecord& record;
};

class Waits : public testing::Test {
protected:
    Waits() {
        a.thread = &of_a.record;
        b.thread = &of_b.record;
        c.thread = &of_c.record;
    }
    ~Waits() override {
        for (LinkRecord* const link : links_) {
            links().free_link(*link);
        }
        links().forget(no_host);
    }

    /// A link of `caller` to a function.
    heddle_link& link(heddle_module& caller, heddle_module& provider, const std::string& function = "f") {
        heddle_handle handle{};
        const std::string name = provider.name + "." + function;
        handle.name = {name.data(), name.size()};
        LinkRecord* const made = links().add(caller, handle, no_host);
        set_serves(*made, name);
        made->provider = &provider;
        links_.push_back(made);
        return made->line;
    }
    /// The thread waits, for good; gives the cycle that it was told of.
    std::string waits(const Idle& thread, WaitKind kind, heddle_module& module, heddle_link* called,
                      Pending pending = {}) {
        waits_.emplace_back(thread.record, kind, module, called, pending);
        return waits_.back().cycle();
    }
    /// The thread calls an exclusive function and gets in.
    static void holds(const Idle& thread, heddle_module& module, heddle_link& called) {
        thread.call(called);
        EXPECT_TRUE(module.exclusive.try_enter(thread.record.line.chain));
    }
    /// The thread calls an exclusive function and does not.
    std::string waits_to_hold(const Idle& thread, heddle_module& module, heddle_link& called) {
        thread.call(called);
        EXPECT_FALSE(module.exclusive.try_enter(thread.record.line.chain));
        return waits(thread, WaitKind::exclusive, module, &called);
    }

    heddle_module app{"app", nullptr, std::chrono::seconds(1)};
    heddle_module a{"a", nullptr, std::chrono::seconds(1)};
    heddle_module b{"b", nullptr, std::chrono::seconds(1)};
    heddle_module c{"c", nullptr, std::chrono::seconds(1)};
    Idle of_a, of_b, of_c, one, other;

private:
    std::vector<LinkRecord*> links_;
    std::deque<Wait> waits_;
};

TEST_F(Waits, ForAnswersOfEachOtherAreACycle) {
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(waits(of_b, WaitKind::answer, c, &link(b, c)), "");
    EXPECT_EQ(waits(of_c, WaitKind::answer, a, &link(c, a)), "c -[a.f]-> a -[b.f]-> b -[c.f]-> c");
    EXPECT_FALSE(of_c.record.waits);
    EXPECT_TRUE(of_b.record.waits);
}

TEST_F(Waits, AreNoCycleWhereTheChainComesBackToOneThatWaitsForItsAnswer) {
    // one -> a -> b -> a: what b asks of a is what a waits for, and a takes it on.
    of_a.set_chain(one);
    of_b.set_chain(one);
    EXPECT_EQ(waits(one, WaitKind::answer, a, &link(app, a)), "");
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(waits(of_b, WaitKind::answer, a, &link(b, a)), "");
}

TEST_F(Waits, AreACycleWhereWhatTheChainHasComeBackToWaitsForAnotherOne) {
    // As above, and then a, serving b, wants c, whose holder wants an answer of b.
    of_a.set_chain(one);
    of_b.set_chain(one);
    holds(other, c, link(app, c));
    EXPECT_EQ(waits(one, WaitKind::answer, a, &link(app, a)), "");
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(waits(of_b, WaitKind::answer, a, &link(b, a)), "");
    EXPECT_EQ(waits_to_hold(of_a, c, link(a, c)), "");
    EXPECT_EQ(waits(other, WaitKind::answer, b, &link(c, b)), "c -[b.f]-> b -[a.f]-> a -[c.f]-> c");
}

TEST_F(Waits, AreACycleWhereTheChainHasGoneOnFromOneThatItHasComeBackTo) {
    // one -> a -> b -> a -> c, and c's thread wants what `other` holds, who then asks b.
    heddle_module d{"d", nullptr, std::chrono::seconds(1)};
    for (const Idle* const thread : {&of_a, &of_b, &of_c}) {
        thread->set_chain(one);
    }
    holds(other, d, link(app, d));
    EXPECT_EQ(waits(one, WaitKind::answer, a, &link(app, a)), "");
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(waits(of_b, WaitKind::answer, a, &link(b, a)), "");
    EXPECT_EQ(waits(of_a, WaitKind::answer, c, &link(a, c)), "");
    EXPECT_EQ(waits_to_hold(of_c, d, link(c, d)), "");
    EXPECT_EQ(waits(other, WaitKind::answer, b, &link(d, b)), "d -[b.f]-> b -[a.f]-> a -[c.f]-> c -[d.f]-> d");
}

TEST_F(Waits, ThatAreOverAreNoneEvenBeforeTheThreadHasNoticed) {
    std::atomic<std::uint32_t> answered = 0;
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b), {&answered, 0}), "");
    answered = 1;
    EXPECT_EQ(waits(of_b, WaitKind::answer, a, &link(b, a)), "");
    answered = 0;
    EXPECT_EQ(waits(of_b, WaitKind::answer, a, &link(b, a)), "b -[a.f]-> a -[b.f]-> b");
}

TEST_F(Waits, ForRoomInAMailboxAreForItsModulesThread) {
    EXPECT_EQ(waits(of_a, WaitKind::mailbox, b, &link(a, b)), "");
    EXPECT_EQ(waits(of_b, WaitKind::mailbox, a, &link(b, a)), "b -[a.f]-> a -[b.f]-> b");
    EXPECT_EQ(waits(of_b, WaitKind::mailbox, b, &link(b, b)), "b -[b.f]-> b");
    // The same chain is no help: a thread that waits for an answer makes no room.
    of_c.set_chain(of_a);
    EXPECT_EQ(waits(of_c, WaitKind::answer, a, &link(c, a)), "");
    EXPECT_EQ(waits(of_a, WaitKind::mailbox, c, &link(a, c)), "a -[c.f]-> c -[a.f]-> a");
}

TEST_F(Waits, OfMixedKindsAreACycle) {
    // `one` holds a and asks b, which waits for room at c, which wants a.
    holds(one, a, link(app, a));
    EXPECT_EQ(waits(one, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(waits(of_b, WaitKind::mailbox, c, &link(b, c, "post")), "");
    EXPECT_EQ(waits_to_hold(of_c, a, link(c, a, "hold")), "c -[a.hold]-> a -[b.f]-> b -[c.post]-> c");
}

TEST_F(Waits, OfAModulesThreadForItsModuleAreSpelledWithoutACall) {
    // `one` holds a and waits for room in its mailbox; a's thread wants a for a timer.
    holds(one, a, link(app, a));
    EXPECT_EQ(waits(one, WaitKind::mailbox, a, &link(a, a)), "");
    EXPECT_EQ(waits(of_a, WaitKind::exclusive, a, nullptr), "a -[a.f]-> a");
}

TEST_F(Waits, FollowTheChainToTheThreadThatHoldsTheModule) {
    // `one` holds a and asks b, whose thread runs its chain and wants what `other` holds, which wants a.
    of_b.set_chain(one);
    holds(one, a, link(app, a));
    holds(other, c, link(app, c));
    EXPECT_EQ(waits(one, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(waits_to_hold(of_b, c, link(b, c)), "");
    EXPECT_EQ(waits_to_hold(other, a, link(c, a)), "c -[a.f]-> a -[b.f]-> b -[c.f]-> c");
}

TEST_F(Waits, FollowTheChainWhereverTheStacksDoNotTellWhoHoldsTheModule) {
    EXPECT_TRUE(a.exclusive.try_enter(one.record.line.chain));  // a thread of its own, say
    holds(other, b, link(app, b));
    EXPECT_EQ(waits_to_hold(one, b, link(a, b)), "");
    EXPECT_EQ(waits_to_hold(other, a, link(b, a)), "b -[a.f]-> a -[b.f]-> b");
}

TEST_F(Waits, AtAGateAreForTheModulesThreadUntilItHasStarted) {
    heddle_link& to_a = link(b, a);
    EXPECT_EQ(waits(of_a, WaitKind::gate, b, &link(a, b)), "");
    EXPECT_EQ(waits(of_b, WaitKind::gate, a, &to_a), "b -[a.f]-> a -[b.f]-> b");
    a.start_is_over = true;  // told, and the gate is about to open
    EXPECT_EQ(waits(of_b, WaitKind::gate, a, &to_a), "");
}

TEST_F(Waits, AtAGateAreForWhatIsStartedBeforeToo) {
    set_starts_after(b, {&c});
    set_starts_after(c, {&a});
    EXPECT_EQ(waits(of_a, WaitKind::gate, b, &link(a, b)), "a -[b.f]-> b -[starts after]-> c -[starts after]-> a");
    forget_starts_after(c, a);
    EXPECT_EQ(waits(of_a, WaitKind::gate, b, &link(a, b)), "");
}

TEST_F(Waits, AtAGateWhoseModuleIsGoneAreForNobody) {
    heddle_link& to_b = link(a, b);
    EXPECT_EQ(waits(of_a, WaitKind::gate, b, &to_b), "");
    LinkRecord::of(&to_b).provider = nullptr;
    EXPECT_EQ(waits(of_b, WaitKind::gate, a, &link(b, a)), "");
}

TEST_F(Waits, ThatHaveEndedAreForgottenAndTheOuterOneIsBack) {
    heddle_link& to_b = link(a, b);
    const Wait outer(of_a.record, WaitKind::answer, b, &to_b);
    {
        const Wait inner(of_a.record, WaitKind::answer, c, &link(a, c));
        EXPECT_EQ(Wait(of_c.record, WaitKind::answer, a, &link(c, a)).cycle(), "c -[a.f]-> a -[c.f]-> c");
        EXPECT_EQ(Wait(of_b.record, WaitKind::answer, a, &link(b, a)).cycle(), "");
    }
    EXPECT_EQ(Wait(of_c.record, WaitKind::answer, a, &link(c, a)).cycle(), "");
    EXPECT_EQ(Wait(of_b.record, WaitKind::answer, a, &link(b, a)).cycle(), "b -[a.f]-> a -[b.f]-> b");
    EXPECT_FALSE(of_b.record.waits);
}

TEST_F(Waits, ThatWereGrantedAreForgottenToo) {
    Wait first(of_a.record, WaitKind::exclusive, b, nullptr);
    EXPECT_TRUE(of_a.record.waits);
    first.granted();
    EXPECT_FALSE(of_a.record.waits);
    const Wait outer(of_a.record, WaitKind::answer, b, &link(a, b));
    {
        Wait inner(of_a.record, WaitKind::exclusive, c, nullptr);
        inner.granted();
    }
    EXPECT_EQ(Wait(of_b.record, WaitKind::answer, a, &link(b, a)).cycle(), "b -[a.f]-> a -[b.f]-> b");
}

TEST_F(Waits, AllocateNothingUnlessTheyAreACycle) {
    holds(one, c, link(app, c));
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(waits_to_hold(of_b, c, link(b, c)), "");
    heddle_link& to_a = link(c, a);
    const std::uint64_t before = allocations;
    { const Wait ends(of_c.record, WaitKind::answer, a, &to_a); }
    EXPECT_EQ(allocations, before);
    { const Wait closes(one.record, WaitKind::answer, a, &to_a); }
    EXPECT_GT(allocations, before);
}

TEST_F(Waits, FailTheCallUnderTheNameOfWhatWasCalled) {
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b)), "");
    const Wait closing(of_b.record, WaitKind::answer, a, &link(b, a, "long.name"));
    closing.fail();
    heddle_failure failure{};
    take_failure(&failure);
    EXPECT_EQ(failure.kind, HEDDLE_DEADLOCK);
    EXPECT_EQ(std::string_view(failure.module.data, failure.module.size), "a");
    EXPECT_EQ(std::string_view(failure.function.data, failure.function.size), "long.name");
    EXPECT_EQ(std::string_view(failure.what.data, failure.what.size),
              "waiting would never end: b -[a.long.name]-> a -[b.f]-> b (each waits for the next)");
}

TEST_F(Waits, AreDescribedForReports) {
    EXPECT_EQ(describe_wait(a), "");
    EXPECT_EQ(waits(of_a, WaitKind::answer, b, &link(a, b)), "");
    EXPECT_EQ(describe_wait(a), "waits for module 'b' to answer (b.f)");
    EXPECT_EQ(waits(of_a, WaitKind::mailbox, b, &link(a, b)), "");
    EXPECT_EQ(describe_wait(a), "waits for room in the mailbox of module 'b' (b.f)");
    EXPECT_EQ(waits(of_a, WaitKind::gate, b, &link(a, b)), "");
    EXPECT_EQ(describe_wait(a), "waits at the gate of module 'b' (b.f), which is not running yet");
    EXPECT_EQ(waits(of_a, WaitKind::exclusive, b, nullptr), "");
    EXPECT_EQ(describe_wait(a), "waits for module 'b', which is held by nobody any more");
    holds(one, b, link(app, b, "g"));
    EXPECT_EQ(describe_wait(a), "waits for module 'b', which is held by thread 'waits_test' in b.g, called by app");
    // The holder waits itself: for one that runs its chain, and that one for somebody else.
    of_c.set_chain(one);
    holds(other, app, link(c, app));
    EXPECT_EQ(waits(one, WaitKind::answer, c, &link(b, c)), "");
    of_c.call(link(b, c));
    EXPECT_EQ(waits_to_hold(of_c, app, link(c, app, "h")), "");
    EXPECT_EQ(describe_wait(a),
              "waits for module 'b', which is held by thread 'waits_test' in c.f, called by b, and waits for module "
              "'app' (app.h)");
    a.thread = nullptr;
    EXPECT_EQ(describe_wait(a), "");
}

}  // namespace
