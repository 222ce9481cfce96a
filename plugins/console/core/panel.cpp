#include "core/panel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

namespace console {

namespace {

constexpr std::size_t label_width = 5;   // "load "
constexpr std::size_t figure_width = 7;  // "100.0% "
constexpr std::size_t rate_width = 12;   // two blanks and a rate()

// One part of the panel: how many rows it can do with, how many it would like, and how it draws itself in some.
struct Section {
    int weight = 0;  // low: stays longest
    std::size_t least = 1;
    std::size_t most = 1;
    std::function<void(std::size_t rows, std::vector<std::string>& out)> draw;
    std::size_t given = 0;
};

class Painter {
public:
    Painter(const View& view, const Size& size, const Style& style)
        : view_(view), style_(style), width_(size.columns), budget_(panel_rows(size)) {}

    std::vector<std::string> paint();

private:
    Row row() const { return Row(width_, style_); }
    std::size_t bar_width() const { return std::clamp<std::size_t>(width_ / 4, 14, 46) - 4; }

    void draw_title(std::vector<std::string>& out) const;
    void draw_cpu(std::vector<std::string>& out) const;
    void draw_memory(std::vector<std::string>& out) const;
    void draw_load(std::vector<std::string>& out) const;
    void draw_trouble(std::vector<std::string>& out) const;
    void draw_rule(std::vector<std::string>& out) const;
    void draw_alerts(std::size_t rows, std::vector<std::string>& out) const;

    struct Grid {
        std::size_t rows, columns, cell;
    };
    Grid grid() const;
    void draw_cores(std::size_t rows, std::vector<std::string>& out) const;
    void draw_grid(std::vector<std::string>& out) const;
    void draw_strip(std::size_t rows, std::vector<std::string>& out) const;

    std::size_t name_width() const;
    void draw_network(std::size_t rows, std::vector<std::string>& out) const;
    void draw_disks(std::size_t rows, std::vector<std::string>& out) const;
    void draw_headings(std::string_view what, std::initializer_list<std::string_view> columns,
                       std::vector<std::string>& out) const;
    void draw_more(std::size_t count, std::vector<std::string>& out) const;

