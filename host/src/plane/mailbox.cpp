#include "plane/mailbox.hpp"

#include <bit>
#include <new>
#include <thread>

#include "plane/calls.hpp"
#include "plane/links.hpp"
#include "plane/messages.hpp"
#include "plane/module_record.hpp"
#include "plane/threads.hpp"

namespace heddle::plane {

namespace {

constexpr std::size_t word = sizeof(std::uint64_t);
/// Words that a message has on average at most before the ring is full earlier than its count says: 64 bytes of
/// arguments, a header and what a call carries.
constexpr std::size_t words_a_message = 16;
/// Words of a parcel that carries less: a call without arguments, or 64 bytes of them.
constexpr std::size_t smallest_parcel = 16;
/// The smallest ring: a call with all the arguments that are copied into its record, 256 bytes, has room in it when it
/// is empty, wherever it begins: up to its end may be as much as the record needs, and is skipped then.
constexpr std::size_t smallest_ring = 128;
/// The most messages of one lane before the next lane's turn.
constexpr std::size_t turn = 64;

}  // namespace

// ---- lists ----------------------------------------------------------------------------------------------------

Parcel ParcelList::take(std::size_t index) {
    Parcel taken = std::move(at(index));
    for (std::size_t i = index; i > 0; --i) {
        at(i) = std::move(at(i - 1));
    }
    first = (first + 1) % slots.size();
    --count;
    return taken;
}

void ParcelList::push(Parcel parcel) {
    at(count) = std::move(parcel);
    ++count;
}

// ---- lanes ----------------------------------------------------------------------------------------------------

Lane::Lane(std::size_t most_messages)
    : size_(std::bit_ceil(std::max(most_messages * words_a_message, smallest_ring))),
      mask_(size_ - 1),
      most_(most_messages),
      largest_(std::min(size_ / 4, std::size_t{1} << 14)),
      tell_every_(std::clamp<std::size_t>(most_messages / 8, 1, turn)),
      free_until_(size_) {
    ring_ = static_cast<std::uint64_t*>(::operator new (size_* word, std::align_val_t{64}));
    ring_[0] = 0;  // only where the next header will stand is looked at
}

Lane::~Lane() {
    ::operator delete (ring_, std::align_val_t{64});
}

std::uint64_t* Lane::look_for_room(std::size_t words) noexcept {
    // One word more, for the header that comes next; what does not fit before the ring's end begins at its start.
    const std::size_t at = tail_ & mask_;
    const std::size_t to_end = size_ - at;
    const bool wraps = words + 1 > to_end;
    const std::size_t needed = wraps ? to_end + words + 1 : words + 1;
    const std::uint64_t number = sent_.load(std::memory_order_relaxed);
    if (tail_ + needed > free_until_ || number >= send_until_) [[unlikely]] {
        free_until_ = given_back_.load(std::memory_order_acquire) + size_;  // pairs with tell()
        send_until_ = done_.load(std::memory_order_acquire) + most_;
        if (tail_ + needed > free_until_ || number >= send_until_) {
            return nullptr;
        }
    }
    if (wraps) {
        ring_[0] = 0;
        const Header skip = Header::make(Kind::wrap, to_end, nullptr, 0);
        __atomic_store_n(ring_ + at, skip.word, __ATOMIC_RELEASE);  // pairs with front()
        tail_ += to_end;
    }
    quick_until_ = std::min<std::uint64_t>(free_until_, (tail_ | mask_) + 1);
    return ring_ + (tail_ & mask_);
}

bool Lane::has_much_room(std::size_t words) noexcept {
    if (is_listed()) {
        return in_list.load(std::memory_order_relaxed) < most_;
    }
    free_until_ = given_back_.load(std::memory_order_acquire) + size_;  // pairs with tell()
    send_until_ = done_.load(std::memory_order_acquire) + most_;
    return tail_ + size_ / 4 < free_until_ && sent() + most_ / 4 <= send_until_ && room(words) != nullptr;
}

void Lane::align(std::size_t words) noexcept {
    const std::size_t odd = tail_ % line_words;
    if (odd == 0 || is_listed() || room(words + line_words) == nullptr || tail_ % line_words == 0) {
        return;
    }
    const std::size_t skipped = line_words - tail_ % line_words;
    std::uint64_t* const at = ring_ + (tail_ & mask_);
    __atomic_store_n(ring_ + ((tail_ + skipped) & mask_), 0, __ATOMIC_RELAXED);
    __atomic_store_n(at, Header::make(Kind::wrap, skipped, nullptr, 0).word, __ATOMIC_RELEASE);  // pairs with front()
    tail_ += skipped;
}

bool Lane::take_back(std::uint64_t* record, std::uint64_t number) noexcept {
    const std::uint64_t header = __atomic_load_n(record, __ATOMIC_RELAXED);
    __atomic_store_n(record, header | Header::cancelled, __ATOMIC_RELEASE);  // as publish(), for it is read instead
    membarrier_all();  // either the consumer's look after claim() sees the mark, or this sees the claim, or both do
    if (claimed_.load(std::memory_order_acquire) < number) {
        return true;
    }
    return (__atomic_fetch_or(record, Header::settled, __ATOMIC_ACQ_REL) & Header::settled) != 0;
}

/// The caller may have seen the claim, and then waits for an answer; or not, and then it is gone. Who comes here or to
/// the end of take_back() first decides: the caller that the record is run, the consumer that it is not.
Header Lane::settle(std::uint64_t* record, Header header) noexcept {
    const std::uint64_t before = __atomic_fetch_or(record, Header::settled, __ATOMIC_ACQ_REL);
    return {(before & Header::settled) != 0 ? header.word & ~Header::cancelled : header.word};
}

void Lane::wake_producer() noexcept {
    if (waits.exchange(0, std::memory_order_relaxed) != 0) {
        futex_wake(waits, 1);
    }
}

bool Lane::take_listed(Parcel& parcel) {
    if (in_list.load(std::memory_order_acquire) == 0 || front() != nullptr) {  // what is in the ring was sent before
        return false;
    }
    const std::lock_guard lock(list.mutex);
    if (list.count == 0) {
        return false;
    }
    parcel = list.take(0);
    in_list.fetch_sub(1, std::memory_order_relaxed);
    claimed_.store(parcel.number, std::memory_order_relaxed);
    return true;
}

bool Lane::take_back_listed(std::uint64_t number) {
    const std::lock_guard lock(list.mutex);
    for (std::size_t i = 0; i < list.count; ++i) {
        if (list.at(i).number == number) {
            list.spare.push_back(list.take(i));
            in_list.fetch_sub(1, std::memory_order_relaxed);
            return true;
        }
    }
    return false;
}

Parcel Lane::take_spare(std::size_t words) {
    const std::size_t room = std::max(words, smallest_parcel);
    Parcel parcel;
    {
        const std::lock_guard lock(list.mutex);
        if (!list.spare.empty()) {
            parcel = std::move(list.spare.back());
            list.spare.pop_back();
        }
    }
    if (parcel.room < words) {  // one that is too small gives way: there are never more than were on their way at once
        parcel.words = std::make_unique<std::uint64_t[]>(room);
        parcel.room = room;
    }
    return parcel;
}

void Lane::done_listed(Parcel parcel) {
    taken_ = parcel.number;
    tell();
    const std::lock_guard lock(list.mutex);
    list.spare.push_back(std::move(parcel));
}

void Lane::begin_list() {
    const std::lock_guard lock(list.mutex);
    list.slots.resize(most_);
    list.spare.reserve(most_ + 4);  // all that there may be at once, see take_spare(): giving one back never fails
    last_in_ring_.store(sent(), std::memory_order_relaxed);
    special_.fetch_or(listed, std::memory_order_release);  // pairs with has_passed()
}

bool Lane::has_passed(std::uint64_t number) {
    if (done() >= number) {
        return true;
    }
    if ((special_.load(std::memory_order_acquire) & listed) == 0) {
        return false;
    }
    // Those that were dropped from the list are not told of one by one.
    const std::lock_guard lock(list.mutex);
    const std::uint64_t claimed = claimed_.load(std::memory_order_relaxed);
    return done() >= last_in_ring_.load(std::memory_order_relaxed) && (list.count == 0 || list.at(0).number > number) &&
           (claimed > number || claimed <= done());
}

// ---- the mailbox ----------------------------------------------------------------------------------------------

Mailbox::Mailbox(std::size_t most_messages) : id(threads().take_mailbox_id()), most(most_messages) {}

Mailbox::~Mailbox() {
    threads().forget_mailbox(id);
    for (Node* node = lanes_.load(std::memory_order_relaxed); node != nullptr;) {
        const std::unique_ptr<Node> gone(node);
        node = node->next;
    }
}

Lane& Mailbox::lane_of(ThreadRecord& mine) {
    if (Lane* const known = mine.lanes[id].load(std::memory_order_relaxed)) [[likely]] {
        return *known;
    }
    Lane* lane = nullptr;
    each_lane([&](Lane& one) {  // of a thread that has ended
        bool free = false;
        if (lane == nullptr && !one.owned.load(std::memory_order_relaxed) &&
            one.owned.compare_exchange_strong(free, true, std::memory_order_acquire)) {  // pairs with Threads::leave()
            lane = &one;
        }
    });
    if (lane == nullptr) {
        auto made = std::make_unique<Node>(most);
        lane = &made->lane;
        Node* const node = made.release();  // the mailbox's, see ~Mailbox()
        node->next = lanes_.load(std::memory_order_relaxed);
        while (!lanes_.compare_exchange_weak(node->next, node, std::memory_order_release, std::memory_order_relaxed)) {
        }
    }
    threads().keep_lane(mine, id, *lane);
    return *lane;
}

bool Mailbox::has_work() const noexcept {
    bool found = false;
    each_lane([&](Lane& lane) {
        found = found || lane.front() != nullptr || lane.in_list.load(std::memory_order_acquire) != 0;
    });
    return found;
}

namespace {

/// Whether a post through the link runs holding the module.
bool wants_hold(const LinkRecord& link) noexcept {
    const Target* const target = link.runs.load(std::memory_order_acquire);
    return target != nullptr && target->policy != HEDDLE_CONCURRENT;
}

}  // namespace

std::size_t Mailbox::run(heddle_module& module, ThreadRecord& mine, std::size_t limit, bool& fine) {
    std::size_t ran = 0;
    Node* const all = lanes_.load(std::memory_order_acquire);
    if (all == nullptr) {
        return 0;
    }
    Node* node = next_ == nullptr ? all : next_;
    Node* last = node;  // round to it without finding anything: there is nothing left
    posts_only_ = true;
    is_running_ = true;
    bool holds = false;  // over posts that follow each other, while nobody else wants the module
    const auto let_go = [&] {
        if (holds) {
            leave(&module);
            holds = false;
        }
    };
    do {
        Lane& lane = node->lane;
        std::size_t of_lane = 0;
        while (fine && of_lane < turn && ran < limit) {
            if (std::uint64_t* const record = lane.front()) {
                Header header{__atomic_load_n(record, __ATOMIC_RELAXED)};
                if (header.kind() == Kind::post) {  // which is not taken back: no claim
                    if (!holds && wants_hold(*header.link())) {
                        holds = module.exclusive.try_enter(mine.line.chain);
                    } else if (holds && module.exclusive.is_contended()) {
                        let_go();
                    }
                    const std::size_t most_now = std::min(turn - of_lane, limit - ran);
                    if (const std::size_t row = run_posts(module, mine, lane, record, holds, most_now)) {
                        of_lane += row;
                        ran += row;
                        continue;
                    }
                } else {
                    posts_only_ = false;
                    let_go();
                    header = lane.claim(record);
                }
                fine = run_record(module, mine, header, record + 1);
                lane.pop(header);
            } else if (Parcel parcel; lane.take_listed(parcel)) {
                let_go();
                fine = run_record(module, mine, {parcel.words[0]}, parcel.words.get() + 1);
                lane.done_listed(std::move(parcel));
            } else {
                break;
            }
            ++of_lane;
            ++ran;
        }
        lane.tell();
        node = node->next == nullptr ? all : node->next;
        next_ = node;
        if (of_lane != 0) {
            last = node;
        } else if (node == last) {
            break;
        }
    } while (fine && ran < limit);
    let_go();
    is_running_ = false;
    return ran;
}

void Mailbox::drop_all(heddle_module& module, ThreadRecord& mine) {
    each_lane([&](Lane& lane) {
        while (std::uint64_t* const record = lane.front()) {
            const Header header = lane.claim(record);
            drop_record(module, mine, header, record + 1);
            lane.pop(header);
        }
        for (Parcel parcel; lane.take_listed(parcel);) {
            drop_record(module, mine, {parcel.words[0]}, parcel.words.get() + 1);
            lane.done_listed(std::move(parcel));
        }
        lane.tell();
    });
}

void Mailbox::mark(Mark& into) const {
    each_lane([&](Lane& lane) { into.emplace_back(&lane, lane.sent()); });
}

void Mailbox::take_out(Mark& of) const {
    each_lane([&](const Lane& lane) { std::erase_if(of, [&](const auto& one) { return one.first == &lane; }); });
}

bool wait_until_passed(const Mailbox::Mark& mark, std::chrono::nanoseconds bound) {
    const auto deadline = deadline_after(bound);
    for (std::chrono::microseconds rest(1); !has_passed(mark);
         rest = std::min(rest * 2, std::chrono::microseconds(1000))) {
        if (std::chrono::steady_clock::now() >= deadline) {
            return false;
        }
        std::this_thread::sleep_for(rest);
    }
    return true;
}

bool has_passed(const Mailbox::Mark& mark) {
    return std::all_of(mark.begin(), mark.end(), [](const auto& one) { return one.first->has_passed(one.second); });
}

}  // namespace heddle::plane
