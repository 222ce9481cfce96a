#!/usr/bin/env python3
"""Runs the benchmarks and writes what they gave into a page: tables, and plots beside it. `./dev bench --report` is both.

    report.py run PROGRAM RESULTS.json [ARGUMENTS]   one run, and what it ran on, into a file
    report.py write RESULTS.json PAGE.md...          that file into pages

A page has marks, each a pair of comments of which the inside is written anew and everything outside stays:

    <!-- report machine -->             what it ran on, and the versions
    <!-- report table NAME... -->       a row for each mechanism, a pair of columns for each variant; or the other way round,
                                        where there are more variants
    <!-- report placements NAME... -->  the same by the cores the threads were pinned to
    <!-- report counters NAME... -->    what else was counted, the median of each
    <!-- report plot NAME... -->        a picture, in the folder that is named as the page is
    <!-- report aims -->                what was aimed at, and what it came to
    <!-- end of report -->

A benchmark's name is GROUP/MECHANISM/VARIANT (see suite.hpp), its label is its yardstick; NAME is a GROUP or a
GROUP/MECHANISM. Only the standard library.
"""
import argparse
import json
import math
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
from html import escape

RUN_ARGUMENTS = ["--benchmark_repetitions=5", "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=0.04"]

# What is to be reached: what it is, the row, the row it is held against, and how many times that one's time it may take.
AIMS = [
    ("a concurrent call", "call/concurrent", "call/raw_pointer", 1.15),
    ("a concurrent call, 4 threads at once", "call/concurrent/threads:4", "call/raw_pointer/threads:4", 1.15),
    ("an exclusive call, 4 threads on one module", "exclusive/add/callers:4", "mutex/add/callers:4", 1.0),
    ("a queued call and its answer, both sides spinning", "hop/queued_spin/cores:2", "hop/cacheline/cores:2", 1.5),
    ("a queued call and its answer, both sides sleeping", "hop/queued_park/cores:2", "hop/futex/cores:2", 1.0),
    ("a post, 1 producer, 8 bytes", "post/heddle/producers:1/bytes:8", "post/*", 1.0),
    ("a post, 1 producer, 64 bytes", "post/heddle/producers:1/bytes:64", "post/*", 1.0),
    ("a post, 3 producers, 8 bytes", "post/heddle/producers:3/bytes:8", "post/*", 1.0),
    ("a post, 3 producers, 64 bytes", "post/heddle/producers:3/bytes:64", "post/*", 1.0),
    ("an event, for each of 64 subscribers", "event/heddle/subscribers:64", "event/raw/subscribers:64", 1.3),
]


GOOGLE_BENCHMARK_KEYS = {
    "name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "repetition_index", "threads",
    "iterations", "real_time", "cpu_time", "time_unit", "label", "error_occurred", "error_message",
}


class Problem(Exception):
    """Said to the user as it stands."""


# --- The results --------------------------------------------------------------------------------------------------------


class Row:
    """What was measured of one mechanism and variant: nanoseconds, by placement ("" where there are none)."""

    def __init__(self, name, yardstick, unit):
        self.name = name
        self.mechanism, self.variant = split_variant(name)
        self.group = name.split("/")[0]
        self.yardstick = yardstick
        self.unit = unit
        self.placements = {}
        self.counters = {}

    @property
    def median(self):
        return statistics.median(statistics.median(values) for values in self.placements.values())

    @property
    def least(self):
        return min(min(values) for values in self.placements.values())

    @property
    def most(self):
        return max(max(values) for values in self.placements.values())

    def at(self, placement):
        return statistics.median(self.placements[placement]) if placement in self.placements else self.median

    def ratio_to(self, other):
        """How many times the other's time: the median over the placements."""
        return statistics.median(self.at(placement) / other.at(placement) for placement in self.placements)

    @property
    def is_ours(self):
        return bool(re.match(r"call/(concurrent|exclusive)|exclusive/|hop/queued|[^/]+/heddle", self.mechanism))


def split_variant(name):
    """The mechanism and the variant, which begins at the first part with a colon."""
    parts = name.split("/")
    for index, part in enumerate(parts):
        if ":" in part:
            return "/".join(parts[:index]), "/".join(parts[index:])
    return name, ""


