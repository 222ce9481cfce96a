// Fills the settings from the tree: which keys there are, what they may hold and what they mean.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "config/cpus.hpp"
#include "config/load.hpp"
#include "config/section.hpp"
#include "config/wires.hpp"

namespace heddle::config {
namespace {

template <typename Enum, std::size_t count>
std::array<std::string_view, count> names_of() {
    std::array<std::string_view, count> names;
    for (std::size_t i = 0; i < count; ++i) {
        names[i] = to_string(static_cast<Enum>(i));
    }
    return names;
}

constexpr DurationRange spins{Duration(0), std::chrono::seconds(1), "a duration from 0s to 1s, such as 20us or 1ms",
                              "us"};

class Reader {
public:
    Reader(Report& report, std::filesystem::path directory) : report_(report), directory_(std::move(directory)) {}

    Settings read(const Node& root) {
        Settings settings;
        settings.file = report_.file;
        Section top(&root, "", report_);
        host(top.any("host"), settings.host);
        if (const Node* list = top.any("modules")) {
            modules(*list, settings.modules);
        }
        settings.wire = read_wires(top.any("wire"), "", report_);
        top.unknown_keys();
        check_wires(settings, report_);
        return settings;
    }

private:
    std::filesystem::path path(const std::string& text) const {
        return text.empty() ? std::filesystem::path() : (directory_ / text).lexically_normal();
    }

    void host(const Node* node, HostSettings& host) {
        Section section(node, " in host", report_);
        Section::take(host.call_timeout, section.duration("call_timeout"));
        Section::take(host.gate_timeout, section.duration("gate_timeout"));
        Section::take(host.start_timeout, section.duration("start_timeout"));
        Section::take(host.stop_timeout, section.duration("stop_timeout"));
        Section::take(host.drain_timeout, section.duration("drain_timeout"));
        Section::take(host.call_depth, section.integer("call_depth", 8, 4096));
        Section::take(host.preflight, section.boolean("preflight"));
        Section::take(host.preflight_timeout, section.duration("preflight_timeout"));
        host.preflight_cache = path(section.text("preflight_cache").value_or(""));
        log(section.any("log"), host.log);
        if (const Node* list = section.any("plugins")) {
            plugins(section, *list, host.plugins);
        }
        section.unknown_keys();
    }

    void log(const Node* node, LogSettings& log) {
        Section section(node, " in host.log", report_);
        Section::take(log.level, section.one_of("level", names_of<LogLevel, 6>()));
        log.file = path(section.text("file").value_or(""));
        Section::take(log.json, section.boolean("json"));
        section.unknown_keys();
    }

    void plugins(Section& section, const Node& list, std::vector<std::filesystem::path>& directories) {
        if (list.is_null()) {
            return;
        }
        if (!list.is_list()) {
            section.wrong(list, "a list of directories",
                          list.is_scalar() ? " (write [" + shorten(list.text) + "])" : std::string());
            return;
        }
        for (const Node& item : list.children) {
            if (item.is_scalar() && !item.text.empty()) {
                directories.push_back(path(item.text));
            } else {
                report_.add(item.place, "an entry of 'plugins' in host must be a directory, found " + found(item));
            }
        }
    }

    void modules(const Node& list, std::vector<ModuleSettings>& modules) {
        if (list.is_null()) {
            return;
        }
        if (!list.is_list()) {
            report_.add(list.place,
                        "'modules' must be a list (one '- name: ...' for each module), found " + found(list));
            return;
        }
        std::map<std::string, Place, std::less<>> names;
        for (const Node& item : list.children) {
            if (!item.is_map()) {
                report_.add(item.place, "a module must be a map (- name: ...), found " + found(item));
                continue;
            }
            ModuleSettings module = this->module(item, modules.size() + 1);
            if (!module.name.empty()) {
                const auto [known, is_new] = names.emplace(module.name, module.place);
                if (!is_new) {
                    report_.add(module.place, "module '" + module.name + "' is defined in line " +
                                                  std::to_string(known->second.line) +
                                                  " already (give one of the two another name)");
                }
            }
            modules.push_back(std::move(module));
        }
    }

    ModuleSettings module(const Node& node, std::size_t number) {
        ModuleSettings module;
        module.place = node.place;
        const Node* name = node.find("name");
        const bool named = name != nullptr && name->is_scalar() && !name->text.empty();
        const std::string called = named ? '\'' + shorten(name->text) + '\'' : "number " + std::to_string(number);
        Section section(&node, " for module " + called, report_);
        module.name = module_name(section);
        if (name != nullptr) {
            module.place = name->place;
        }
        module.plugin_place = module.place;
        module.plugin = plugin_name(section, module);
        Section::take(module.enabled, section.boolean("enabled"));
        if (const auto level = section.one_of("log_level", names_of<LogLevel, 6>())) {
            module.log_level = static_cast<LogLevel>(*level);
        }
        module.start_timeout = section.duration("start_timeout");
        module.stop_timeout = section.duration("stop_timeout");
        thread(section.any("thread"), " in thread of module " + called, module.thread);
        module.wire = read_wires(section.any("wire"), " for module " + called, report_);
        if (const Node* config = section.any("config")) {
            module.config = *config;
        } else {
            module.config.place = module.place;
        }
        section.unknown_keys();
        return module;
    }

