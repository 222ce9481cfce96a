#include "config/tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>

#include "config/source.hpp"
#include "config/syntax.hpp"
#include "config/variables.hpp"

namespace heddle::config {
namespace {

struct Stop {};  // thrown through the parser once reading on makes no sense; the problem is noted already

bool is_null_text(std::string_view text) {
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

struct Size {
    std::size_t nodes = 1;
    std::size_t bytes = 0;
    std::size_t depth = 0;
};

Size measure(const Node& node) {
    Size size{1, node.text.size() + node.key.size(), node.children.empty() ? 0U : 1U};
    for (const Node& child : node.children) {
        const Size inner = measure(child);
        size.nodes += inner.nodes;
        size.bytes += inner.bytes;
        size.depth = std::max(size.depth, inner.depth + 1);
    }
    return size;
}

// Builds the tree from the parser's events, which alone tell duplicate keys, quotes and aliases.
class Builder final : public YAML::EventHandler {
public:
    Builder(const Source& source, std::string_view file, const Environment& environment, Tree& tree)
        : source_(source), file_(file), environment_(environment), tree_(tree) {}

    // The place of the innermost list or map that is open, if it is written as [ ] or { }.
    std::optional<Place> open_flow() const {
        return stack_.empty() || !stack_.back().flow ? std::nullopt : std::optional(stack_.back().node.place);
    }

private:
    struct Frame {
        Node node;
        YAML::anchor_t anchor = 0;
        bool flow = false;
        bool is_key = false;   // [a]: 1, which is refused
        bool has_key = false;  // of a map: the key is read, its value comes next
        bool drop = false;     // that value belongs to no key that can be used
        std::string key;
        Place key_place;
        std::unordered_map<std::string, Place> keys;
    };

    std::size_t offset(const YAML::Mark& mark) const {
        return skip_properties(source_, static_cast<std::size_t>(std::max(mark.pos, 0)));
    }
    Place place(const YAML::Mark& mark) const { return source_.place(offset(mark)); }

    void report(Place at, std::string message) { tree_.problems.push_back({file_, at, std::move(message)}); }

    [[noreturn]] void stop(Place at, std::string message) {
        report(at, std::move(message));
        throw Stop();
    }

    void account(const Size& size, Place at) {
        nodes_ += size.nodes;
        bytes_ += size.bytes;
        if (nodes_ > max_nodes) {
            stop(at, "more than " + std::to_string(max_nodes) + " values (aliases count as what they stand for)");
        }
        if (bytes_ > max_text) {
            stop(at, "more than " + std::to_string(max_text >> 20U) +
                         " MiB of text (aliases and variables count as what they stand for)");
        }
        if (stack_.size() + size.depth > max_depth) {
            stop(at, "more than " + std::to_string(max_depth) + " lists and maps inside each other");
        }
    }

    bool expects_key() const { return !stack_.empty() && stack_.back().node.is_map() && !stack_.back().has_key; }

    void refuse_key(Place at, std::string message) {
        report(at, std::move(message));
        stack_.back().key_place = at;
        stack_.back().has_key = true;
        stack_.back().drop = true;
    }

    void take_key(const std::string& text, bool quoted, Place at) {
        if (text == "<<" && !quoted) {
            return refuse_key(at, "merge keys ('<<') are not supported (write the keys out)");
        }
        Frame& map = stack_.back();
        const auto [known, is_new] = map.keys.emplace(text, at);
        if (!is_new) {
            return refuse_key(at, "key '" + shorten(text) + "' was given in line " +
                                      std::to_string(known->second.line) + " already (remove one of the two)");
        }
        map.has_key = true;
        map.key = text;
        map.key_place = at;
    }

    // A null without a text of its own is marked where the next token stands, which may be far away.
    Place null_place(const YAML::Mark& mark) const {
        const Place at = place(mark);
        if (stack_.empty()) {
            return at;
        }
        const Frame& parent = stack_.back();
        if (parent.node.is_map()) {
            return at.line == parent.key_place.line ? at : parent.key_place;
        }
        const std::string_view rest = std::string_view(source_.text()).substr(offset(mark));
        if (parent.flow || rest.starts_with('~') || rest.starts_with("null")) {
            return at;
        }
        for (std::size_t before = source_.line_start(offset(mark)); before > 0;) {  // back to the line with its '-'
            before = source_.line_start(before - 1);
            const std::string_view line = source_.line_at(before);
            const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
            if (line.substr(first).starts_with('-')) {
                return source_.place(before + first);
            }
        }
        return at;
    }

    void finish(Node node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            account(measure(node), node.place);
            anchors_[anchor] = node;
        }
        if (stack_.empty()) {
            tree_.root = std::move(node);
            return;
        }
        Frame& parent = stack_.back();
        if (!parent.node.is_map()) {
            parent.node.children.push_back(std::move(node));
            return;
        }
        if (!parent.drop) {
            node.key = std::exchange(parent.key, {});
            node.key_place = parent.key_place;
            parent.node.children.push_back(std::move(node));
        }
        parent.has_key = false;
        parent.drop = false;
    }

    void check_tag(Place at, const std::string& tag, std::initializer_list<std::string_view> known) {
        if (std::find(known.begin(), known.end(), tag) == known.end()) {
            report(at, "tag '" + shorten(tag) + "' is not supported (remove it)");
        }
    }

    void begin(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
        const Place at = place(mark);
        Frame frame;
        frame.is_key = expects_key();
        if (frame.is_key) {
            refuse_key(at, std::string("a key must be a text, found ") + (kind == Kind::map ? "a map" : "a list"));
        }
        account({1, 0, 1}, at);
        frame.node.kind = kind;
        frame.node.place = at;
        frame.anchor = anchor;
        frame.flow = style == YAML::EmitterStyle::Flow;
        stack_.push_back(std::move(frame));
    }

    void end() {
        Frame frame = std::move(stack_.back());
        stack_.pop_back();
        if (!frame.is_key) {
            finish(std::move(frame.node), frame.anchor);
        }
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ == 1) {
            return;
        }
        const std::string_view line = source_.line_at(offset(mark));
        stop(place(mark), line.starts_with("---")
                              ? "a second document begins here (a configuration is a single one)"
                              : "this does not belong to what stands above it (a file is one map, or one list)");
    }

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (expects_key()) {
            return refuse_key(place(mark), "a key must be a text, found nothing");
        }
        Node node;
        node.place = null_place(mark);
        account({}, node.place);
        finish(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const Place at = place(mark);
        if (expects_key()) {
            return refuse_key(at, "a key must be a text, found an alias (write the key out)");
        }
        const auto target = anchors_.find(anchor);
        if (target == anchors_.end()) {
            report(at, "the alias stands inside the value that it refers to (write the value out)");
            return finish(Node{}, 0);
        }
        account(measure(target->second), at);
        finish(Node(target->second), 0);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        const Place at = place(mark);
        const bool quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
        check_tag(at, tag,
                  {"!", "?", "", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float",
                   "tag:yaml.org,2002:bool"});
        if (is_open_quote(source_, offset(mark))) {
            stop(at, "the quote that opens here is never closed");
        }
        if (expects_key()) {
            return take_key(value, quoted, at);
        }
        Node node = Node::scalar(value, quoted);
        node.place = at;
        if (value.find('$') != std::string::npos) {
            expand(node, offset(mark));
        }
        account({1, node.text.size(), 0}, at);
        finish(std::move(node), anchor);
    }