class Results:
    """One run, by row, in the order in which the benchmarks are registered."""

    def __init__(self, run):
        self.context = run["context"]
        self.rows = {}
        entries = [entry for entry in run["benchmarks"] if entry["run_type"] == "iteration"]
        for entry in sorted(entries, key=lambda e: (e["family_index"], e["per_family_instance_index"])):
            if entry.get("error_occurred"):
                raise Problem(f"{entry['name']} failed: {entry.get('error_message', 'no reason given')}")
            units = [key for key in entry if key.startswith("ns/")]
            if not units:
                raise Problem(f"{entry['name']} reports no nanoseconds")
            name = re.sub(r"/(real_time|manual_time|process_time|min_time:[^/]*|iterations:[^/]*|repeats:[^/]*)", "", entry["name"])
            placement = ""
            if pinned := re.search(r"/cpus:([^/]*)", name):
                placement = pinned.group(1)
                name = name.replace(pinned.group(0), "")
            row = self.rows.setdefault(name, Row(name, entry.get("label", ""), units[0][len("ns/"):]))
            row.placements.setdefault(placement, []).append(entry[units[0]])
            for key in entry.keys() - GOOGLE_BENCHMARK_KEYS - {units[0]}:
                row.counters.setdefault(key, []).append(entry[key])

    def of(self, groups):
        rows = [row for row in self.rows.values() for group in groups if f"{row.mechanism}/".startswith(f"{group}/")]
        if not rows:
            raise Problem(f"the run has nothing of {' or '.join(groups)}; a report is made of one run of everything")
        return rows

    def yardstick_of(self, row, yardstick=None):
        """The row that a row is held against, or None."""
        yardstick = row.yardstick if yardstick is None else yardstick
        if not yardstick.endswith("*"):
            mechanism, variant = split_variant(yardstick)
            return self.rows.get(f"{mechanism}/{variant or row.variant}".rstrip("/"))
        group = yardstick[:-1]
        peers = [other for other in self.rows.values()
                 if other.mechanism.startswith(group) and not other.is_ours and other.variant == row.variant]
        return min(peers, key=lambda other: other.median, default=None)


def mechanisms(rows):
    """The mechanisms, in order."""
    return list(dict.fromkeys(row.mechanism for row in rows))


def variants(rows):
    """In ascending order, but for cores: the usual case, two threads on a core each, comes first."""
    def order(variant):
        numbers = [int(number) for number in re.findall(r"\d+", variant)]
        return [-number for number in numbers] if variant.startswith("cores:") else numbers

    return sorted(dict.fromkeys(row.variant for row in rows), key=order)


# --- Words and figures --------------------------------------------------------------------------------------------------


def digits(value):
    """Three significant digits, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def duration(nanoseconds):
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= 0.9995 * size:
            return f"{digits(nanoseconds / size)} {unit}"
    return f"{digits(nanoseconds)} ns"


def size(count):
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= factor and count % factor == 0:
            return f"{count // factor} {unit}"
    return f"{count} B"


def spoken(variant, others=()):
    """"producers:3/bytes:64" as "3 producers, 64 B"."""
    if not variant:
        return "1 thread" if any("threads:" in other for other in others) else ""
    words = []
    for part in variant.split("/"):
        key, _, value = part.partition(":")
        if key == "bytes":
            words.append(size(int(value)))
        elif key == "what":
            words.append(value)
        else:
            words.append(f"{int(value):,} {key[:-1] if value == '1' and key.endswith('s') else key}")
    return ", ".join(words)


def subject(groups):
    return " and ".join(dict.fromkeys(group.split("/")[0] for group in groups))


def short(mechanism, groups):
    """Without the group, where all have the same."""
    return mechanism.split("/", 1)[1] if len(groups) == 1 and "/" in mechanism else mechanism


# --- What stands between the marks --------------------------------------------------------------------------------------


def markdown(header, lines):
    table = ["| " + " | ".join(header) + " |", "| " + " | ".join(["---"] + ["---:"] * (len(header) - 1)) + " |"]
    return "\n".join(table + ["| " + " | ".join(line) + " |" for line in lines])


def held_against(results, row):
    """A row's ratio to its yardstick, in words; empty for a yardstick."""
    other = results.yardstick_of(row)
    if other is None or other is row:
        return "fastest" if row.yardstick.endswith("*") and other is row else ""
    name = other.mechanism if other.group != row.group else other.mechanism.split("/", 1)[1]
    name = "fastest" if row.yardstick.endswith("*") else name
    ratio = row.ratio_to(other)
    return f"{digits(ratio)} x {name}"


