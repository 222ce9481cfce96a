// The classic ways between two threads or processes, as the kernel offers them. Each object is one end-to-end
// connection with a near and a far end; both ends may be used at the same time, each by one thread. Whatever fails
// throws std::system_error with the call's name.
#pragma once

#include <mqueue.h>
#include <semaphore.h>

#include <cstddef>
#include <functional>
#include <thread>

namespace bench {

/// Throws for the call `what` when its result is negative, and otherwise returns the result.
long check(long result, const char* what);

/// A file descriptor, closed with its owner.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    [[nodiscard]] int get() const { return number_; }

private:
    int number_;
};

void write_all(int descriptor, const void* from, std::size_t size);
void read_all(int descriptor, void* to, std::size_t size);

/// One end of a connection: what is written to `out` the other end reads from its `in`.
struct End {
    int in = -1;
    int out = -1;
};

class Pipes {
public:
    /// Room for `capacity` bytes in each direction, or the system's limit; 0 leaves the system's default.
    explicit Pipes(std::size_t capacity = 0);
    [[nodiscard]] End near() const { return {back_read_.get(), forth_write_.get()}; }
    [[nodiscard]] End far() const { return {forth_read_.get(), back_write_.get()}; }

private:
    Descriptor forth_read_, forth_write_, back_read_, back_write_;
};

/// A connected pair of Unix stream sockets.
class Sockets {
public:
    /// As for Pipes.
    explicit Sockets(std::size_t capacity = 0);
    [[nodiscard]] End near() const { return {near_.get(), near_.get()}; }
    [[nodiscard]] End far() const { return {far_.get(), far_.get()}; }

private:
    Descriptor near_, far_;
};

class EventCounters {
public:
    EventCounters();
    [[nodiscard]] End near() const { return {back_.get(), forth_.get()}; }
    [[nodiscard]] End far() const { return {forth_.get(), back_.get()}; }

private:
    Descriptor forth_, back_;
};

/// Two POSIX message queues without a name, for messages of up to `message` bytes.
class MessageQueues {
public:
    explicit MessageQueues(std::size_t message);
    ~MessageQueues();
    MessageQueues(const MessageQueues&) = delete;
    MessageQueues& operator=(const MessageQueues&) = delete;
    /// What the system lets anyone use: 8 KiB unless it is set otherwise.
    [[nodiscard]] static std::size_t largest_message();
    [[nodiscard]] End near() const { return {back_, forth_}; }
    [[nodiscard]] End far() const { return {forth_, back_}; }

private:
    mqd_t forth_ = -1;
    mqd_t back_ = -1;
};

/// POSIX shared memory that a forked child sees too.
class SharedMemory {
public:
    explicit SharedMemory(std::size_t size);
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    [[nodiscard]] void* get() const { return memory_; }

private:
    std::size_t size_;
    void* memory_;
};

/// A semaphore that works between processes; lives in shared memory.
class SharedSemaphore {
public:
    SharedSemaphore();
    ~SharedSemaphore();
    SharedSemaphore(const SharedSemaphore&) = delete;
    SharedSemaphore& operator=(const SharedSemaphore&) = delete;
    void post();
    void wait();

private:
    sem_t semaphore_{};
};

/// The other side of an exchange: runs `work` pinned to a core, as a thread of this process or as a child process,
/// until it returns; the destructor waits for that. In a child, which is forked from a process with threads, `work` may
/// only use what is async-signal-safe.
class Partner {
public:
    enum class Kind { thread, process };
    Partner(Kind kind, int cpu, std::function<void()> work);
    ~Partner();
    Partner(const Partner&) = delete;
    Partner& operator=(const Partner&) = delete;

private:
    std::jthread thread_;
    int process_ = -1;
};

}  // namespace bench