    void expand(Node& node, std::size_t from) {
        Expanded expanded = expand_variables(node.text, environment_, max_text - std::min(bytes_, max_text));
        // The dollar signs of a text stand in the file in the same order, unless they are written as escapes.
        std::size_t dollar = source_.text().find('$', from);
        std::size_t passed = 0;
        for (VariableProblem& problem : expanded.problems) {
            for (; passed < problem.dollar && dollar != std::string::npos; ++passed) {
                dollar = source_.text().find('$', dollar + 1);
            }
            const bool is_reference = dollar != std::string::npos && source_.text().compare(dollar, 2, "${") == 0;
            report(source_.place(is_reference ? dollar : from), std::move(problem.message));
        }
        if (!expanded.problems.empty()) {
            tree_.broken.push_back(node.place);
            return;
        }
        node.text = std::move(expanded.text);
        if (!node.quoted && is_null_text(node.text)) {
            node.kind = Kind::null;
            node.text.clear();
        }
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        check_tag(place(mark), tag, {"!", "?", "", "tag:yaml.org,2002:seq"});
        begin(Kind::list, mark, anchor, style);
    }

    void OnSequenceEnd() override { end(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        check_tag(place(mark), tag, {"!", "?", "", "tag:yaml.org,2002:map"});
        begin(Kind::map, mark, anchor, style);
    }

    void OnMapEnd() override { end(); }

    const Source& source_;
    std::string file_;
    const Environment& environment_;
    Tree& tree_;
    std::vector<Frame> stack_;
    std::unordered_map<YAML::anchor_t, Node> anchors_;
    std::size_t documents_ = 0;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace

Tree read_tree(std::string_view bytes, std::string_view file, const Environment& environment) {
    Tree tree;
    tree.root.place = {1, 1};
    const Source source(bytes, file, tree.problems);
    if (!tree.problems.empty()) {
        return tree;
    }
    Builder builder(source, file, environment, tree);
    try {
        std::istringstream stream(source.text());
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        tree.complete = true;
    } catch (const YAML::Exception& error) {
        tree.problems.push_back(explain_syntax(error, source, file, builder.open_flow()));
    } catch (const Stop&) {
    }
    sort(tree.problems);
    return tree;
}

}  // namespace heddle::config