def table(results, groups):
    rows = results.of(groups)
    columns, names = variants(rows), mechanisms(rows)
    if len(columns) > len(names):
        return transposed_table(results, groups)
    header = [f"time per {rows[0].unit}"]
    for variant in columns:
        header += [spoken(variant, columns) or ("median" if len(columns) == 1 else ""), ""]
    if len(columns) == 1:
        header += ["least", "most"]
    lines = []
    for mechanism in names:
        line = [styled(rows, mechanism)]
        for variant in columns:
            row = results.rows.get(f"{mechanism}/{variant}".rstrip("/"))
            line += cells(results, row)
            if row is not None and len(columns) == 1:
                line += [duration(row.least), duration(row.most)]
        lines.append(line)
    return markdown(header, lines)


def transposed_table(results, groups):
    rows = results.of(groups)
    columns, names = variants(rows), mechanisms(rows)
    header = [f"time per {rows[0].unit}"]
    for mechanism in names:
        header += [styled(rows, mechanism), ""]
    return markdown(header, [[spoken(variant, columns)] + [
        cell for mechanism in names
        for cell in cells(results, results.rows.get(f"{mechanism}/{variant}".rstrip("/")))] for variant in columns])


def styled(rows, mechanism):
    """Ours in bold."""
    return f"**`{mechanism}`**" if any(row.is_ours for row in rows if row.mechanism == mechanism) else f"`{mechanism}`"


def cells(results, row):
    """The median, and how it stands to its yardstick."""
    if row is None:
        return ["", ""]
    rate = f", {digits(1e3 / row.median)} M/s" if row.unit == "message" else ""
    return [duration(row.median) + rate, held_against(results, row)]


def counters(results, groups):
    rows = [row for row in results.of(groups) if row.counters]
    keys = sorted({key for row in rows for key in row.counters})
    return markdown([""] + keys, [[f"`{row.name}`"] + [
        digits(statistics.median(row.counters[key])) if key in row.counters else "" for key in keys] for row in rows])


def placements(results, groups):
    rows = results.of(groups)
    columns = list(dict.fromkeys(placement for row in rows for placement in sorted(row.placements) if placement))
    parts = []
    by_length = {}
    for placement in columns:
        by_length.setdefault(placement.count("-"), []).append(placement)
    for some in by_length.values():
        lines = [[f"`{row.name}`"] + [duration(row.at(placement)) for placement in some]
                 for row in rows if set(some) <= set(row.placements)]
        parts.append(markdown(["cores"] + some, lines))
    return "\n\n".join(parts)


def aims(results):
    lines = []
    for text, name, yardstick, limit in AIMS:
        row = results.rows.get(name)
        other = results.yardstick_of(row, yardstick) if row else None
        at_most = f"{limit:g} x {'the fastest peer' if yardstick.endswith('*') else f'`{yardstick}`'}"
        if other is None:
            lines.append([text, at_most, "not measured", ""])
            continue
        ratio = row.ratio_to(other)
        named = f" `{other.mechanism}`" if yardstick.endswith("*") else ""
        lines.append([text, at_most, f"{ratio:.2f} x{named}", "reached" if ratio <= limit else "missed"])
    return markdown(["", "at most", "is", ""], lines)


def machine(results):
    context = results.context
    facts = [
        ("machine", context.get("machine")),
        ("system", context.get("system")),
        ("frequency governor", context.get("governor")),
        ("compiler", context.get("compiler")),
        ("peers", context.get("packages")),
        ("heddle", context.get("heddle")),
        ("when", f"{context.get('date', '')[:10]}, load of the machine before it: {context.get('load_before', 'unknown')}"),
        ("how", f"`{context['arguments']}`" if "arguments" in context else None),
    ]
    return markdown(["", ""], [[name, value] for name, value in facts if value]).replace("---:", "---")


# --- Plots --------------------------------------------------------------------------------------------------------------

SERIES = ["#0072b2", "#d55e00", "#009e73", "#aa4499", "#7a6a00", "#555555"]
MARKERS = ["circle", "square", "diamond", "triangle"]


def marker(kind, x, y, colour):
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.6" fill="{colour}"/>'
    if kind == "square":
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    corners = ([(0, -5.6), (5.6, 0), (0, 5.6), (-5.6, 0)] if kind == "diamond" else [(0, -5.4), (5.2, 4), (-5.2, 4)])
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def ticks(least, most):
    """Values at which a logarithmic axis is marked: powers of ten, and 2 and 5 between them where there are few."""
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    steps = (1, 2, 5) if math.log10(most / least) < 2.5 else (1,)
    return [step * 10.0 ** power for power in range(first, last + 1) for step in steps
            if least * 0.999 <= step * 10.0 ** power <= most * 1.001]


