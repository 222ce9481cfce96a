// A lane of a mailbox, by itself: one thread that sends, one that takes.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "plane/grace.hpp"
#include "plane/mailbox.hpp"

namespace {

using heddle::plane::Header;
using heddle::plane::Kind;
using heddle::plane::Lane;

// However few messages a lane holds, each of those that a queued call may make finds room in an empty one.
TEST(Lane, TakesTheLargestCallWhereverItStands) {
    for (const std::size_t most : {1U, 2U, 4U, 8U, 64U}) {
        Lane lane(most);
        for (std::size_t i = 0; i < 200; ++i) {
            const std::size_t words = 8 + i * 8 % 48;
            lane.align(words);
            std::uint64_t* const record = lane.room(words);
            ASSERT_NE(record, nullptr) << words << " words, " << most << " messages, the " << i << "th";
            lane.publish(record, Header::make(Kind::call, words, nullptr, 0));
            ASSERT_EQ(lane.front(), record);
            lane.pop(lane.claim(record));
            lane.tell();
        }
    }
}

// A caller whose time is over takes its request back just when the consumer comes to it. Both may see the other's mark;
// then one of them has to give way: a request that neither runs nor is taken back would leave its caller waiting for
// ever, one that does both would touch a frame that is gone.
TEST(Lane, RunsARequestOrGivesItBackButNeverBothOrNeither) {
    constexpr std::size_t requests = 5000;
    ASSERT_TRUE(heddle::plane::prepare_membarrier());
    Lane lane(64);
    std::vector<std::atomic<bool>> ran(requests);
    std::atomic<std::size_t> taken{0};
    std::thread consumer([&] {
        for (std::size_t i = 0; i < requests;) {
            if (std::uint64_t* const record = lane.front()) {
                const Header header = lane.claim(record);
                ran[i].store((header.word & Header::cancelled) == 0);
                lane.pop(header);
                lane.tell();
                taken.store(++i);
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::size_t taken_back = 0;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < requests; ++i) {
        std::uint64_t* const record = lane.room(1);
        ASSERT_NE(record, nullptr);
        lane.publish(record, Header::make(Kind::call, 1, nullptr, 0));
        // Now sooner, now later than the consumer.
        for (std::size_t rest = 0; rest < i % 64; ++rest) {
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }
        const bool back = lane.take_back(record, i + 1);
        while (taken.load() <= i) {
            std::this_thread::yield();
        }
        taken_back += back ? 1 : 0;
        wrong += back == ran[i].load() ? 1 : 0;
    }
    consumer.join();
    EXPECT_EQ(wrong, 0U);
    RecordProperty("taken_back", std::to_string(taken_back));
}

// A record that does not fit before the ring's end needs what is skipped there as well.
TEST(Lane, HasMuchRoomOnlyWhereTheRecordHasRoom) {
    for (const std::size_t most : {1U, 2U, 4U, 64U}) {
        for (std::size_t before = 0; before < 1024; ++before) {
            Lane lane(most);
            for (std::size_t i = 0; i < before; ++i) {  // so that it begins anywhere
                std::uint64_t* const record = lane.room(1);
                ASSERT_NE(record, nullptr);
                lane.publish(record, Header::make(Kind::call, 1, nullptr, 0));
                lane.pop(lane.claim(lane.front()));
                lane.tell();
            }
            EXPECT_NE(lane.room(lane.largest()), nullptr) << "of " << most << " after " << before;
            for (std::size_t sent = 0; lane.has_much_room(lane.largest()); ++sent) {
                std::uint64_t* const record = lane.room(lane.largest());
                ASSERT_NE(record, nullptr) << sent << " of " << most << " after " << before;
                lane.publish(record, Header::make(Kind::call, lane.largest(), nullptr, 0));
            }
        }
    }
}

// Small and large messages in turn: none of the memory that has come back is left lying.
TEST(Lane, KeepsNoMoreParcelsThanWereOnTheirWayAtOnce) {
    Lane lane(4);
    lane.begin_list();
    for (int i = 0; i < 1000; ++i) {
        heddle::plane::Parcel large = lane.take_spare(100);
        heddle::plane::Parcel small = lane.take_spare(2);
        ASSERT_GE(large.room, 100U);
        lane.done_listed(std::move(large));
        lane.done_listed(std::move(small));
    }
    EXPECT_EQ(lane.list.spare.size(), 2U);
    const std::uint64_t* const kept = lane.list.spare.back().words.get();
    EXPECT_EQ(lane.take_spare(16).words.get(), kept);
}

}  // namespace
