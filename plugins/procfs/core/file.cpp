#include "core/file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace procfs {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = other.release();
    }
    return *this;
}

void Descriptor::close() {
    if (fd_ >= 0)
        ::close(std::exchange(fd_, -1));
}

int Descriptor::release() {
    return std::exchange(fd_, -1);
}

int File::open() {
    // O_NONBLOCK: a root that holds a named pipe must not hang the module.
    file_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file_.is_open())
        return errno;
    struct statfs system {};
    may_keep_ = keep_open_ && ::fstatfs(file_.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
    return 0;
}

int File::read(std::vector<char>& buffer, std::string_view& text) {
    const bool was_open = file_.is_open();
    int error = was_open ? 0 : open();
    if (error == 0)
        error = read_open_file(buffer, text);
    if (error != 0 && was_open) {  // what was open may have gone stale: try the path once more
        error = open();
        if (error == 0)
            error = read_open_file(buffer, text);
    }
    if (error != 0 || !may_keep_)
        file_.close();
    return error;
}

int File::read_open_file(std::vector<char>& buffer, std::string_view& text) const {
    if (buffer.empty())
        buffer.resize(std::size_t{16} << 10);
    std::size_t size = 0;
    // A table of procfs may come in pieces of a page, so only an empty piece is the end.
    while (true) {
        if (size == buffer.size()) {
            if (size >= max_size)
                return EFBIG;
            buffer.resize(size * 2);
        }
        const ssize_t count =
            ::pread(file_.get(), buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        if (count == 0)
            break;
        size += static_cast<std::size_t>(count);
    }
    text = std::string_view(buffer.data(), size);
    return 0;
}

}  // namespace procfs
