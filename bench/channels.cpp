#include "channels.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "cpus.hpp"

namespace bench {

namespace {

/// A name in the system's tables that no other benchmark has at this time; whoever uses it unlinks it at once.
std::string passing_name() {
    static int counter = 0;
    return "/heddle_bench." + std::to_string(getpid()) + "." + std::to_string(counter++);
}

mqd_t open_queue(std::size_t message) {
    const std::string name = passing_name();
    mq_attr attributes{};
    attributes.mq_maxmsg = 10;  // as many as anyone may have
    attributes.mq_msgsize = static_cast<long>(message);
    const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
    check(queue, "mq_open");
    mq_unlink(name.c_str());
    return queue;
}

}  // namespace

long check(long result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

Descriptor::~Descriptor() {
    if (number_ >= 0) {
        close(number_);
    }
}
Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

void write_all(int descriptor, const void* from, std::size_t size) {
    const auto* next = static_cast<const std::byte*>(from);
    while (size > 0) {
        const auto written = static_cast<std::size_t>(check(write(descriptor, next, size), "write"));
        next += written;
        size -= written;
    }
}

void read_all(int descriptor, void* to, std::size_t size) {
    auto* next = static_cast<std::byte*>(to);
    while (size > 0) {
        const auto got = static_cast<std::size_t>(check(read(descriptor, next, size), "read"));
        if (got == 0) {
            throw std::system_error(std::make_error_code(std::errc::broken_pipe), "read");
        }
        next += got;
        size -= got;
    }
}

Pipes::Pipes(std::size_t capacity) {
    for (auto [read_end, write_end] : {std::pair(&forth_read_, &forth_write_), std::pair(&back_read_, &back_write_)}) {
        std::array<int, 2> ends{};
        check(pipe2(ends.data(), O_CLOEXEC), "pipe2");
        *read_end = Descriptor(ends[0]);
        *write_end = Descriptor(ends[1]);
        if (capacity > 0) {
            fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(capacity));  // beyond the system's limit it stays as it is
        }
    }
}

Sockets::Sockets(std::size_t capacity) {
    std::array<int, 2> ends{};
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    near_ = Descriptor(ends[0]);
    far_ = Descriptor(ends[1]);
    const int size = static_cast<int>(capacity);
    for (const int end : ends) {
        if (capacity > 0) {
            check(setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), "setsockopt");
        }
    }
}

EventCounters::EventCounters()
    : forth_(static_cast<int>(check(eventfd(0, EFD_CLOEXEC), "eventfd"))),
      back_(static_cast<int>(check(eventfd(0, EFD_CLOEXEC), "eventfd"))) {}

MessageQueues::MessageQueues(std::size_t message) : forth_(open_queue(message)) {
    back_ = open_queue(message);
}
MessageQueues::~MessageQueues() {
    mq_close(forth_);
    mq_close(back_);
}
std::size_t MessageQueues::largest_message() {
    std::size_t size = 8192;
    std::ifstream("/proc/sys/fs/mqueue/msgsize_max") >> size;
    return size;
}

SharedMemory::SharedMemory(std::size_t size) : size_(size) {
    const std::string name = passing_name();
    const Descriptor file(static_cast<int>(check(shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600), "shm_open")));
    shm_unlink(name.c_str());
    check(ftruncate(file.get(), static_cast<off_t>(size)), "ftruncate");
    memory_ = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file.get(), 0);
    if (memory_ == MAP_FAILED) {
        throw std::system_error(errno, std::generic_category(), "mmap");
    }
}
SharedMemory::~SharedMemory() {
    munmap(memory_, size_);
}

SharedSemaphore::SharedSemaphore() {
    check(sem_init(&semaphore_, 1, 0), "sem_init");
}
SharedSemaphore::~SharedSemaphore() {
    sem_destroy(&semaphore_);
}
void SharedSemaphore::post() {
    check(sem_post(&semaphore_), "sem_post");
}
void SharedSemaphore::wait() {
    check(sem_wait(&semaphore_), "sem_wait");
}

Partner::Partner(Kind kind, int cpu, std::function<void()> work) {
    if (kind == Kind::thread) {
        thread_ = std::jthread(std::move(work));
        pin(thread_, cpu);
        return;
    }
    process_ = static_cast<int>(check(fork(), "fork"));
    if (process_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        work();
        _exit(0);
    }
    pin(cpu, process_);
}

Partner::~Partner() {
    if (process_ > 0) {
        waitpid(process_, nullptr, 0);
    }
}

}  // namespace bench
