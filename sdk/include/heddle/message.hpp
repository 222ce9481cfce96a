// heddle/message.hpp: a call as a message: its arguments one after the other in a block, as heddle_run describes it.
//
// A queued function is called through code that the caller's handle brings along (marshal): it puts the arguments into
// a block on the caller's stack and waits for the module's thread to run them. A message that outlives the caller's
// frame holds copies instead, deep where an argument is a view (capture). The provider's side (runner) reads a block
// and calls the function.
// Thread-safety: a block belongs to one thread at a time; handing it over is the host's matter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "heddle/abi.h"
#include "heddle/call.hpp"
#include "heddle/signature.hpp"

namespace heddle::detail {

/// What stands in a block for an argument: the value as it crosses, or a pointer for a reference.
template <class A>
using field_t = std::conditional_t<std::is_reference_v<A>, std::remove_reference_t<A>*, wire_t<A>>;

constexpr std::size_t aligned(std::size_t at, std::size_t to) noexcept {
    return (at + to - 1) / to * to;
}

/// A block's layout for a list of arguments, the same for every compiler: each field at the next multiple of its
/// alignment.
template <class... A>
struct block_layout {
    static constexpr std::size_t count = sizeof...(A);
    static constexpr std::size_t align = [] {
        std::size_t most = 8;
        ((most = alignof(field_t<A>) > most ? alignof(field_t<A>) : most), ...);
        return most;
    }();
    static constexpr std::array<std::size_t, count + 1> offsets = [] {
        std::array<std::size_t, count + 1> at{};
        std::size_t end = 0;
        std::size_t i = 0;
        // NOLINTNEXTLINE(bugprone-sizeof-expression): a reference's field is a pointer, and its size is meant
        ((at[i] = aligned(end, alignof(field_t<A>)), end = at[i] + sizeof(field_t<A>), ++i), ...);
        at[i] = end;
        return at;
    }();
    static constexpr std::size_t size = offsets[count];
    /// It may be copied byte by byte, and needs no end.
    static constexpr bool flat = (std::is_trivially_copyable_v<field_t<A>> && ...);

    template <std::size_t I>
    static auto* field(void* block) noexcept {
        using type = std::tuple_element_t<I, std::tuple<field_t<A>...>>;
        return std::launder(reinterpret_cast<type*>(static_cast<std::byte*>(block) + offsets[I]));
    }
    template <std::size_t I, class V>
    static void put(void* block, V&& value) noexcept {
        using type = std::tuple_element_t<I, std::tuple<field_t<A>...>>;
        ::new (static_cast<void*>(static_cast<std::byte*>(block) + offsets[I])) type(std::forward<V>(value));
    }
    static void destroy(void* block) noexcept {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (std::destroy_at(field<I>(block)), ...);
        }
        (std::index_sequence_for<A...>{});
    }
};

/// An argument out of its field, for the function.
template <class A>
decltype(auto) argument_of(field_t<A>& field) noexcept {
    if constexpr (std::is_reference_v<A>) {
        return static_cast<A>(*field);
    } else {
        return wire<A>::in(field);
    }
}

/// Runs Target with the arguments of a block, on the module's thread, which the host holds for it where the policy asks
/// so. Gives heddle_run's code.
template <class Sig, class Target, bool Throws>
struct runner;
template <class R, class... A, class Target, bool Throws>
struct runner<R(A...), Target, Throws> {
    using layout = block_layout<A...>;

    static void code(void* self, void* block, void* result) noexcept {
        if constexpr (!Throws) {
            invoke(self, block, result, std::index_sequence_for<A...>{});
        } else {
            try {
                invoke(self, block, result, std::index_sequence_for<A...>{});
            } catch (...) {
                report_exception(*Target::ends(self).host);
            }
        }
    }

private:
    template <std::size_t... I>
    static void invoke(void* self, [[maybe_unused]] void* block, [[maybe_unused]] void* result,
                       std::index_sequence<I...> /*fields*/) {
        if constexpr (std::is_void_v<R>) {
            Target::invoke(self, argument_of<A>(*layout::template field<I>(block))...);
        } else if (result == nullptr) {
            static_cast<void>(Target::invoke(self, argument_of<A>(*layout::template field<I>(block))...));
        } else {
            ::new (result) R(Target::invoke(self, argument_of<A>(*layout::template field<I>(block))...));
        }
    }
};

/// True where T holds, below itself, a view of somebody's memory.
template <class T, class... Open>
consteval bool holds_view() {
    if constexpr (std::is_same_v<T, std::string_view> || is_span<T> || std::is_pointer_v<T>) {
        return true;
    } else if constexpr (is_standard_vector<T> || is_a<T, std::optional> || is_std_array<T>) {
        return holds_view<typename T::value_type, Open...>();
    } else if constexpr (is_standard_map<T>) {
        return holds_view<typename T::key_type, Open...>() || holds_view<typename T::mapped_type, Open...>();
    } else if constexpr (is_a<T, std::pair>) {
        return holds_view<typename T::first_type, Open...>() || holds_view<typename T::second_type, Open...>();
    } else if constexpr (is_described_struct<T>) {
        if constexpr ((std::is_same_v<T, Open> || ...)) {
            return false;
        } else {
            bool found = false;
            each_in(members_of<T>{}, [&](auto d) {
                found = found || holds_view<std::remove_cvref_t<decltype(std::declval<T&>().*d.pointer)>, T, Open...>();
            });
            return found;
        }
    } else {
        return false;
    }
}