def tick_label(nanoseconds):
    for unit, factor in (("ms", 1e6), ("µs", 1e3), ("ns", 1)):
        if nanoseconds >= factor * 0.999 or factor == 1:
            return f"{nanoseconds / factor:g} {unit}"


def plot(results, groups):
    """A row for each mechanism, quickest first; a dot at each variant's median, a line from the least to the most."""
    rows = results.of(groups)
    columns = variants(rows)
    by_mechanism = {}
    for row in rows:
        by_mechanism.setdefault(row.mechanism, []).append(row)
    order = sorted(by_mechanism, key=lambda m: statistics.fmean(math.log(row.median) for row in by_mechanism[m]))
    lane = 15 if len(columns) > 1 else 24
    padding = 12 if len(columns) > 1 else 2
    names = {mechanism: short(mechanism, groups) for mechanism in order}
    left = 34 + round(8.4 * max(len(name) for name in names.values()))  # some are bold
    width, right, top = 860, 96, 76 if len(columns) > 1 else 50
    heights = [lane * len(by_mechanism[mechanism]) + padding for mechanism in order]
    bottom = top + sum(heights)
    least = min(row.least for row in rows) / 1.25
    most = max(row.most for row in rows) * 1.25

    def x_of(value):
        return left + (width - left - right) * math.log(value / least) / math.log(most / least)

    unit = rows[0].unit
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + 56}" viewBox="0 0 {width} {bottom + 56}" '
        'font-family="system-ui, -apple-system, \'Segoe UI\', \'DejaVu Sans\', sans-serif" font-size="13" role="img">',
        f"<title>{escape(subject(groups))}: time per {escape(unit)}</title>",
        f'<rect width="{width}" height="{bottom + 56}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="600" fill="#1f2328">{escape(subject(groups))}: '
        f"time per {escape(unit)}</text>",
    ]
    if len(columns) > 1:
        x = 16.0
        for index, variant in enumerate(columns):
            text = spoken(variant, columns)
            out.append(marker(MARKERS[index % len(MARKERS)], x + 6, 50, SERIES[index % len(SERIES)]))
            out.append(f'<text x="{x + 18:.1f}" y="54.5" fill="#1f2328">{escape(text)}</text>')
            x += 40 + 7.4 * len(text)
    y = float(top)
    for index, (mechanism, height) in enumerate(zip(order, heights)):
        if index % 2 == 0:
            out.append(f'<rect x="0" y="{y:.1f}" width="{width}" height="{height}" fill="#f6f8fa"/>')
        y += height
    for value in ticks(least, most):
        x = x_of(value)
        out.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}" stroke="#d0d7de"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#57606a">{tick_label(value)}</text>')
    axis = f"time per {unit}, logarithmic; dot: median, line: least to most of all repetitions and placements"
    out.append(f'<text x="{(left + width - right) / 2:.1f}" y="{bottom + 42}" text-anchor="middle" fill="#57606a">{escape(axis)}</text>')
    y = float(top)
    for mechanism, height in zip(order, heights):
        own = sorted(by_mechanism[mechanism], key=lambda row: columns.index(row.variant))
        weight = ' font-weight="700"' if any(row.is_ours for row in own) else ""
        out.append(f'<text x="{left - 14}" y="{y + height / 2 + 4.5:.1f}" text-anchor="end"{weight} fill="#1f2328">'
                   f"{escape(names[mechanism])}</text>")
        for index, row in enumerate(own):
            series = columns.index(row.variant)
            colour = SERIES[series % len(SERIES)]
            at = y + padding / 2 + lane * (index + 0.5)
            out.append(f'<line x1="{x_of(row.least):.1f}" y1="{at:.1f}" x2="{x_of(row.most):.1f}" y2="{at:.1f}" '
                       f'stroke="{colour}" stroke-width="2" stroke-opacity="0.45"/>')
            out.append(marker(MARKERS[series % len(MARKERS)], x_of(row.median), at, colour))
            out.append(f'<text x="{x_of(row.most) + 9:.1f}" y="{at + 4:.1f}" font-size="11.5" fill="#1f2328">'
                       f"{duration(row.median)}</text>")
        y += height
    return "\n".join(out + ["</svg>"]) + "\n"


