// A module's mailbox: the messages that others have sent it, for its own thread to run.
//
// It is made of lanes, one for each thread that has sent something: a ring of records with one producer and one
// consumer, so that sending writes no line that another sender writes, and what one thread sends keeps its order. A
// record is a header word and a body of whole words. The consumer finds it by its header, which is stored last; the
// word where the next header will stand is zeroed before. What the consumer is done with it tells in runs of several.
//
//     header   number of words, address of the link's record (64-byte aligned), kind and marks
//     body     post    block
//              reply   heddle_reply*, block
//              call    Ticket*, chain, deadline, result*, block or pointer to it
//              task    run, drop, object
//
// A lane that has sent to a function with HEDDLE_DROP_OLDEST goes on with a list instead of its ring, from which the
// oldest can be taken out at both ends; a lock guards the list, held for a push or a pop alone.
//
// Nothing in here holds code of a generation: a record names the link, and what it leads to is looked up when it runs.
// Thread-safety: each function says who. Ownership: the mailbox owns its lanes; a lane whose thread has ended is given
// to the next thread that needs one.
#pragma once

#include <heddle/abi.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "plane/wakeup.hpp"

struct heddle_module;

namespace heddle::plane {

struct LinkRecord;
struct ThreadRecord;
struct Ticket;

/// What a message leads to: part of a function's record, constant while links lead to it.
struct Target {
    heddle_run* run = nullptr;
    void* self = nullptr;
    heddle_module* module = nullptr;
    std::uint32_t policy = HEDDLE_EXCLUSIVE;
    std::uint32_t full = HEDDLE_BLOCK;
};

enum class Kind : std::uint8_t { wrap = 1, post, reply, call, task };

/// A record's header, as one word.
struct Header {
    std::uint64_t word = 0;

    static constexpr std::uint64_t kind_mask = 7;
    static constexpr std::uint64_t outside = 8;      ///< the block stands elsewhere: its place holds a pointer to it
    static constexpr std::uint64_t cancelled = 16;   ///< its caller has given up, and is gone
    static constexpr std::uint64_t settled = 32;     ///< see claim() and take_back()
    static constexpr std::uint64_t words_bits = 16;  ///< the uppermost: the number of words
    static constexpr std::uint64_t address_mask = 0x0000FFFFFFFFFFC0;  // of user space: 48 bits (47 used on x86-64)

