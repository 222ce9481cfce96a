// heddle/function.hpp: the handle through which a module calls another module's function.
//
//     heddle::function<void(std::string_view, double)> observe_{*this, "stats.observe"};
//     ...
//     observe_("cpu.busy", 97.5);
//
// A handle is declared as a member and bound by the host before the module starts; a call before that, or while the
// provider is away, throws heddle::unavailable. Calls may come from any thread, and from several at once.
// Ownership: the handle refers to a link that the host owns and that lives as long as the module that declared it.
#pragma once

#include <cstdint>
#include <string_view>

#include "heddle/abi.h"
#include "heddle/call.hpp"
#include "heddle/error.hpp"
#include "heddle/signature.hpp"

namespace heddle {

class module;

struct optional_t {};
/// For handles that the module can do without: `heddle::function<...> store_{*this, "storage.write",
/// heddle::optional};` Test it before calling: `if (store_) store_(...)`.
inline constexpr optional_t optional{};

namespace detail {

heddle_link* require(module& owner, const heddle_handle& handle);

/// The handle's description for the host.
template <class Sig>
heddle_handle handle_of(std::string_view name, std::uint32_t flags = 0) noexcept {
    return {sizeof(heddle_handle),
            1,
            to_abi(name),
            signature_of<Sig>::abi(),
            reinterpret_cast<heddle_code*>(&gate<Sig>::code),
            flags,
            0};
}

}  // namespace detail

template <class Sig>
class function;

template <class R, class... A>
class function<R(A...)> {
public:
    using signature = R(A...);

    /// Declares that `owner` calls the function `name` ("stats.observe"). Required: the module does not start without
    /// it. Only while the owner is being constructed, on its thread. Throws heddle::error for a name that is none.
    function(module& owner, std::string_view name)
        : function(detail::require(owner, detail::handle_of<R(A...)>(name))) {}
    /// The same for a function that the module can do without.
    function(module& owner, std::string_view name, optional_t /*tag*/)
        : function(detail::require(owner, detail::handle_of<R(A...)>(name, HEDDLE_OPTIONAL))) {}
    /// Over a link that an embedding application was given by its host.
    explicit function(heddle_link* link) noexcept : link_(link), cell_(link->cell) {}

    /// Calls the function. Throws heddle::error when it threw or could not be reached, by its kind heddle::unavailable,
    /// heddle::timeout, heddle::recursion, heddle::deadlock. [any thread]
    R operator()(A... arguments) const { return detail::call<R, A...>(link_, cell_, arguments...); }

    /// True while the handle leads to a running provider. The next call may find it otherwise. [any thread]
    explicit operator bool() const noexcept { return __atomic_load_n(&link_->open, __ATOMIC_RELAXED) != 0; }

private:
    heddle_link* link_;
    std::uint32_t cell_;  // the link's, which never changes: one load less in each call
};

}  // namespace heddle
