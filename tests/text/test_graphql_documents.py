"""Documents with several operations: which are there, and what is sent of one."""

from __future__ import annotations

import pytest

from perfgate.text import graphql

SHOP = """\
# Shop, } and ) are no ends here
query Search($filter: Filter = {word: "}", price: {most: 9}}, $first: Int = 3) @live(every: {seconds: 1}) {
  search(filter: $filter, note: ") { ...Unused", first: $first) { ...Card } # ...Unused
}
fragment Card on Product @note(of: {kind: "card"}) { id, price(in: {currency: EUR}) ...Picture }
fragment Picture on Product { picture(size: {w: 9}) }
fragment Unused on Product { id }
mutation Order($basket: [Item!]! = [{id: 1}, {id: 2}]) { order(items: $basket) { id } }
subscription { orders { id } }
"""


def test_braces_of_values_end_no_definition():
    assert graphql.operations(SHOP) == ("Search", "Order", "")


def test_an_operation_is_sent_with_what_it_uses_and_nothing_else():
    """A server refuses fragments that nothing uses."""
    text = graphql.selected(SHOP, "Search")

    assert [item.name for item in graphql.definitions(text)] == ["Search", "Card", "Picture"]
    assert "@live(every: {seconds: 1}) {" in text
    assert graphql.selected(SHOP, "Order") == SHOP.splitlines()[7]


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("{ a }", ("",)),
        ("query { a(b: {c: 1}) }", ("",)),
        ("query A($b: B = {}) { a(b: $b) }", ("A",)),
        ('query A { a(b: """ } "" { """) } query B { b }', ("A", "B")),
        ("", ()),
        ("query A {", ()),
    ],
)
def test_operations_of_a_document(document: str, names: tuple[str, ...]):
    assert graphql.operations(document) == names