/// True for arguments that are known to be all there is of them.
template <class A>
inline constexpr bool is_own_value = [] {
    if constexpr (std::is_arithmetic_v<A> || std::is_enum_v<A> || is_duration<A>) {
        return true;
    } else if constexpr (is_described_struct<A> || is_std_array<A>) {
        return std::is_trivially_copyable_v<A> && !holds_view<A>();
    } else {
        return false;
    }
}();

/// The code of a link that leads to a queued function: `self` is the link.
template <class Sig>
struct marshal;
template <class R, class... A>
struct marshal<R(A...)> {
    using layout = block_layout<A...>;

    static R code(void* self, wire_t<A>... arguments) noexcept {
        auto* const link = static_cast<heddle_link*>(self);
        alignas(layout::align) std::byte block[layout::size == 0 ? 1 : layout::size];
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (layout::template put<I>(static_cast<void*>(block), to_field<A>(arguments)), ...);
        }
        (std::index_sequence_for<A...>{});
        heddle_request request{
            sizeof(heddle_request), 1, 0, static_cast<std::uint32_t>(layout::size), 0, 0, block, nullptr};
        if constexpr (layout::flat && layout::align <= 8) {
            request.flags |= HEDDLE_FLAT_BLOCK;
            if constexpr ((is_own_value<A> && ...)) {
                request.flags |= HEDDLE_OWN_BLOCK;
            }
        }
        if constexpr (std::is_void_v<R>) {
            link->calls->queued(link, &request);
            layout::destroy(block);
        } else {
            union storage {  // ended by hand: it is empty when the call fails
                R value;
                storage() noexcept {}
                ~storage() {}
            } result;
            request.result = std::addressof(result.value);
            request.result_size = sizeof(R);
            if constexpr (std::is_trivially_copyable_v<R> && alignof(R) <= 8) {
                request.flags |= HEDDLE_FLAT_RESULT;
            }
            const bool answered = link->calls->queued(link, &request) != 0;
            layout::destroy(block);
            if (!answered) {
                return R();
            }
            R value(std::move(result.value));
            std::destroy_at(std::addressof(result.value));
            return value;
        }
    }

private:
    template <class A1>
    static auto to_field(wire_t<A1>& argument) noexcept {
        if constexpr (std::is_reference_v<A1>) {
            return std::addressof(argument);
        } else {
            return static_cast<wire_t<A1>&&>(argument);
        }
    }
};

// ---- capturing: arguments that outlive their caller's frame -----------------------------------------------------

