#include "discovery/refusal.hpp"

namespace heddle::discovery {

std::string_view reason_id(Reason reason) {
    switch (reason) {
        case Reason::cannot_open:
            return "cannot_open";
        case Reason::not_regular:
            return "not_regular";
        case Reason::empty:
            return "empty";
        case Reason::too_large:
            return "too_large";
        case Reason::changed:
            return "changed";
        case Reason::not_elf:
            return "not_elf";
        case Reason::truncated:
            return "truncated";
        case Reason::malformed:
            return "malformed";
        case Reason::not_shared_library:
            return "not_shared_library";
        case Reason::wrong_machine:
            return "wrong_machine";
        case Reason::no_section:
            return "no_section";
        case Reason::bad_section:
            return "bad_section";
        case Reason::wrong_abi:
            return "wrong_abi";
        case Reason::wrong_layout:
            return "wrong_layout";
        case Reason::no_entry:
            return "no_entry";
        case Reason::duplicate:
            return "duplicate";
        case Reason::cannot_load:
            return "cannot_load";
        case Reason::crashed:
            return "crashed";
        case Reason::timed_out:
            return "timed_out";
        case Reason::exited:
            return "exited";
        case Reason::no_report:
            return "no_report";
        case Reason::not_tried:
            return "not_tried";
    }
    return "unknown";
}

}  // namespace heddle::discovery
