#include "life/poller.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>
#include <vector>

namespace heddle::life {

namespace {

constexpr std::uint64_t wake_id = 0;  // no watch's

std::uint32_t to_epoll(std::uint32_t events) {
    return ((events & HEDDLE_READABLE) != 0 ? std::uint32_t{EPOLLIN} : 0U) |
           ((events & HEDDLE_WRITABLE) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
}

/// What a watch that waits for `wanted` is told: an end or an error wakes it for whatever it waits for, so that its
/// read or write meets it.
std::uint32_t told(std::uint32_t epoll, std::uint32_t wanted) {
    std::uint32_t events = 0;
    if ((epoll & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        events |= wanted & HEDDLE_READABLE;
    }
    if ((epoll & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        events |= wanted & HEDDLE_WRITABLE;
    }
    if (events != 0) {
        events |= (epoll & EPOLLHUP) != 0 ? std::uint32_t{HEDDLE_HANGUP} : 0U;
        events |= (epoll & EPOLLERR) != 0 ? std::uint32_t{HEDDLE_FAULT} : 0U;
    }
    return events;
}

Poller::Outcome refused(int fd, int error) {
    switch (error) {
        case EBADF:
        case ENOENT:  // its number is another file's
            return {HEDDLE_INVALID, fmt::format("cannot watch file descriptor {}: it is not open", fd)};
        case EPERM:
            return {HEDDLE_INVALID, fmt::format("cannot watch file descriptor {}: it is a regular file, a directory or "
                                                "another that nobody can wait for; read or write it at once",
                                                fd)};
        case EEXIST:
            return {HEDDLE_INVALID,
                    fmt::format("cannot watch file descriptor {}: the module watches it already; change "
                                "that watch, or unwatch it first",
                                fd)};
        case ENOSPC:
            return {HEDDLE_NO_RESOURCE, fmt::format("cannot watch file descriptor {}: its user watches as many as "
                                                    "/proc/sys/fs/epoll/max_user_watches allows",
                                                    fd)};
        default:
            return {error == ENOMEM || error == EMFILE || error == ENFILE ? HEDDLE_NO_RESOURCE : HEDDLE_INVALID,
                    fmt::format("cannot watch file descriptor {}: {}", fd, strerrordesc_np(error))};
    }
}

constexpr std::uint32_t both = HEDDLE_READABLE | HEDDLE_WRITABLE;

}  // namespace

Poller::~Poller() {
    for (const int fd : {set_, wake_.load(std::memory_order_relaxed)}) {
        if (fd >= 0) {
            close(fd);
        }
    }
}

Poller::Outcome Poller::watch(const heddle_watch& wanted, std::uint64_t& id) {
    if (wanted.run == nullptr || wanted.events == 0 || (wanted.events & ~both) != 0) {
        return {HEDDLE_INVALID, "a watch needs something to run, and to wait for readable, writable or both"};
    }
    if (set_ < 0) {
        if (const int error = open(); error != 0) {
            return refused(wanted.fd, error);
        }
    }
    const std::uint64_t mine = next_id_++;
    int error = ENOMEM;
    try {
        Watch& watch = watches_[mine];
        watch = {wanted.fd,   wanted.events, (wanted.flags & HEDDLE_ONCE) != 0, false, false, false, wanted.run,
                 wanted.drop, wanted.context};
        error = list(mine, watch);
    } catch (const std::bad_alloc&) {
        error = ENOMEM;
    }
    if (error != 0) {
        watches_.erase(mine);
        return refused(wanted.fd, error);
    }
    id = mine;
    return {};
}

Poller::Outcome Poller::rewatch(std::uint64_t id, std::uint32_t events) {
    Watch* const watch = find(id);
    if (watch == nullptr || watch->ended) {
        return {HEDDLE_INVALID, "there is no such watch (any more)"};
    }
    if ((events & ~both) != 0) {
        return {HEDDLE_INVALID, "a watch waits for readable, writable or both"};
    }
    const auto number = numbers_.find(watch->fd);
    if (number == numbers_.end() || number->second != id) {
        return refused(watch->fd, EBADF);  // closed: its number is another's
    }
    const std::uint32_t before = std::exchange(watch->events, events);
    if (events == 0) {
        unlist(*watch);  // an end is reported to those who wait for nothing, too
    } else if (const int error = list(id, *watch); error != 0) {
        watch->events = before;
        return refused(watch->fd, error);
    }
    return {};
}

void Poller::unwatch(std::uint64_t id) {
    Watch* const watch = find(id);
    if (watch == nullptr || watch->ended) {
        return;
    }
    forget_number(id, *watch);  // at once: its handler may close it and watch the next of that number
    if (watch->runs) {
        watch->ended = true;
    } else {
        end(id);
    }
}

bool Poller::look(std::chrono::nanoseconds bound) {
    if (next_found_ != end_found_) {
        return true;
    }
    if (watches_.empty()) {
        return false;
    }
    if (bound > std::chrono::nanoseconds(0)) {  // epoll_wait counts in milliseconds
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(bound);
        const timespec most{static_cast<time_t>(seconds.count()), static_cast<long>((bound - seconds).count())};
        pollfd any{set_, POLLIN, 0};
        if (ppoll(&any, 1, &most, nullptr) <= 0) {
            return false;
        }
    }
    const int count = epoll_wait(set_, found_.data(), static_cast<int>(found_.size()), 0);
    next_found_ = 0;
    end_found_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    bool strange = false;
    for (std::size_t i = 0; i < end_found_; ++i) {
        const std::uint64_t id = found_[i].data.u64;
        if (id == wake_id) {
            std::uint64_t wakes = 0;
            static_cast<void>(read(wake_.load(std::memory_order_relaxed), &wakes, sizeof wakes));
        } else {
            strange = strange || find(id) == nullptr;
        }
    }
    if (strange) {
        make_anew();
    }
    return end_found_ != 0;
}

std::optional<Poller::Taken> Poller::take() {
    while (next_found_ != end_found_) {
        const epoll_event event = found_[next_found_++];
        Watch* const watch = find(event.data.u64);
        if (watch == nullptr || watch->ended) {
            continue;
        }
        if (watch->runs) {
            unlist(*watch);  // until it is finished: what its handler has not read yet would be found again and again
            continue;
        }
        if (const std::uint32_t events = told(event.events, watch->events); events != 0) {
            watch->runs = true;
            return Taken{event.data.u64, events, watch->run, watch->context};
        }
    }
    return std::nullopt;
}

void Poller::finish(const Taken& taken) {
    Watch* const watch = find(taken.id);
    if (watch == nullptr) {
        return;  // all were dropped meanwhile
    }
    watch->runs = false;
    if (watch->ended || watch->once) {
        if (!watch->ended) {
            forget_number(taken.id, *watch);
        }
        end(taken.id);
    } else if (!watch->listed && watch->events != 0) {
        const auto number = numbers_.find(watch->fd);
        if (number != numbers_.end() && number->second == taken.id && list(taken.id, *watch) != 0) {
            numbers_.erase(number);  // its owner has closed it: deaf, as any such watch
        }
    }
}

void Poller::drop_all() {
    std::vector<std::uint64_t> all;
    for (auto& [id, watch] : watches_) {
        all.push_back(id);
        if (!watch.ended) {
            forget_number(id, watch);
            watch.ended = true;  // a drop that unwatches another finds nothing to do
        }
    }
    std::sort(all.begin(), all.end());  // as they were watched
    for (const std::uint64_t id : all) {
        end(id);
    }
}

void Poller::wake() noexcept {
    const int fd = wake_.load(std::memory_order_acquire);  // pairs with open()
    if (fd >= 0) {
        const std::uint64_t one = 1;
        static_cast<void>(write(fd, &one, sizeof one));  // full means that it is awake anyway
    }
}

Poller::Watch* Poller::find(std::uint64_t id) {
    const auto found = watches_.find(id);
    return found == watches_.end() ? nullptr : &found->second;
}

/// Makes the set, with the eventfd in it; the errno of what failed, or 0.
int Poller::open() {
    int wake = wake_.load(std::memory_order_relaxed);
    if (wake < 0) {
        wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wake < 0) {
            return errno;
        }
        wake_.store(wake, std::memory_order_release);  // pairs with wake()
    }
    const int made = epoll_create1(EPOLL_CLOEXEC);
    if (made < 0) {
        return errno;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = wake_id;
    if (epoll_ctl(made, EPOLL_CTL_ADD, wake, &event) != 0) {
        const int error = errno;
        close(made);
        return error;
    }
    if (set_ >= 0) {
        close(set_);
    }
    set_ = made;
    return 0;
}

/// Has the kernel report what the watch waits for; the errno of what failed, or 0.
int Poller::list(std::uint64_t id, Watch& watch) {
    epoll_event event{};
    event.events = to_epoll(watch.events);
    event.data.u64 = id;
    if (watch.listed) {
        return epoll_ctl(set_, EPOLL_CTL_MOD, watch.fd, &event) == 0 ? 0 : errno;
    }
    const auto [number, is_new] = numbers_.try_emplace(watch.fd, id);
    if (number->second != id && !find(number->second)->listed) {
        return EEXIST;  // the other one rests
    }
    if (epoll_ctl(set_, EPOLL_CTL_ADD, watch.fd, &event) != 0) {
        // There already, with nobody watching it: it was closed and unwatched while a duplicate was open, and that
        // duplicate now has its number.
        const bool ours = is_new || number->second == id;
        if (errno != EEXIST || !ours || epoll_ctl(set_, EPOLL_CTL_MOD, watch.fd, &event) != 0) {
            const int error = errno;
            if (is_new) {
                numbers_.erase(number);
            }
            return error;
        }
    }
    if (number->second != id) {  // of a descriptor that was closed, for the kernel has taken its number anew
        find(number->second)->listed = false;
        number->second = id;
    }
    watch.listed = true;
    return 0;
}

void Poller::unlist(Watch& watch) {
    if (watch.listed) {
        epoll_event unused{};
        epoll_ctl(set_, EPOLL_CTL_DEL, watch.fd, &unused);  // fails when its owner has closed it
        watch.listed = false;
    }
}

void Poller::forget_number(std::uint64_t id, const Watch& watch) {
    const auto number = numbers_.find(watch.fd);
    if (number != numbers_.end() && number->second == id) {
        unlist(*find(id));
        numbers_.erase(number);
    }
}

void Poller::end(std::uint64_t id) {
    const auto found = watches_.find(id);
    const Watch watch = found->second;
    watches_.erase(found);
    if (watch.drop != nullptr) {
        watch.drop(watch.context);  // last: it may watch and unwatch
    }
}

/// The kernel reports a descriptor that is in its set but closed, and so cannot be taken out of it: a new set, without.
void Poller::make_anew() {
    // In the old set first: only that tells a descriptor that was closed from another file that has its number now.
    for (auto& [id, watch] : watches_) {
        if (watch.listed && list(id, watch) != 0) {
            watch.listed = false;  // deaf
            numbers_.erase(watch.fd);
        }
    }
    if (open() != 0) {
        return;  // no descriptor to spare: it is found again, and tried again, in the next look
    }
    for (auto& [id, watch] : watches_) {
        if (std::exchange(watch.listed, false) && list(id, watch) != 0) {
            numbers_.erase(watch.fd);
        }
    }
}

}  // namespace heddle::life