# --- Pages --------------------------------------------------------------------------------------------------------------

MARK = re.compile(r"(<!-- report (?P<what>[^>]*?) -->\n).*?(<!-- end of report -->)", re.DOTALL)


def write_page(results, page):
    """Fills a page's marks, and writes the plots it shows."""
    text = page.read_text(encoding="utf-8")
    folder = page.with_suffix("")

    def fill(found):
        what, *groups = found.group("what").split()
        if what == "plot":
            folder.mkdir(exist_ok=True)
            picture = folder / f"{groups[0].replace('/', '-')}.svg"
            picture.write_text(plot(results, groups), encoding="utf-8")
            inside = f"![{subject(groups)}: medians]({folder.name}/{picture.name})"
        elif what in ("table", "placements", "counters") and groups:
            inside = {"table": table, "placements": placements, "counters": counters}[what](results, groups)
        elif what in ("machine", "aims") and not groups:
            inside = {"machine": machine, "aims": aims}[what](results)
        else:
            raise Problem(f"{page}: no such mark: report {found.group('what')}")
        return f"{found.group(1)}\n{inside}\n\n{found.group(3)}"

    if text.count("<!-- report ") != len(MARK.findall(text)):
        raise Problem(f"{page}: a mark of the report has no '<!-- end of report -->'")
    page.write_text(MARK.sub(fill, text), encoding="utf-8")


# --- Running ------------------------------------------------------------------------------------------------------------


def first_line(path, pattern=r"(.+)"):
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return found.group(1).strip() if found else None


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def peer_packages():
    """The [bench] packages that are libraries, and Boost, with their versions."""
    listed = pathlib.Path(__file__).resolve().parent.parent / "cmake" / "packages.txt"
    section, names = "", []
    for line in listed.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line.endswith("-dev") and (section == "bench" or line.startswith("libboost")):
            names.append(line)
    versions = [output_of("dpkg-query", "-W", "-f", "${Package} ${Version}", name) for name in names]
    return ", ".join(version for version in versions if version)


def facts():
    cores = len(os.sched_getaffinity(0))
    virtual = ", a virtual machine" if first_line("/proc/cpuinfo", r"^flags\b.*\b(hypervisor)\b") else ""
    model = first_line("/proc/cpuinfo", r"^model name\s*:\s*(.+)$") or platform.machine()
    system = first_line("/etc/os-release", r'^PRETTY_NAME="?([^"\n]+)') or platform.system()
    return {
        "machine": f"{model}, {cores} cores{virtual}",
        "system": f"{system}, Linux {platform.release()}",
        "governor": first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "not to be seen from here",
        "packages": peer_packages(),
        "heddle": output_of("git", "-C", str(pathlib.Path(__file__).resolve().parent), "describe", "--always", "--dirty"),
        "load_before": f"{os.getloadavg()[0]:.2f}",
    }


def run(program, results, arguments):
    """One run of everything, whose results and circumstances go into a file."""
    known = facts()
    if float(known["load_before"]) > 0.5:
        print(f"report: the machine is busy (load {known['load_before']}); what is measured now is no good to compare", file=sys.stderr)
    partial = results.with_name(results.name + ".part")
    arguments = RUN_ARGUMENTS + arguments
    command = [str(program), *arguments, f"--benchmark_out={partial}", "--benchmark_out_format=json"]
    if subprocess.run(command, check=False).returncode != 0:
        raise Problem(f"{program} failed; nothing was written")
    measured = json.loads(partial.read_text(encoding="utf-8"))
    measured["context"].update(known, arguments=" ".join([program.name, *arguments]))
    partial.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    shutil.move(partial, results)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="one run into a file; further arguments go to the program")
    running.add_argument("program", type=pathlib.Path)
    running.add_argument("results", type=pathlib.Path)
    writing = commands.add_parser("write", help="a file into pages")
    writing.add_argument("results", type=pathlib.Path)
    writing.add_argument("pages", type=pathlib.Path, nargs="+")
    chosen, rest = parser.parse_known_args()
    try:
        if chosen.command == "run":
            run(chosen.program, chosen.results, rest)
            return 0
        if rest:
            parser.error(f"unknown arguments: {' '.join(rest)}")
        results = Results(json.loads(chosen.results.read_text(encoding="utf-8")))
        for page in chosen.pages:
            write_page(results, page)
    except (Problem, OSError, json.JSONDecodeError) as problem:
        print(f"report: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
