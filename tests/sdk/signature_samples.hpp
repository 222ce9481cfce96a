// Declarations whose signature texts the tests know. Also compiled into a small printer by every compiler that is here,
// to see that they all spell them alike.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <heddle/signature.hpp>
#include <map>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace samples {

enum class Colour : std::uint8_t { red, green = 7, blue };
BOOST_DESCRIBE_ENUM(Colour, red, green, blue)
enum class Offset : std::int64_t { back = -3, none = 0 };
BOOST_DESCRIBE_ENUM(Offset, back, none)
enum class Plain : std::int16_t { a, b };
enum class Flag : bool { off, on };

struct Summary {
    double mean;
    std::uint64_t count;
};
BOOST_DESCRIBE_STRUCT(Summary, (), (mean, count))

struct Padded {
    char letter;
    std::int64_t number;
    bool flag;
    Colour colour;
    std::array<std::int16_t, 3> three;
};
BOOST_DESCRIBE_STRUCT(Padded, (), (letter, number, flag, colour, three))

struct Nested {
    Summary first;
    std::optional<Summary> second;
    std::vector<Padded> more;
};
BOOST_DESCRIBE_STRUCT(Nested, (), (first, second, more))

struct Tree {
    std::string name;
    std::vector<Tree> children;
    std::map<std::string, Tree> named;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (name, children, named))

struct B;
struct A {
    std::vector<B> bs;
};
struct B {
    std::vector<A> as;
};
BOOST_DESCRIBE_STRUCT(A, (), (bs))
BOOST_DESCRIBE_STRUCT(B, (), (as))

struct Base {
    std::int32_t below;
};
BOOST_DESCRIBE_STRUCT(Base, (), (below))
struct Derived : Base {
    float above;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (above))

class Private {
public:
    std::int32_t sum() const { return a_ + b_; }

private:
    std::int32_t a_ = 1;
    std::int32_t b_ = 2;
    BOOST_DESCRIBE_CLASS(Private, (), (), (), (a_, b_))
};

template <class T, std::size_t N>
struct Box {
    std::array<T, N> values;
    BOOST_DESCRIBE_CLASS(Box, (), (values), (), ())
};

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

namespace {
struct Hidden {
    std::int32_t x;
};
BOOST_DESCRIBE_STRUCT(Hidden, (), (x))
}  // namespace

// Descriptions that leave something out, or have an order of their own.
struct HalfDescribed {
    double told;
    double hidden;
};
BOOST_DESCRIBE_STRUCT(HalfDescribed, (), (told))
struct Shuffled {
    std::int32_t first;
    std::int32_t second;
};
BOOST_DESCRIBE_STRUCT(Shuffled, (), (second, first))

// What native: names differ by compiler, so these are not compared.
struct Undescribed {
    int x;
};

using seconds32 = std::chrono::duration<std::int32_t>;

// Calls visit.operator()<Signature>() for each.
template <class Visit>
void each_signature(Visit&& visit) {
    visit.template operator()<void()>();
    visit.template operator()<void(bool, char, signed char, unsigned char, short, unsigned short, int, unsigned int)>();
    visit.template operator()<void(long, unsigned long, long long, unsigned long long, float, double)>();
    visit.template operator()<void(std::string_view, double)>();
    visit.template operator()<Summary(std::string_view)>();
    visit.template operator()<std::string(const std::string&, std::string&, std::string)>();
    visit.template operator()<void(std::span<const double>, std::span<std::int32_t>)>();
    visit.template operator()<void(std::span<const std::string_view>, const std::vector<std::span<int>>&)>();
    visit.template operator()<Colour(Offset, Plain, Flag)>();
    visit.template operator()<Padded(const Padded&)>();
    visit.template operator()<Nested(Nested)>();
    visit.template operator()<Tree(const Tree&)>();
    visit.template operator()<A(B)>();
    visit.template operator()<Derived(Base)>();
    visit.template operator()<Private()>();
    visit.template operator()<void(Box<std::string, 2>, Box<int, 4>)>();
    visit.template operator()<Empty()>();
    visit.template operator()<Hidden()>();
    visit.template operator()<std::vector<std::string>()>();
    visit.template operator()<std::map<std::string, std::vector<double>>(std::pair<int, std::string>)>();
    visit.template operator()<void(const std::pair<const std::string, int>&, std::vector<bool>)>();
    visit.template operator()<std::chrono::nanoseconds(std::chrono::seconds, std::chrono::hours, seconds32)>();
    visit.template operator()<std::optional<std::string>(std::optional<std::int64_t>)>();
}

}  // namespace samples
