// heddle/signature.hpp: the text, fingerprint and tier of a function's type, worked out at compile time.
//
// A signature says everything that caller and provider must agree on, down to the fields of described structs with
// their offsets, so that the host can compare the two texts when a handle is bound:
//
//     void(str,f64)                             Summary{mean:f64@0,count:u64@8;16}(str)
//
// Grammar:  signature = result "(" [ type { "," type } ] ")"
//   void bool char i8..i64 u8..u64 f32 f64     numbers, by width
//   str  span<T>                               borrowed text and run of elements, as arguments: two registers
//   Name:i32{a=0,b=1}  Name:i32                an enum, described or not
//   Name{field:T@offset,...;size}              a struct described with BOOST_DESCRIBE_STRUCT; one whose description
//   leaves
//                                              fields out binds only within the same toolchain
//   duration<T,num/den>  array<T,n>            std::chrono::duration, std::array
//   const T&  T&                               references, as arguments
//   callback<void(i32)>                        heddle::callback: a function, safe when its module goes
//   lib:string  lib:seq<T>  lib:opt<T>  lib:map<K,V>  lib:pair<A,B>  lib:str  lib:span<T>
//                                              types of the standard library `lib` (libstdc++11, libc++1): owned text,
//                                              sequences ..., and views inside of other types
//   native:NAME                                anything else: binds only within the same toolchain
// Everything here is constexpr and has no state.
#pragma once

#include <array>
#include <boost/describe/bases.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "heddle/abi.h"

namespace heddle {
template <class Sig>
class callback;
}  // namespace heddle