    const View& view_;
    Style style_;
    std::size_t width_;
    std::size_t budget_;
};

std::vector<std::string> Painter::paint() {
    using Out = std::vector<std::string>;
    std::vector<Section> sections;
    const auto line = [&](int weight, void (Painter::*draw)(Out&) const) {
        sections.push_back({weight, 1, 1, [this, draw](std::size_t, Out& out) { (this->*draw)(out); }});
    };
    line(60, &Painter::draw_title);
    if (view_.trouble.empty()) {
        line(0, &Painter::draw_cpu);
        if (!view_.cores.empty()) {
            const std::size_t most = grid().rows;
            sections.push_back({40, 1, most, [this](std::size_t rows, Out& out) { draw_cores(rows, out); }});
        }
        line(10, &Painter::draw_memory);
        line(30, &Painter::draw_load);
        if (!view_.interfaces.empty())
            sections.push_back(
                {50, 2, 1 + view_.interfaces.size(), [this](std::size_t rows, Out& out) { draw_network(rows, out); }});
        if (!view_.disks.empty())
            sections.push_back(
                {51, 2, 1 + view_.disks.size(), [this](std::size_t rows, Out& out) { draw_disks(rows, out); }});
    } else {
        line(0, &Painter::draw_trouble);
    }
    sections.push_back({view_.alerts.empty() ? 70 : 5, 1, std::max<std::size_t>(view_.alerts.size(), 1),
                        [this](std::size_t rows, Out& out) { draw_alerts(rows, out); }});
    line(80, &Painter::draw_rule);

    std::vector<std::size_t> by_weight(sections.size());
    std::iota(by_weight.begin(), by_weight.end(), 0u);
    std::sort(by_weight.begin(), by_weight.end(),
              [&](std::size_t a, std::size_t b) { return sections[a].weight < sections[b].weight; });
    std::size_t left = budget_;
    for (const std::size_t index : by_weight) {
        Section& section = sections[index];
        if (section.least <= left) {
            section.given = section.least;
            left -= section.least;
        }
    }
    for (bool gave = true; gave && left > 0;) {  // what is left goes round, a row at a time
        gave = false;
        for (const std::size_t index : by_weight) {
            Section& section = sections[index];
            if (section.given == 0 || section.given >= section.most || left == 0)
                continue;
            ++section.given;
            --left;
            gave = true;
        }
    }
    Out out;
    for (const Section& section : sections) {
        if (section.given > 0)
            section.draw(section.given, out);
    }
    return out;
}

void Painter::draw_title(std::vector<std::string>& out) const {
    Row r = row();
    r.put("heddle", Ink::strong);
    r.put("  ");
    r.put(view_.host);
    const std::size_t time_width = width_of(view_.time, style_.utf8);
    if (time_width > 0 && r.left() > time_width + 1)
        r.put_right(view_.time, width_, Ink::dim);
    out.push_back(r.take());
}

void Painter::draw_cpu(std::vector<std::string>& out) const {
    Row r = row();
    r.put("cpu", Ink::label);
    r.put_right(percent(view_.busy.now), label_width + figure_width - 1, ink_of_percent(view_.busy.now));
    r.put(" ");
    r.put_bar(view_.busy.now, view_.busy.p90, bar_width());
    if (view_.busy.now)
        r.put_item("p90", percent(view_.busy.p90));
    const std::pair<std::string_view, const Figure*> parts[] = {
        {"user", &view_.user}, {"sys", &view_.system}, {"io", &view_.iowait}, {"steal", &view_.steal}};
    for (const auto& [label, figure] : parts) {
        if (figure->now && !r.put_item(label, percent(figure->now)))
            break;
    }
    out.push_back(r.take());
}

void Painter::draw_memory(std::vector<std::string>& out) const {
    Row r = row();
    r.put("mem", Ink::label);
    r.put_right(percent(view_.memory_used.now), label_width + figure_width - 1, ink_of_percent(view_.memory_used.now));
    r.put(" ");
    r.put_bar(view_.memory_used.now, view_.memory_used.p90, bar_width());
    if (view_.memory_used.now)
        r.put_item("p90", percent(view_.memory_used.p90));
    if (view_.memory_total.now && view_.memory_available.now) {
        r.put_item("used", fmt::format("{} of {}", bytes(*view_.memory_total.now - *view_.memory_available.now),
                                       bytes(view_.memory_total.now)));
    }
    if (view_.swap_used.now)
        r.put_item("swap", percent(view_.swap_used.now),
                   *view_.swap_used.now > 0 ? ink_of_percent(view_.swap_used.now) : Ink::plain);
    out.push_back(r.take());
}

void Painter::draw_load(std::vector<std::string>& out) const {
    const auto load = [](const Figure& figure) { return figure.now ? fmt::format("{:.2f}", *figure.now) : "-"; };
    Row r = row();
    r.put("load", Ink::label);
    r.put_right(load(view_.load1), label_width + figure_width - 1);
    r.put_right(load(view_.load5), r.column() + figure_width);
    r.put_right(load(view_.load15), r.column() + figure_width);
    const std::pair<std::string_view, const Figure*> parts[] = {
        {"cpu", &view_.pressure_cpu}, {"mem", &view_.pressure_memory}, {"io", &view_.pressure_io}};
    r.pad_to(std::min(width_, label_width + figure_width + bar_width()));
    bool first = true;
    for (const auto& [label, figure] : parts) {
        if (!figure->now)
            continue;
        const std::string name = first ? fmt::format("pressure {}", label) : std::string(label);
        if (!r.put_item(name, percent(figure->now), *figure->now >= 10 ? ink_of_percent(figure->now) : Ink::plain))
            break;
        first = false;
    }
    out.push_back(r.take());
}

void Painter::draw_trouble(std::vector<std::string>& out) const {
    Row r = row();
    r.put("no data", Ink::fair);
    r.put("  ");
    r.put(view_.trouble, Ink::dim);
    out.push_back(r.take());
}

void Painter::draw_rule(std::vector<std::string>& out) const {
    std::string rule;
    const std::string_view dash = style_.utf8 ? "─" : "-";
    for (std::size_t i = 0; i < width_; ++i)
        rule += dash;
    Row r = row();
    r.put(rule, Ink::dim);
    out.push_back(r.take());
}

void Painter::draw_alerts(std::size_t rows, std::vector<std::string>& out) const {
    if (view_.alerts.empty()) {
        Row r = row();
        r.put("alerts", Ink::label);
        r.put("  none", Ink::dim);
        out.push_back(r.take());
        return;
    }
    const bool all = rows >= view_.alerts.size();
    for (std::size_t i = 0; i < std::min(rows, view_.alerts.size()); ++i) {
        // The newest last; where they don't all fit, the newest are shown.
        const Alert& alert = view_.alerts[view_.alerts.size() - std::min(rows, view_.alerts.size()) + i];
        Row r = row();
        r.put(style_.utf8 ? "▲ " : "! ", Ink::alarm);
        r.put(alert.rule, Ink::alarm);
        r.put("  ");
        const std::string since = age((view_.time_ns - alert.since_ns) / 1'000'000'000);
        std::string tail = fmt::format("  {}", since);
        if (!all && i == 0)
            tail += fmt::format(" (and {} more)", view_.alerts.size() - rows);
        const std::size_t tail_width = width_of(tail);
        if (r.left() > tail_width) {
            std::size_t used = 0;
            r.put(fit(alert.message, r.left() - tail_width, style_.utf8, used));
            r.put_right(tail, width_, Ink::dim);
        } else {
            r.put(alert.message);
        }
        out.push_back(r.take());
    }
}

Painter::Grid Painter::grid() const {
    constexpr std::size_t least_cell = 18;  // "cpu0 [||||]  42% "
    const std::size_t count = view_.cores.size();
    std::size_t columns = std::clamp<std::size_t>(width_ / least_cell, 1, 8);
    const std::size_t rows = (count + columns - 1) / columns;
    columns = (count + rows - 1) / rows;
    return {rows, columns, std::min<std::size_t>(width_ / columns, 40)};
}

void Painter::draw_cores(std::size_t rows, std::vector<std::string>& out) const {
    if (rows >= grid().rows)
        draw_grid(out);
    else
        draw_strip(rows, out);
}

void Painter::draw_grid(std::vector<std::string>& out) const {
    const Grid g = grid();
    const std::size_t label = std::max<std::size_t>(5, 4 + std::to_string(view_.cores.back().number).size());
    const std::size_t around = label + 7;  // and " 100%", and two blanks
    for (std::size_t line = 0; line < g.rows; ++line) {
        Row r = row();
        for (std::size_t column = 0; column < g.columns; ++column) {
            const std::size_t index = line * g.columns + column;
            if (index >= view_.cores.size())
                break;
            const Core& core = view_.cores[index];
            const std::size_t begin = column * g.cell;
            r.pad_to(begin);
            r.put(fmt::format("cpu{}", core.number), Ink::label);
            r.pad_to(begin + label);
            if (g.cell >= around + 3)
                r.put_bar(core.busy.now, core.busy.p90, g.cell - around);
            const std::string figure = core.busy.now ? fmt::format("{:.0f}%", *core.busy.now) : "-";
            r.put_right(figure, begin + g.cell - 2, ink_of_percent(core.busy.now));
        }
        out.push_back(r.take());
    }
}

// Many cores in few rows: a column each.
void Painter::draw_strip(std::size_t rows, std::vector<std::string>& out) const {
    constexpr std::array<std::string_view, 8> levels{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    constexpr std::string_view label = "cores ";
    const std::size_t per_row = width_ > label.size() ? width_ - label.size() : 1;
    std::size_t next = 0;
    for (std::size_t line = 0; line < rows && next < view_.cores.size(); ++line) {
        Row r = row();
        if (line == 0)
            r.put(label, Ink::label);
        r.pad_to(label.size());
        for (std::size_t i = 0; i < per_row && next < view_.cores.size(); ++i, ++next) {
            const std::optional<double> busy = view_.cores[next].busy.now;
            const double share = busy && std::isfinite(*busy) ? std::clamp(*busy, 0.0, 99.9) / 100.0 : 0.0;
            if (style_.utf8)
                r.put(levels[static_cast<std::size_t>(share * 8)], ink_of_percent(busy));
            else
                r.put(std::string(1, static_cast<char>('0' + static_cast<int>(share * 10))), ink_of_percent(busy));
        }
        out.push_back(r.take());
    }
}

std::size_t Painter::name_width() const {
    std::size_t widest = 8;
    for (const Interface& one : view_.interfaces)
        widest = std::max(widest, width_of(one.name, style_.utf8));
    for (const Disk& one : view_.disks)
        widest = std::max(widest, width_of(one.name, style_.utf8));
    return std::min<std::size_t>(widest, width_ < 60 ? 10 : 16);
}

void Painter::draw_headings(std::string_view what, std::initializer_list<std::string_view> columns,
                            std::vector<std::string>& out) const {
    Row r = row();
    r.put(what, Ink::label);
    std::size_t end = name_width();
    for (const std::string_view column : columns) {
        end += rate_width;
        if (end > width_)
            break;
        r.put_right(column, end, Ink::dim);
    }
    out.push_back(r.take());
}

void Painter::draw_more(std::size_t count, std::vector<std::string>& out) const {
    Row r = row();
    r.put(fmt::format("{} {} more", style_.utf8 ? "…" : "...", count), Ink::dim);
    out.push_back(r.take());
}

// The indices to show of `all`, in their order, when only `rows` fit: the busiest by `weight`.
template <typename T, typename Weight>
std::vector<std::size_t> busiest(const std::vector<T>& all, std::size_t rows, Weight weight) {
    std::vector<std::size_t> chosen(all.size());
    std::iota(chosen.begin(), chosen.end(), 0u);
    if (rows < chosen.size()) {
        std::stable_sort(chosen.begin(), chosen.end(),
                         [&](std::size_t a, std::size_t b) { return weight(all[a]) > weight(all[b]); });
        chosen.resize(rows);
        std::sort(chosen.begin(), chosen.end());
    }
    return chosen;
}

// How many of `count` rows are shown in `rows`, where one is kept for saying how many are not.
std::size_t shown_of(std::size_t count, std::size_t rows) {
    return count <= rows ? count : rows > 1 ? rows - 1 : rows;
}

double sum(std::initializer_list<std::optional<double>> values) {
    double total = 0;
    for (const std::optional<double>& value : values) {
        if (value && std::isfinite(*value))
            total += *value;
    }
    return total;
}

void Painter::draw_network(std::size_t rows, std::vector<std::string>& out) const {
    draw_headings("net", {"in", "out", "in p90", "out p90", "errors"}, out);
    const std::size_t shown = shown_of(view_.interfaces.size(), rows - 1);
    const std::size_t names = name_width();
    const auto weight = [](const Interface& one) { return sum({one.in.p90, one.out.p90}); };
    for (const std::size_t index : busiest(view_.interfaces, shown, weight)) {
        const Interface& one = view_.interfaces[index];
        Row r = row();
        std::size_t used = 0;
        r.put(fit(one.name, names, style_.utf8, used));
        std::size_t end = names;
        for (const std::optional<double>& value : {one.in.now, one.out.now, one.in.p90, one.out.p90}) {
            end += rate_width;
            if (end <= width_)
                r.put_right(rate(value), end);
        }
        end += rate_width;
        const double errors = sum({one.in_errors.now, one.out_errors.now});
        if (end <= width_)
            r.put_right(fmt::format("{:.0f}/s", std::ceil(errors)), end, errors > 0 ? Ink::bad : Ink::plain);
        out.push_back(r.take());
    }
    if (shown < view_.interfaces.size() && shown < rows - 1)
        draw_more(view_.interfaces.size() - shown, out);
}

void Painter::draw_disks(std::size_t rows, std::vector<std::string>& out) const {
    draw_headings("disk", {"read", "write", "read p90", "write p90", "busy"}, out);
    const std::size_t shown = shown_of(view_.disks.size(), rows - 1);
    const std::size_t names = name_width();
    const auto weight = [](const Disk& one) { return sum({one.read.p90, one.write.p90, one.busy.p90}); };
    for (const std::size_t index : busiest(view_.disks, shown, weight)) {
        const Disk& one = view_.disks[index];
        Row r = row();
        std::size_t used = 0;
        r.put(fit(one.name, names, style_.utf8, used));
        std::size_t end = names;
        for (const std::optional<double>& value : {one.read.now, one.write.now, one.read.p90, one.write.p90}) {
            end += rate_width;
            if (end <= width_)
                r.put_right(rate(value), end);
        }
        end += rate_width;
        if (end <= width_)
            r.put_right(percent(one.busy.now), end, ink_of_percent(one.busy.now));
        out.push_back(r.take());
    }
    if (shown < view_.disks.size() && shown < rows - 1)
        draw_more(view_.disks.size() - shown, out);
}

}  // namespace

std::size_t panel_rows(const Size& size) {
    if (size.rows < 2)
        return 0;
    if (size.rows < 15)
        return size.rows / 2;
    return size.rows - size.rows / 3;
}

std::vector<std::string> draw_panel(const View& view, const Size& size, const Style& style) {
    return Painter(view, size, style).paint();
}

}  // namespace console