    static Header make(Kind kind, std::size_t words, const LinkRecord* link, std::uint64_t marks) noexcept {
        return {static_cast<std::uint64_t>(words) << (64 - words_bits) | reinterpret_cast<std::uintptr_t>(link) |
                static_cast<std::uint64_t>(kind) | marks};
    }
    [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(word & kind_mask); }
    [[nodiscard]] std::size_t words() const noexcept { return word >> (64 - words_bits); }
    [[nodiscard]] LinkRecord* link() const noexcept {
        return reinterpret_cast<LinkRecord*>(word & address_mask);  // NOLINT(performance-no-int-to-ptr)
    }
};

/// A record on its own, in a lane's list.
struct Parcel {
    std::unique_ptr<std::uint64_t[]> words;  ///< header and body
    std::size_t room = 0;                    ///< words that fit
    std::uint64_t number = 0;                ///< of all that the lane has sent
    bool droppable = false;
};

/// A mutex for what takes some nanoseconds: looks a while before it sleeps, which is a system call for both.
class BriefMutex {
public:
    void lock() {
        for (int looks = 0; looks < eager_looks; ++looks) {
            if (mutex_.try_lock()) [[likely]] {
                return;
            }
            pause_briefly();
        }
        mutex_.lock();  // who has it has lost its core
    }
    void unlock() { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

/// A lane's list: a ring of parcels, whose memory is used again. Guarded by its mutex.
struct ParcelList {
    BriefMutex mutex;
    std::vector<Parcel> slots;
    std::size_t first = 0;
    std::size_t count = 0;
    std::vector<Parcel> spare;

    Parcel& at(std::size_t index) { return slots[(first + index) % slots.size()]; }
    Parcel take(std::size_t index);
    void push(Parcel parcel);
};

class Lane {
public:
    explicit Lane(std::size_t most_messages);
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    ~Lane();

    // ---- [producer]
    /// Room for a record of `words` words, header included, or null. Nothing is visible before publish().
    std::uint64_t* room(std::size_t words) noexcept {
        if (tail_ + words < quick_until_ && sent() < send_until_) [[likely]] {
            return ring_ + (tail_ & mask_);
        }
        return look_for_room(words);
    }
    void publish(std::uint64_t* record, Header header) noexcept {
        const std::size_t words = header.words();
        __atomic_store_n(record + words, 0, __ATOMIC_RELAXED);  // where the next header will stand
        tail_ += words;
        sent_.store(sent() + 1, std::memory_order_relaxed);
        __atomic_store_n(record, header.word, __ATOMIC_RELEASE);  // pairs with front()
        // Lines that the consumer had last: the stores there shall not hold up the next messages.
        for (; called_ < tail_ + ahead; called_ += line_words) {
            prefetch_to_write(ring_ + (called_ & mask_));
        }
    }
    /// Has the next record, of whole lines, begin with a line, if it is the next that will be seen.
    void align(std::size_t words) noexcept;
    /// Words of a cache line.
    static constexpr std::size_t line_words = 8;
    /// How far ahead of the last record lines are called in.
    static constexpr std::size_t ahead = 16 * line_words;
    /// The largest record that the ring takes.
    [[nodiscard]] std::size_t largest() const noexcept { return largest_; }
    /// True for a record that goes into the ring, once there is room, with nothing more to look at.
    [[nodiscard]] bool takes_at_once(std::size_t words) const noexcept {
        return special_.load(std::memory_order_relaxed) == 0 && words <= largest_;
    }
    /// Goes on with the list.
    void begin_list();
    [[nodiscard]] bool is_listed() const noexcept { return (special_.load(std::memory_order_relaxed) & listed) != 0; }

    /// Between reserve and commit.
    [[nodiscard]] bool is_reserved() const noexcept {
        return (special_.load(std::memory_order_relaxed) & reserved) != 0;
    }
    void set_reserved(bool is) noexcept {
        const std::uint8_t others = special_.load(std::memory_order_relaxed) & listed;
        special_.store(is ? others | reserved : others, std::memory_order_relaxed);
    }

    // ---- [consumer]
    /// The next record, or null.
    std::uint64_t* front() noexcept {
        for (;;) {
            std::uint64_t* const record = ring_ + (head_ & mask_);
            const Header header{__atomic_load_n(record, __ATOMIC_ACQUIRE)};  // pairs with publish()
            if (header.word == 0) {
                return nullptr;
            }
            if (header.kind() != Kind::wrap) [[likely]] {
                return record;
            }
            head_ += header.words();
        }
    }
    /// The record at the front will be run or skipped: from here on its caller cannot take it back. Gives its header
    /// as it is now.
    Header claim(std::uint64_t* record) noexcept {
        claimed_.store(taken_ + 1, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);  // the processor's part is the membarrier of take_back()
        const Header header{__atomic_load_n(record, __ATOMIC_ACQUIRE)};
        return (header.word & Header::cancelled) == 0 ? header : settle(record, header);
    }
    /// Done with the record at the front.
    void pop(Header header) noexcept {
        head_ += header.words();
        ++taken_;
        if (taken_ - told_ >= tell_every_) {
            tell();
        }
    }
    /// Tells the producer what has been taken so far.
    void tell() noexcept {
        if (told_ == taken_) {
            return;
        }
        told_ = taken_;
        given_back_.store(head_, std::memory_order_release);  // pairs with room()
        done_.store(taken_, std::memory_order_release);
        std::atomic_signal_fence(std::memory_order_seq_cst);  // the processor's part is the producer's membarrier
        if (waits.load(std::memory_order_relaxed) != 0) [[unlikely]] {
            wake_producer();
        }
    }

    // ---- [producer] about what it has sent
    /// How many it has published; the number of the last one.
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }
    /// Takes the record with that number back, unless the consumer has claimed it: false then.
    bool take_back(std::uint64_t* record, std::uint64_t number) noexcept;
    /// True if a record of so many words can be sent: in the ring, or in the list.
    bool has_room(std::size_t words) noexcept {
        return is_listed() ? in_list.load(std::memory_order_relaxed) < most_ : room(words) != nullptr;
    }
    /// True if a record of so many words can be sent, and a quarter of all that may be in the lane.
    bool has_much_room(std::size_t words) noexcept;
    /// take_back() for one in the list.
    bool take_back_listed(std::uint64_t number);
    /// A parcel for the list, with room for that many words: one that has come back, if there is any. Throws
    /// std::bad_alloc.
    Parcel take_spare(std::size_t words);

    // ---- [any thread]
    [[nodiscard]] std::uint64_t done() const noexcept { return done_.load(std::memory_order_acquire); }

    /// True once everything up to that number has been run, dropped or taken back.
    bool has_passed(std::uint64_t number);

    std::atomic<bool> owned{true};        ///< by a living thread
    std::atomic<std::uint32_t> waits{0};  ///< futex: the producer sleeps until there is room
    std::atomic<std::uint32_t> in_list{0};
    ParcelList list;

    // ---- the list's side
    std::uint64_t count_listed() noexcept {  // [producer]
        sent_.store(sent() + 1, std::memory_order_relaxed);
        return sent();
    }
    /// Takes the first parcel, if the ring is empty and there is one. [consumer]
    bool take_listed(Parcel& parcel);
    void done_listed(Parcel parcel);  // [consumer]

private:
    static Header settle(std::uint64_t* record, Header header) noexcept;
    std::uint64_t* look_for_room(std::size_t words) noexcept;
    void wake_producer() noexcept;

    // Constant.
    alignas(64) std::uint64_t* ring_ = nullptr;  // size_ words
    std::size_t size_ = 0;
    std::size_t mask_ = 0;
    std::size_t most_ = 0;
    std::size_t largest_ = 0;
    std::uint64_t tell_every_ = 1;

    // The producer's.
    alignas(64) std::uint64_t tail_ = 0;  // words, ever growing
    std::uint64_t free_until_ = 0;        // given_back_ as last seen, and a ring further
    std::uint64_t quick_until_ = 0;       // no farther than that, nor than this lap goes
    std::uint64_t send_until_ = 0;        // so many may be sent: done_ as last seen, and most_ more
    std::uint64_t called_ = 0;            // up to there lines have been called in
    std::atomic<std::uint64_t> sent_{0};
    // What a message has to look at besides room; none of it mostly. The producer stores, `listed` others read too.
    static constexpr std::uint8_t reserved = 1;
    static constexpr std::uint8_t listed = 2;
    std::atomic<std::uint8_t> special_{0};
    std::atomic<std::uint64_t> last_in_ring_{0};  ///< once listed

    // The consumer's.
    alignas(64) std::uint64_t head_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t told_ = 0;
    std::atomic<std::uint64_t> claimed_{0};

    // Written by the consumer now and then, read by the producer when it has no room.
    alignas(64) std::atomic<std::uint64_t> given_back_{0};
    std::atomic<std::uint64_t> done_{0};
};

class Mailbox {
public:
    explicit Mailbox(std::size_t most_messages);
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;
    ~Mailbox();