namespace heddle::detail {

#if defined(_LIBCPP_VERSION)
inline constexpr std::string_view library_tag = "libc++1";
#elif defined(_GLIBCXX_DEBUG)
inline constexpr std::string_view library_tag = "libstdc++debug";
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
inline constexpr std::string_view library_tag = "libstdc++11";
#else
inline constexpr std::string_view library_tag = "libstdc++old";
#endif

/// The compiler's own spelling of T.
template <class T>
constexpr std::string_view native_name() {
    const std::string_view all = __PRETTY_FUNCTION__;  // "... [with T = X; ...]" (g++), "... [T = X]" (clang)
    const std::size_t begin = all.find("T = ") + 4;
    const std::size_t end = all.find(';', begin);
    return all.substr(begin, (end == std::string_view::npos ? all.size() - 1 : end) - begin);
}

/// T's name without the scopes around it, and without the arguments of a template, which compilers spell differently;
/// the fields that follow say more than they do.
template <class T>
constexpr std::string_view short_name() {
    std::string_view name = native_name<T>();
    std::size_t start = 0;
    int depth = 0;
    for (std::size_t i = 0; i + 1 < name.size(); ++i) {
        depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
        if (depth == 0 && name[i] == ':' && name[i + 1] == ':') {
            start = i + 2;
        }
    }
    name.remove_prefix(start);
    return name.substr(0, name.find('<'));
}

// Where a member stands in its struct, found without an object of it: the only address in the union that equals the
// member's. Nothing is read or constructed, and the union's object is never defined: only its address is looked at,
// by the compiler. (A local object would need a type that can be destroyed while compiling; std::map is none.)
template <class T>
union layout_probe {
    unsigned char bytes[sizeof(T)];
    T value;
    layout_probe();
    ~layout_probe();
};
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
extern layout_probe<T> probe_of;
template <class T, class Owner, class M>
consteval std::size_t offset_of(M Owner::*member) {  // Owner: T or a base of it
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        if (static_cast<const volatile void*>(&probe_of<T>.bytes[i]) ==
            static_cast<const volatile void*>(std::addressof(probe_of<T>.value.*member))) {
            return i;
        }
    }
    return sizeof(T);
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

template <class T>
inline constexpr bool is_described_struct = std::is_class_v<T>&& boost::describe::has_describe_members<T>::value;

template <template <class...> class List, class... D, class F>
constexpr void each_in(List<D...>, F&& f) {
    (f(D{}), ...);
}
template <class T>
using members_of = boost::describe::describe_members<T, static_cast<unsigned>(boost::describe::mod_any_access) |
                                                            static_cast<unsigned>(boost::describe::mod_inherited)>;

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... A>
inline constexpr bool is_a<Template<A...>, Template> = true;
// Those with another allocator or order are other types, which must not have the same text.
template <class T>
inline constexpr bool is_standard_vector = false;
template <class T>
inline constexpr bool is_standard_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_standard_map = false;
template <class K, class V>
inline constexpr bool is_standard_map<std::map<K, V>> = true;
template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_span = false;
template <class T>
inline constexpr bool is_span<std::span<T, std::dynamic_extent>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;

template <class T>
inline constexpr bool is_callback = false;
template <class Sig>
inline constexpr bool is_callback<callback<Sig>> = true;

/// True if T is a specialisation of one of the standard library's types that hold code or a deleter, by name, so that
/// their headers need not be included to refuse them.
template <class T>
constexpr bool is_std_named(std::string_view name) {
    std::string_view spelled = native_name<T>();
    for (const std::string_view scope : {"std::", "__cxx11::", "__1::"}) {
        if (spelled.starts_with(scope)) {
            spelled.remove_prefix(scope.size());
        }
    }
    return spelled == name || (spelled.starts_with(name) && spelled.substr(name.size()).starts_with("<"));
}

template <class T>
inline constexpr bool is_function_pointer = (std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>) ||
                                            std::is_member_pointer_v<T> || std::is_function_v<T>;
template <class T>
inline constexpr bool is_polymorphic = false;  // also of an incomplete type, about which nothing can be known
template <class T>
requires requires {
    sizeof(T);
}
inline constexpr bool is_polymorphic<T> = std::is_polymorphic_v<T>;
template <class T>
inline constexpr bool is_polymorphic_target = is_polymorphic<std::remove_cv_t<std::remove_pointer_t<T>>>;

/// Refuses, with what to use instead, a type that would dangle once the module that made it is unloaded.
template <class T>
constexpr void refuse_what_dangles() {
    static_assert(!is_std_named<T>("function") && !is_std_named<T>("move_only_function") && !is_std_named<T>("_Bind") &&
                      !is_std_named<T>("packaged_task"),
                  "heddle: a std::function in a signature dangles when the module that made it is unloaded; pass a "
                  "heddle::callback, or return the value");
    static_assert(!is_function_pointer<T>,
                  "heddle: a raw function pointer in a signature dangles when its module is unloaded; pass a "
                  "heddle::callback");
    static_assert(!is_std_named<T>("shared_ptr") && !is_std_named<T>("weak_ptr") && !is_std_named<T>("unique_ptr"),
                  "heddle: a smart pointer in a signature runs a deleter of a module that may be unloaded; pass the "
                  "value itself, as a struct described with BOOST_DESCRIBE_STRUCT");
    static_assert(!is_std_named<T>("any") && !is_std_named<T>("future") && !is_std_named<T>("shared_future") &&
                      !is_std_named<T>("promise") && !is_std_named<T>("__exception_ptr::exception_ptr") &&
                      !is_std_named<T>("exception_ptr") && !is_std_named<T>("coroutine_handle") &&
                      !is_std_named<T>("__n4861::coroutine_handle"),
                  "heddle: this type carries code of the module that made it, which may be unloaded; pass a struct "
                  "described with BOOST_DESCRIBE_STRUCT");
    static_assert(!is_polymorphic_target<T>,
                  "heddle: a polymorphic type in a signature calls into the module that made it, which may be "
                  "unloaded; pass a struct described with BOOST_DESCRIBE_STRUCT, or provide functions for it");
    static_assert(!std::is_same_v<std::remove_cv_t<T>, const char*> && !std::is_same_v<std::remove_cv_t<T>, char*>,
                  "heddle: use std::string_view instead of a pointer to characters in a signature");
    static_assert(!std::is_rvalue_reference_v<T>,
                  "heddle: pass by value instead of by rvalue reference in a signature");
}

/// The same for what a type holds that has no text of its own: what it points to, and the arguments of the standard
/// library's other templates (std::variant, std::tuple, std::unordered_map ...).
template <class T>
struct held_by {
    static constexpr void refuse() {
        if constexpr (std::is_pointer_v<T>) {
            refuse_held<std::remove_cv_t<std::remove_pointer_t<T>>>();
        }
    }
    template <class H>
    static constexpr void refuse_held() {
        if constexpr (!std::is_function_v<H>) {
            refuse_what_dangles<H>();
            held_by<H>::refuse();
        }
    }
};
template <template <class...> class Template, class... A>
struct held_by<Template<A...>> {
    static constexpr void refuse() {
        if constexpr (native_name<Template<A...>>().starts_with("std::")) {
            (held_by<void>::refuse_held<std::remove_cvref_t<A>>(), ...);
        }
    }
};

/// Among the open types of write_type: what is written stands in a function's result.
struct in_result {};

/// Refuses what would lead a caller into the memory of the module that it called.
template <class T>
constexpr void refuse_as_result() {
    static_assert(
        !std::is_reference_v<T> && !std::is_pointer_v<T>,
        "heddle: a function's result may not be or hold a reference or a pointer, which would dangle when the "
        "module is unloaded; return the value");
    static_assert(!std::is_same_v<T, std::string_view> && !is_span<T>,
                  "heddle: a function's result may not be or hold a view of its module's memory, which would dangle; "
                  "return std::string or std::vector");
}

/// Collects the text: first counting, then into a buffer of that size. Raises the tier as it meets types.
struct signature_writer {
    char* out = nullptr;
    std::size_t length = 0;
    std::uint32_t tier = HEDDLE_TIER_PORTABLE;

