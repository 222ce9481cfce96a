// Writing with a bound to pipes, files and sockets, and to readers that are gone.
#include "core/output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "pseudo_terminal.hpp"

namespace console {
namespace {

using namespace std::chrono_literals;

struct Pair {
    int reader = -1, writer = -1;
    ~Pair() {
        close_reader();
        ::close(writer);
    }
    void close_reader() {
        if (reader >= 0)
            ::close(std::exchange(reader, -1));
    }
    std::string read_all() const {
        ::fcntl(reader, F_SETFL, O_NONBLOCK);
        std::string text;
        char buffer[4096];
        ssize_t count = 0;
        while ((count = ::read(reader, buffer, sizeof buffer)) > 0)
            text.append(buffer, static_cast<std::size_t>(count));
        return text;
    }
};

std::unique_ptr<Pair> make_pipe() {
    int ends[2];
    if (::pipe(ends) != 0)
        return nullptr;
    auto pair = std::make_unique<Pair>();
    pair->reader = ends[0];
    pair->writer = ends[1];
    return pair;
}

std::unique_ptr<Pair> make_sockets() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return nullptr;
    auto pair = std::make_unique<Pair>();
    pair->reader = ends[0];
    pair->writer = ends[1];
    return pair;
}

// Writes numbered lines of some `length` until the reader's buffer is full; gives what a reader must then find: whole
// lines, in order.
std::string fill(Output& output, std::size_t length) {
    std::string expected;
    for (int i = 0; i < 100'000; ++i) {
        const std::string line = "line " + std::to_string(i) + std::string(length, '.') + "\n";
        const auto before = std::chrono::steady_clock::now();
        const Written written = output.write(line, 20ms);
        EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
        if (written == Written::nothing)
            return expected;
        expected += line;
    }
    ADD_FAILURE() << "never full";
    return expected;
}

TEST(Output, AFullPipeHoldsNobodyUpAndLosesWholeLinesOnly) {
    for (auto* make : {&make_pipe, &make_sockets}) {
        for (const std::size_t length : {90u, 9'999u, 1'000'000u}) {  // the longer ones are taken in part
            SCOPED_TRACE(length);
            const auto pair = make();
            ASSERT_TRUE(pair);
            Output output(pair->writer);
            EXPECT_FALSE(output.is_terminal());
            std::string expected = fill(output, length);
            EXPECT_FALSE(expected.empty());
            std::string came = pair->read_all();
            for (int i = 0; i < 100 && output.write("after\n", 20ms) != Written::all; ++i)
                came += pair->read_all();
            came += pair->read_all();
            expected += "after\n";
            EXPECT_EQ(came.size(), expected.size());
            EXPECT_TRUE(came == expected) << "whole lines, in order";
        }
    }
}

TEST(Output, LeavesTheGivenDescriptorBlockingForTheOthersThatShareIt) {
    const auto pair = make_pipe();
    ASSERT_TRUE(pair);
    const Output output(pair->writer);
    EXPECT_EQ(::fcntl(pair->writer, F_GETFL) & O_NONBLOCK, 0);
    PseudoTerminal pty(24, 80);
    const Output terminal(pty.slave());
    EXPECT_TRUE(terminal.is_terminal());
    EXPECT_TRUE(terminal.is_foreground()) << "not this session's terminal, so nobody's foreground is disturbed";
    EXPECT_EQ(::fcntl(pty.slave(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Output, AReaderThatIsGoneIsNoticedAndKillsNobody) {
    for (auto* make : {&make_pipe, &make_sockets}) {
        const auto pair = make();
        ASSERT_TRUE(pair);
        Output output(pair->writer);
        pair->close_reader();
        EXPECT_EQ(output.write("line\n", 50ms), Written::nothing);
        EXPECT_TRUE(output.is_gone());
        EXPECT_EQ(output.write("line\n", 50ms), Written::nothing);
    }
    sigset_t pending;
    ::sigpending(&pending);
    EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0) << "no signal is left behind";
}

TEST(Output, AppendsToAFileWhereOthersWriteToo) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    ASSERT_TRUE(file);
    const int fd = ::fileno(file.get());
    ASSERT_EQ(::write(fd, "first\n", 6), 6);
    Output output(fd);
    EXPECT_EQ(output.write("second\n", 50ms), Written::all);
    char buffer[64] = {};
    EXPECT_EQ(::pread(fd, buffer, sizeof buffer, 0), 13);
    EXPECT_STREQ(buffer, "first\nsecond\n");
}

TEST(Output, AClosedDescriptorIsGoneFromTheStart) {
    Output output(-1);
    EXPECT_TRUE(output.is_gone());
    EXPECT_EQ(output.write("line\n", 50ms), Written::nothing);
}

}  // namespace
}  // namespace console
