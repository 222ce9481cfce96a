#include "heddle_test/ledger.hpp"

#include <memory>

namespace heddle::test::ledger {
namespace {

using Book = std::array<std::array<Page, senders>, boxes>;
std::unique_ptr<Book> book = std::make_unique<Book>();

}  // namespace

Page& page(std::size_t box, std::size_t sender) {
    return book->at(box).at(sender);
}

void write(std::size_t box, std::size_t sender, std::uint64_t number, std::size_t kind) {
    Page& of = page(box, sender);
    if (of.last.exchange(number) >= number) {
        ++of.backwards;
    }
    ++of.of.at(kind).ran;
    of.of.at(kind).ran_sum += number;
}

void clear() {
    book = std::make_unique<Book>();
}

}  // namespace heddle::test::ledger