/// What a captured argument needs behind the block, how it is put there, and its end.
template <class A>
struct captured {  // a value
    static_assert(!holds_view<A>(),
                  "heddle: a view inside of an argument would dangle in a message that outlives the call (post, async, "
                  "within); hold the text or the elements themselves (std::string, std::vector)");
    static constexpr bool needs_end = !std::is_trivially_destructible_v<A>;
    static constexpr bool nothrow = std::is_trivially_copyable_v<A>;
    static constexpr std::size_t more(const A& /*value*/, std::size_t end) noexcept { return end; }
    template <class V>
    static void put(std::byte* field, std::byte* /*base*/, std::size_t& /*end*/, V&& value) {
        ::new (static_cast<void*>(field)) A(std::forward<V>(value));
    }
    static void destroy(A& field) noexcept { std::destroy_at(&field); }
};
template <class T>
struct captured<const T&> {
    static_assert(!holds_view<T>(),
                  "heddle: a view inside of an argument would dangle in a message that outlives the call (post, async, "
                  "within); hold the text or the elements themselves (std::string, std::vector)");
    static_assert(alignof(T) <= 8, "heddle: an argument of a message may be aligned to 8 bytes at most");
    static constexpr bool needs_end = !std::is_trivially_destructible_v<T>;
    static constexpr bool nothrow = std::is_trivially_copyable_v<T>;
    static constexpr std::size_t more(const T& /*value*/, std::size_t end) noexcept {
        return aligned(end, alignof(T)) + sizeof(T);
    }
    static void put(std::byte* field, std::byte* base, std::size_t& end, const T& value) {
        const std::size_t at = aligned(end, alignof(T));
        ::new (static_cast<void*>(field)) const T*(::new (static_cast<void*>(base + at)) T(value));
        end = at + sizeof(T);
    }
    static void destroy(const T*& field) noexcept { std::destroy_at(field); }
};
template <class T>
struct captured<T&> {
    static_assert(std::is_const_v<T>,
                  "heddle: a message that outlives the call (post, async, within) cannot take an argument by non-const "
                  "reference, whose object may be gone by then; return the value instead");
};
template <>
struct captured<std::string_view> {
    static constexpr bool needs_end = false;
    static constexpr bool nothrow = true;
    static constexpr std::size_t more(std::string_view value, std::size_t end) noexcept { return end + value.size(); }
    static void put(std::byte* field, std::byte* base, std::size_t& end, std::string_view value) noexcept {
        const heddle_str copy{reinterpret_cast<const char*>(base + end), value.size()};
        if (!value.empty()) {
            std::memcpy(base + end, value.data(), value.size());
        }
        end += value.size();
        std::memcpy(field, &copy, sizeof copy);
    }
    static void destroy(heddle_str& /*field*/) noexcept {}
};
template <class E>
struct captured<std::span<E>> {
    using element = std::remove_const_t<E>;
    static_assert(!holds_view<element>(),
                  "heddle: a view inside of an argument would dangle in a message that outlives the call (post, async, "
                  "within); hold the text or the elements themselves (std::string, std::vector)");
    static_assert(alignof(element) <= 8, "heddle: an argument of a message may be aligned to 8 bytes at most");
    static constexpr bool needs_end = !std::is_trivially_destructible_v<element>;
    static constexpr bool nothrow = std::is_trivially_copyable_v<element>;
    static constexpr std::size_t more(std::span<E> value, std::size_t end) noexcept {
        return aligned(end, alignof(element)) + value.size() * sizeof(element);
    }
    static void put(std::byte* field, std::byte* base, std::size_t& end, std::span<E> value) {
        const std::size_t at = aligned(end, alignof(element));
        auto* const first = reinterpret_cast<element*>(base + at);
        std::uninitialized_copy(value.begin(), value.end(), first);
        end = at + value.size() * sizeof(element);
        const heddle_span copy{first, value.size()};
        std::memcpy(field, &copy, sizeof copy);
    }
    static void destroy(heddle_span& field) noexcept {
        auto* const first = static_cast<element*>(const_cast<void*>(field.data));
        std::destroy(first, first + field.size);
    }
};

/// A block of captured arguments: the fields, and behind them what they point to. Never moved.
template <class... A>
struct captured_block {
    using layout = block_layout<A...>;
    static_assert(layout::align <= 8, "heddle: an argument of a message may be aligned to 8 bytes at most");
    static constexpr bool needs_end = (captured<A>::needs_end || ...);

    static std::size_t size(const std::remove_reference_t<A>&... arguments) noexcept {
        std::size_t end = layout::size;
        ((end = captured<A>::more(arguments, end)), ...);
        return end;
    }
    /// Fills it; what was put is ended again when a copy throws.
    static void fill(void* block, A&... arguments) {
        auto* const base = static_cast<std::byte*>(block);
        std::size_t end = layout::size;
        std::size_t filled = 0;
        if constexpr ((captured<A>::nothrow && ...)) {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                (captured<A>::put(base + layout::offsets[I], base, end, static_cast<A&&>(arguments)), ...);
            }
            (std::index_sequence_for<A...>{});
        } else {
            try {
                [&]<std::size_t... I>(std::index_sequence<I...>) {
                    ((captured<A>::put(base + layout::offsets[I], base, end, static_cast<A&&>(arguments)), ++filled),
                     ...);
                }
                (std::index_sequence_for<A...>{});
            } catch (...) {
                destroy_first(block, filled);
                throw;
            }
        }
    }
    static void destroy(void* block) { destroy_first(block, sizeof...(A)); }
    /// For heddle_handle.drop.
    static constexpr heddle_destroy* drop = needs_end ? &destroy : nullptr;

private:
    static void destroy_first(void* block, std::size_t count) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((I < count ? captured<A>::destroy(*layout::template field<I>(block)) : void()), ...);
        }
        (std::index_sequence_for<A...>{});
    }
};

/// True for arguments that a message can hold; the asserts above say why not.
template <class A>
inline constexpr bool is_capturable = [] {
    using value = std::remove_cvref_t<A>;
    if constexpr (std::is_lvalue_reference_v<A> && !std::is_const_v<std::remove_reference_t<A>>) {
        return false;
    } else if constexpr (std::is_same_v<A, std::string_view>) {
        return true;
    } else if constexpr (is_span<A>) {
        return !holds_view<std::remove_const_t<typename value::element_type>>() &&
               alignof(typename value::element_type) <= 8;
    } else {
        return !holds_view<value>() && alignof(value) <= 8 && std::is_copy_constructible_v<value>;
    }
}();

/// heddle_handle.drop of a signature; null too where no message can hold the arguments.
template <class... A>
constexpr heddle_destroy* drop_of() noexcept {
    if constexpr ((is_capturable<A> && ...)) {
        return captured_block<A...>::drop;
    } else {
        return nullptr;
    }
}

}  // namespace heddle::detail
