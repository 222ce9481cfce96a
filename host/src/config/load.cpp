#include "config/load.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "config/tree.hpp"

namespace heddle::config {
namespace {

class FileDescriptor {
public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    ~FileDescriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

std::string system_text(int error) {
    return std::system_category().message(error);
}

std::string cannot_open(const std::filesystem::path& file, int error) {
    if (error == ENOENT) {
        std::error_code ignored;
        const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
        return std::filesystem::is_directory(parent, ignored)
                   ? "there is no such file (check the name, or give another with --config FILE)"
                   : "there is no such file, nor its directory (check the path, or give another with --config FILE)";
    }
    if (error == EACCES) {
        return "may not be read by this user (give the right to read it: chmod +r; each directory above needs +x)";
    }
    return std::string("cannot be opened: ") + system_text(error);
}

// The content of a file, at most one byte more than a configuration may have.
std::string read_file(const std::filesystem::path& file, Problems& problems) {
    const auto refuse = [&](std::string message) {
        problems.push_back({file.string(), {}, std::move(message)});
        return std::string();
    };
    // Not to hang on a pipe that nobody writes to.
    const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0) {
        return refuse(cannot_open(file, errno));
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        return refuse(std::string("cannot be read: ") + system_text(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        std::error_code ignored;
        const std::filesystem::path inside = file / "config.yaml";
        return refuse("is a directory, expected a file" + (std::filesystem::exists(inside, ignored)
                                                               ? " (did you mean '" + inside.string() + "'?)"
                                                               : std::string(" (name the file in it)")));
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse("is no ordinary file (write the configuration to one)");
    }
    std::string bytes(max_file_size + 1, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t got = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return refuse(std::string("cannot be read: ") + system_text(errno));
        }
        if (got == 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    return bytes;
}

}  // namespace

Loaded<Node> parse_tree(std::string_view text, std::string_view file, const Environment& environment) {
    Tree tree = read_tree(text, file, environment);
    return {std::move(tree.root), std::move(tree.problems)};
}

Loaded<Node> load_tree(const std::filesystem::path& file, const Environment& environment) {
    Loaded<Node> loaded;
    const std::string bytes = read_file(file, loaded.problems);
    return loaded.ok() ? parse_tree(bytes, file.string(), environment) : loaded;
}

Loaded<Settings> parse(std::string_view text, std::string_view file, const std::filesystem::path& directory,
                       const Environment& environment) {
    Tree tree = read_tree(text, file, environment);
    Loaded<Settings> loaded;
    loaded.value.file = file;
    if (tree.complete) {
        loaded = to_settings(tree.root, file, directory);
        std::sort(tree.broken.begin(), tree.broken.end());
        std::erase_if(loaded.problems, [&](const Problem& problem) {
            return std::binary_search(tree.broken.begin(), tree.broken.end(), problem.place);
        });
    }
    std::move(tree.problems.begin(), tree.problems.end(), std::back_inserter(loaded.problems));
    sort(loaded.problems);
    return loaded;
}

Loaded<Settings> load(const std::filesystem::path& file, const Environment& environment) {
    Loaded<Settings> loaded;
    loaded.value.file = file.string();
    const std::string bytes = read_file(file, loaded.problems);
    return loaded.ok() ? parse(bytes, file.string(), file.parent_path(), environment) : loaded;
}

}  // namespace heddle::config