    constexpr void put(std::string_view text) {
        for (const char c : text) {
            if (out != nullptr) {
                out[length] = c;
            }
            ++length;
        }
    }
    constexpr void number(std::intmax_t value) {
        char digits[24]{};
        int count = 0;
        std::uintmax_t rest = value < 0 ? ~static_cast<std::uintmax_t>(value) + 1 : static_cast<std::uintmax_t>(value);
        do {
            digits[count++] = static_cast<char>('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        if (value < 0) {
            put("-");
        }
        while (count > 0) {
            put({&digits[--count], 1});
        }
    }
    constexpr void library(std::string_view name) {
        tier = tier < HEDDLE_TIER_LIBRARY ? std::uint32_t{HEDDLE_TIER_LIBRARY} : tier;
        put(library_tag);
        put(":");
        put(name);
    }
};

template <class T, class... Open>
constexpr void write_type(signature_writer& w);
template <class T>
struct write_callback;

template <class... Open, class... T>
constexpr void write_types(signature_writer& w, std::type_identity<T>...) {
    bool first = true;
    ((w.put(first ? "" : ","), first = false, write_type<T, Open...>(w)), ...);
}

template <class T>
constexpr void write_number(signature_writer& w) {
    if constexpr (std::is_same_v<T, bool>) {
        w.put("bool");
    } else if constexpr (std::is_same_v<T, char>) {
        w.put("char");
    } else if constexpr (std::is_same_v<T, long double>) {
        w.tier = HEDDLE_TIER_TOOLCHAIN;
        w.put("native:long double");
    } else {
        w.put(std::is_floating_point_v<T> ? "f" : std::is_signed_v<T> ? "i" : "u");
        w.number(static_cast<std::intmax_t>(sizeof(T) * 8));
    }
}

template <class T>
constexpr void write_enum(signature_writer& w) {
    w.put(short_name<T>());
    w.put(":");
    write_number<std::underlying_type_t<T>>(w);
    if constexpr (boost::describe::has_describe_enumerators<T>::value) {
        w.put("{");
        bool first = true;
        each_in(boost::describe::describe_enumerators<T>{}, [&](auto d) {
            w.put(first ? "" : ",");
            first = false;
            w.put(d.name);
            w.put("=");
            w.number(static_cast<std::intmax_t>(d.value));
        });
        w.put("}");
    }
}

template <class T, class... Open>
constexpr void write_struct(signature_writer& w) {
    w.put(short_name<T>());
    if constexpr (!(std::is_same_v<T, Open> || ...)) {  // inside itself (through a sequence) its name is enough
        w.put("{");
        bool first = true;
        std::size_t end = 0;
        const auto aligned = [](std::size_t at, std::size_t to) { return (at + to - 1) / to * to; };
        each_in(members_of<T>{}, [&](auto d) {
            using field = std::remove_cvref_t<decltype(std::declval<T&>().*d.pointer)>;
            w.put(first ? "" : ",");
            first = false;
            w.put(d.name);
            w.put(":");
            write_type<field, T, Open...>(w);
            w.put("@");
            w.number(static_cast<std::intmax_t>(offset_of<T>(d.pointer)));
            if (aligned(end, alignof(field)) != offset_of<T>(d.pointer)) {
                w.tier = HEDDLE_TIER_TOOLCHAIN;  // a field that is not described, or an order of its own
            }
            end = offset_of<T>(d.pointer) + sizeof(field);
        });
        if (!std::is_empty_v<T> && aligned(end, alignof(T)) != sizeof(T)) {
            w.tier = HEDDLE_TIER_TOOLCHAIN;
        }
        w.put(";");
        w.number(static_cast<std::intmax_t>(sizeof(T)));
        w.put("}");
    }
}

/// A type that stands inside another, or is passed or returned by value.
template <class T, class... Open>
constexpr void write_type(signature_writer& w) {
    refuse_what_dangles<T>();
    if constexpr ((std::is_same_v<in_result, Open> || ...)) {
        refuse_as_result<T>();
    }
    if constexpr (std::is_const_v<T>) {
        write_type<std::remove_const_t<T>, Open...>(w);
    } else if constexpr (std::is_void_v<T>) {
        w.put("void");
    } else if constexpr (std::is_arithmetic_v<T>) {
        write_number<T>(w);
    } else if constexpr (std::is_enum_v<T>) {
        write_enum<T>(w);
    } else if constexpr (std::is_same_v<T, std::string>) {
        w.library("string");
    } else if constexpr (std::is_same_v<T, std::string_view>) {
        w.library("str");
    } else if constexpr (is_span<T>) {
        w.library("span<");
        w.put(std::is_const_v<typename T::element_type> ? "const " : "");
        write_type<typename T::value_type, Open...>(w);
        w.put(">");
    } else if constexpr (is_standard_vector<T>) {
        w.library("seq<");
        write_type<typename T::value_type, Open...>(w);
        w.put(">");
    } else if constexpr (is_a<T, std::optional>) {
        w.library("opt<");
        write_type<typename T::value_type, Open...>(w);
        w.put(">");
    } else if constexpr (is_standard_map<T>) {
        w.library("map<");
        write_types<Open...>(w, std::type_identity<typename T::key_type>{},
                             std::type_identity<typename T::mapped_type>{});
        w.put(">");
    } else if constexpr (is_a<T, std::pair>) {
        w.library("pair<");
        write_types<Open...>(w, std::type_identity<typename T::first_type>{},
                             std::type_identity<typename T::second_type>{});
        w.put(">");
    } else if constexpr (is_std_array<T>) {
        w.put("array<");
        write_type<typename T::value_type, Open...>(w);
        w.put(",");
        w.number(static_cast<std::intmax_t>(std::tuple_size_v<T>));
        w.put(">");
    } else if constexpr (is_duration<T>) {
        w.put("duration<");
        write_type<typename T::rep, Open...>(w);
        w.put(",");
        w.number(T::period::num);
        w.put("/");
        w.number(T::period::den);
        w.put(">");
    } else if constexpr (is_callback<T>) {
        write_callback<T>::write(w);
    } else if constexpr (is_described_struct<T>) {
        write_struct<T, Open...>(w);
    } else {
        held_by<T>::refuse();
        w.tier = HEDDLE_TIER_TOOLCHAIN;
        w.put("native:");
        w.put(native_name<T>());
    }
}

/// An argument: like write_type, but views cross as the ABI's own and references are allowed.
template <class T>
constexpr void write_argument(signature_writer& w) {
    if constexpr (std::is_same_v<T, std::string_view>) {
        w.put("str");
    } else if constexpr (is_span<T>) {
        w.put("span<");
        w.put(std::is_const_v<typename T::element_type> ? "const " : "");
        write_type<typename T::value_type>(w);
        w.put(">");
    } else if constexpr (std::is_lvalue_reference_v<T>) {
        w.put(std::is_const_v<std::remove_reference_t<T>> ? "const " : "");
        write_type<std::remove_cvref_t<T>>(w);
        w.put("&");
    } else {
        write_type<T>(w);
        static_assert(std::is_reference_v<T> || std::is_nothrow_move_constructible_v<T>,
                      "heddle: an argument whose move constructor can throw cannot be passed by value, as the throw "
                      "would come in the middle of the call; pass it by const reference");
    }
}

template <class R>
constexpr void write_result(signature_writer& w) {
    if constexpr (!std::is_void_v<R> && !std::is_reference_v<R>) {
        static_assert(std::is_default_constructible_v<R>,
                      "heddle: a function's result must have a default constructor, for calls that fail");
    }
    write_type<R, in_result>(w);
}

template <class Sig>
struct signature_of;
template <class Sig>
struct write_callback<callback<Sig>> {
    static constexpr void write(signature_writer& w) {
        w.put("callback<");
        signature_of<Sig>::write(w);
        w.put(">");
    }
};
template <class R, class... A>
struct signature_of<R(A...)> {
    static constexpr void write(signature_writer& w) {
        write_result<R>(w);
        w.put("(");
        bool first = true;
        ((w.put(first ? "" : ","), first = false, write_argument<A>(w)), ...);
        w.put(")");
    }
    static constexpr std::size_t length = [] {
        signature_writer w;
        write(w);
        return w.length;
    }();
    struct written {
        std::array<char, length + 1> text{};
        std::uint32_t tier = 0;
        std::uint64_t fingerprint = 14695981039346656037U;
    };
    static constexpr written value = [] {
        written result;
        signature_writer w{result.text.data()};
        write(w);
        result.tier = w.tier;
        for (std::size_t i = 0; i < length; ++i) {  // FNV-1a, 64 bits: Fowler, Noll, Vo; draft-eastlake-fnv
            result.fingerprint = (result.fingerprint ^ static_cast<unsigned char>(result.text[i])) * 1099511628211U;
        }
        return result;
    }();
    static heddle_signature abi() noexcept {
        return {sizeof(heddle_signature), 1, {value.text.data(), length}, value.fingerprint, value.tier, 0};
    }
};

}  // namespace heddle::detail

namespace heddle {

/// The signature's text, as hosts compare and print it: signature_text<void(std::string_view, double)> is
/// "void(str,f64)".
template <class Sig>
inline constexpr std::string_view signature_text{detail::signature_of<Sig>::value.text.data(),
                                                 detail::signature_of<Sig>::length};
/// FNV-1a, 64 bits, of the text.
template <class Sig>
inline constexpr std::uint64_t signature_fingerprint = detail::signature_of<Sig>::value.fingerprint;
/// HEDDLE_TIER_PORTABLE, HEDDLE_TIER_LIBRARY or HEDDLE_TIER_TOOLCHAIN.
template <class Sig>
inline constexpr std::uint32_t signature_tier = detail::signature_of<Sig>::value.tier;

}  // namespace heddle
