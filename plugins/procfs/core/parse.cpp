// The parsers of parse.hpp. A word or a line that is not known is passed over where the kernel may add one, and is a
// problem where it may not.
#include "core/parse.hpp"

#include <array>
#include <span>

#include "core/text.hpp"

namespace procfs {

namespace {

// Reads numbers until `fields` is full or the line ends. Gives how many there were; on a word that is no number,
// `bad` views it.
std::size_t read_numbers(Line& line, std::span<std::uint64_t> fields, std::string_view& bad) {
    std::size_t count = 0;
    while (count < fields.size()) {
        const std::string_view word = line.word();
        if (word.empty())
            break;
        if (!to_number(word, fields[count])) {
            bad = word;
            break;
        }
        ++count;
    }
    return count;
}

bool is_cpu_name(std::string_view word) {
    return word.substr(0, 3) == "cpu" && word.find_first_not_of("0123456789", 3) == std::string_view::npos;
}

}  // namespace

Parsed parse_stat(std::string_view text, std::vector<CpuRow>& rows) {
    rows.clear();
    Lines lines(text);
    std::string_view current;
    while (lines.next(current)) {
        Line line(current);
        const std::string_view name = line.word();
        if (!is_cpu_name(name)) {
            if (rows.empty())
                return Problem{lines.number(), "the line 'cpu' first", name};
            return std::nullopt;  // the cpu lines come first; what follows (interrupts) is long and of no use here
        }
        std::array<std::uint64_t, 8> field{};
        std::string_view bad;
        const std::size_t count = read_numbers(line, field, bad);
        if (!bad.empty() || count < 4)  // kernel 2.4 had four
            return Problem{lines.number(), "at least 4 numbers after the name of a cpu", bad};
        if (rows.empty() && name != "cpu")
            return Problem{lines.number(), "the line 'cpu' first", name};
        rows.push_back({name, {field[0], field[1], field[2], field[3], field[4], field[5], field[6], field[7]}});
    }
    if (rows.empty())
        return Problem{lines.number() + 1, "the line 'cpu'", {}};
    return std::nullopt;
}

Parsed parse_meminfo(std::string_view text, Memory& memory) {
    struct Wanted {
        std::string_view name;
        std::uint64_t kib = 0;
        bool seen = false;
    };
    std::array<Wanted, 7> wanted{
        {{"MemTotal:"}, {"MemFree:"}, {"MemAvailable:"}, {"Buffers:"}, {"Cached:"}, {"SwapTotal:"}, {"SwapFree:"}}};
    Lines lines(text);
    std::string_view current;
    std::size_t left = wanted.size();
    while (left > 0 && lines.next(current)) {
        Line line(current);
        const std::string_view name = line.word();
        for (Wanted& one : wanted) {
            if (one.seen || one.name != name)
                continue;
            const std::string_view word = line.word();
            if (!to_number(word, one.kib))
                return Problem{lines.number(), "a number of kB", word};
            one.seen = true;
            --left;
            break;
        }
    }
    const auto& [total, free, available, buffers, cached, swap_total, swap_free] = wanted;
    if (!total.seen || total.kib == 0)
        return Problem{lines.number() + 1, "MemTotal above 0", {}};
    if (!available.seen && !free.seen)
        return Problem{lines.number() + 1, "MemAvailable or MemFree", {}};
    constexpr std::uint64_t kib = 1024;
    memory.total = total.kib * kib;
    memory.available = (available.seen ? available.kib : free.kib + buffers.kib + cached.kib) * kib;
    memory.swap_total = swap_total.kib * kib;
    memory.swap_free = swap_free.kib * kib;
    return std::nullopt;
}

Parsed parse_loadavg(std::string_view text, Load& load) {
    Line line(text.substr(0, text.find('\n')));
    for (double* value : {&load.one, &load.five, &load.fifteen}) {
        const std::string_view word = line.word();
        if (!to_number(word, *value))
            return Problem{1, "three load averages", word};
    }
    return std::nullopt;
}

Parsed parse_pressure(std::string_view text, Pressure& pressure) {
    pressure = {};
    Lines lines(text);
    std::string_view current;
    while (lines.next(current)) {
        Line line(current);
        const std::string_view who = line.word();
        std::optional<double>* const share = who == "some" ? &pressure.some : who == "full" ? &pressure.full : nullptr;
        if (share == nullptr)
            continue;
        constexpr std::string_view key = "avg10=";
        const std::string_view word = line.word();
        double value = 0;
        if (word.substr(0, key.size()) != key || !to_number(word.substr(key.size()), value))
            return Problem{lines.number(), "avg10=<percent>", word};
        *share = value;
    }
    if (!pressure.some)
        return Problem{lines.number() + 1, "a line 'some avg10=...'", {}};
    return std::nullopt;
}

Parsed parse_net_dev(std::string_view text, std::vector<NetRow>& rows) {
    rows.clear();
    Lines lines(text);
    std::string_view current;
    while (lines.next(current)) {
        // Old kernels print no blank after the colon, and alias names had a colon of their own: take the last.
        const std::size_t colon = current.rfind(':');
        if (colon == std::string_view::npos) {
            if (lines.number() > 2 && !Line(current).word().empty())
                return Problem{lines.number(), "an interface's name and a colon", Line(current).word()};
            continue;  // the two lines of headings
        }
        const std::string_view name = Line(current.substr(0, colon)).word();
        Line line(current.substr(colon + 1));
        std::array<std::uint64_t, 16> field{};
        std::string_view bad;
        const std::size_t count = read_numbers(line, field, bad);
        if (name.empty() || count < field.size())
            return Problem{lines.number(), "an interface's name, a colon and 16 numbers", bad};
        rows.push_back({name, field[0], field[1], field[2], field[8], field[9], field[10]});
    }
    if (lines.number() == 0)
        return Problem{1, "the headings of the table of interfaces", {}};
    return std::nullopt;
}

Parsed parse_diskstats(std::string_view text, std::vector<DiskRow>& rows) {
    rows.clear();
    Lines lines(text);
    std::string_view current;
    while (lines.next(current)) {
        Line line(current);
        std::array<std::uint64_t, 2> device{};
        std::string_view bad;
        if (read_numbers(line, device, bad) < device.size()) {
            if (bad.empty() && Line(current).word().empty())
                continue;
            return Problem{lines.number(), "a device's major and minor number", bad};
        }
        const std::string_view name = line.word();
        std::array<std::uint64_t, 11> field{};
        const std::size_t count = read_numbers(line, field, bad);
        if (name.empty() || !bad.empty() || (count != 4 && count < field.size()))
            return Problem{lines.number(), "a device's name and at least 11 numbers", bad};
        if (count == 4)
            continue;  // a partition, as kernels before 2.6.25 printed them
        rows.push_back({name, field[0], field[2], field[4], field[6], field[9]});
    }
    return std::nullopt;
}

}  // namespace procfs