    static bool is_name(std::string_view name, std::size_t longest) {
        const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
        return !name.empty() && name.size() <= longest && letter(name.front()) &&
               std::all_of(name.begin(), name.end(),
                           [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
    }

    // " (write 'stats')" where small letters are all it takes.
    static std::string in_small_letters(std::string name, std::size_t longest) {
        std::transform(name.begin(), name.end(), name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : (c == ' ' || c == '.' ? '_' : c);
        });
        return is_name(name, longest) ? " (write '" + name + "')" : "";
    }

    std::string module_name(Section& section) {
        const Node* node = section.any("name");
        if (node == nullptr) {
            report_.add(section.place(), "a module without a name (add 'name: ...')");
            return {};
        }
        constexpr std::size_t longest = 32;
        if (!node->is_scalar()) {
            report_.add(node->place, "the name of a module must be a text, found " + found(*node));
            return {};
        }
        if (!is_name(node->text, longest)) {
            report_.add(node->place, found(*node) +
                                         " cannot name a module: expected up to 32 of a-z, 0-9, _ and -, "
                                         "a letter first" +
                                         in_small_letters(node->text, longest));
        } else if (node->text == "host") {
            report_.add(node->place, "'host' cannot name a module: it is the host's own name (choose another)");
        }
        return node->text;
    }

    std::string plugin_name(Section& section, ModuleSettings& module) {
        const Node* node = section.any("plugin");
        if (node == nullptr) {
            return module.name;
        }
        module.plugin_place = node->place;
        constexpr std::size_t longest = 63;  // what fits into heddle_plugin_info.name
        if (!node->is_scalar()) {
            section.wrong(*node, "the name of a plugin",
                          node->is_null() ? " (remove the key: the plugin is then named as the module)" : "");
            return module.name;
        }
        if (!is_name(node->text, longest)) {
            report_.add(node->place, found(*node) +
                                         " cannot name a plugin: expected up to 63 of a-z, 0-9, _ and -, "
                                         "a letter first" +
                                         in_small_letters(node->text, longest));
        }
        return node->text;
    }

    void thread(const Node* node, const std::string& where, ThreadSettings& thread) {
        Section section(node, where, report_);
        if (const Node* cpus_node = section.any("cpus")) {
            cpus(section, *cpus_node, thread.cpus);
        }
        const Node* policy_node = section.any("policy");
        const auto policy = section.one_of("policy", names_of<Policy, 5>());
        Section::take(thread.policy, policy);
        const bool real_time = thread.policy == Policy::fifo || thread.policy == Policy::rr;
        std::int64_t low = real_time ? 1 : -20;
        std::int64_t high = real_time ? 99 : 19;
        std::string condition = std::string(real_time ? "" : " (a nice value)") + " with policy '" +
                                std::string(to_string(thread.policy)) + '\'';
        if (policy_node != nullptr && !policy) {  // which range is meant is not known
            low = -20;
            high = 99;
            condition.clear();
        }
        const auto priority = section.integer("priority", low, high, condition);
        thread.priority = static_cast<std::int32_t>(priority.value_or(real_time ? 1 : 0));
        Section::take(thread.idle, section.one_of("idle", names_of<Idle, 3>()));
        Section::take(thread.spin, section.duration("spin", spins));
        Section::take(thread.mailbox, section.integer("mailbox", 1, 65536));
        section.unknown_keys();
    }

    void cpus(Section& section, const Node& node, std::vector<std::uint32_t>& cpus) {
        const auto add = [&](const Node& item) {
            if (!item.is_scalar()) {
                report_.add(item.place, "an entry of 'cpus'" + section.where() +
                                            " must be a CPU number or a range such as 2-3, found " + found(item));
            } else if (const auto wrong = add_cpus(item.text, cpus)) {
                report_.add(item.place, "cannot read " + found(item) + " in 'cpus'" + section.where() + ": " + *wrong);
            }
        };
        if (node.is_scalar()) {
            add(node);
        } else if (node.is_list() && !node.children.empty()) {
            std::for_each(node.children.begin(), node.children.end(), add);
        } else if (node.is_list()) {
            report_.add(node.place, "'cpus'" + section.where() + " names no CPU (remove it to allow all of them)");
        } else {
            section.wrong(node, "CPU numbers and ranges such as [0, 2-3]");
        }
        tidy_cpus(cpus);
    }

    Report& report_;
    std::filesystem::path directory_;
};

}  // namespace

Loaded<Settings> to_settings(const Node& root, std::string_view file, const std::filesystem::path& directory) {
    Report report{std::string(file), {}};
    Loaded<Settings> loaded;
    loaded.value = Reader(report, directory).read(root);
    loaded.problems = std::move(report.problems);
    sort(loaded.problems);
    return loaded;
}

}  // namespace heddle::config