    /// The calling thread's lane, made on its first use. Throws std::bad_alloc. [any thread]
    Lane& lane_of(ThreadRecord& mine);

    /// True if some lane holds a record. [module thread]
    bool has_work() const noexcept;
    /// Runs messages, a few of each lane in turn, at most `limit`. Gives how many. False in `fine` when one of the
    /// module's own tasks failed: the thread's failure is set. [module thread]
    std::size_t run(heddle_module& module, ThreadRecord& mine, std::size_t limit, bool& fine);
    /// True if a run() as short as that, which found posts alone, is better followed by a rest: to look again at once
    /// takes the line away in which the sender is writing, for each message anew. [module thread]
    [[nodiscard]] bool wants_rest(std::size_t ran, std::size_t limit) const noexcept {
        return posts_only_ && ran < limit;
    }
    /// Inside run(), called by what that runs. [module thread]
    [[nodiscard]] bool is_running() const noexcept { return is_running_; }
    /// Ends what is left without running it: its senders are told, its blocks are dropped, and it is counted.
    /// [module thread]
    void drop_all(heddle_module& module, ThreadRecord& mine);

    /// The lanes and how much was sent through each until now; see has_passed(). [any thread]
    using Mark = std::vector<std::pair<Lane*, std::uint64_t>>;
    void mark(Mark& into) const;
    /// Takes this mailbox's lanes out of a mark, before it goes with all that was in it. [control thread]
    void take_out(Mark& of) const;

    /// Where a thread's record keeps its lane of each mailbox.
    static constexpr std::size_t max_mailboxes = 16384;

    const std::uint32_t id;  ///< where a thread's record keeps its lane
    const std::size_t most;  ///< messages a lane holds

private:
    struct Node {
        explicit Node(std::size_t most) : lane(most) {}
        Lane lane;
        Node* next = nullptr;
    };
    template <class Each>
    void each_lane(Each each) const {
        for (Node* node = lanes_.load(std::memory_order_acquire); node != nullptr; node = node->next) {
            each(node->lane);
        }
    }

    std::atomic<Node*> lanes_{nullptr};  // only ever grows, at its front
    // The consumer's.
    alignas(64) Node* next_ = nullptr;  // whose turn it is
    bool posts_only_ = false;           // what the last run() found
    bool is_running_ = false;
};

/// True once everything that was sent before the mark has been run, dropped or taken back. The mailboxes must still
/// exist.
bool has_passed(const Mailbox::Mark& mark);
/// Waits for that, at most `bound`. [control thread]
bool wait_until_passed(const Mailbox::Mark& mark, std::chrono::nanoseconds bound);

}  // namespace heddle::plane
