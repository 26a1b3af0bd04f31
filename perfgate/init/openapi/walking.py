"""Journeys of an OpenAPI document: the lists that give ids, then what needs those ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfgate.init import naming
from perfgate.init.openapi.captures import HOLE, Link, prefixes
from perfgate.init.openapi.operations import Operation
from perfgate.init.proposal import Endpoint, ProposedJourney

MAX_STEPS = 8  # that need ids, in one journey
LAST_METHODS = ("DELETE",)  # after everything else


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The lists in order, the operations that need their ids, and the prefixes whose ids are captured."""

    lists: tuple[Operation, ...]
    operations: tuple[Operation, ...]
    prefixes: tuple[str, ...]

    def journey(self, endpoints: Mapping[Operation, Endpoint], names: naming.UniqueNames) -> ProposedJourney:
        steps = tuple(endpoints[operation].name for operation in (*self.lists, *self.operations))
        last = self.lists[-1]
        return ProposedJourney(
            name=names.take(f"from {last.path} on"),
            steps=steps,
            comment=f"needs at least one entry in the answer of GET {last.path}",
        )


def value_names(operations: Sequence[Operation], known: Mapping[str, Link]) -> dict[str, str]:
    """Names of captured values by path prefix: each prefix has its own."""
    others = {
        naming.value_name(hole[1]).lower()
        for operation in operations
        for prefix in prefixes(operation.path)
        if prefix not in known
        for hole in HOLE.finditer(prefix.rpartition("/")[2])
    }
    taken = set(others)
    names: dict[str, str] = {}
    for prefix in known:
        before, _, last = prefix.rpartition("/")
        own = naming.value_name(HOLE.findall(last)[0])
        resource = naming.value_name(naming.singular(before.rpartition("/")[2]))
        longer = own if own.lower() != "id" else f"{resource}_id"
        candidates = [longer, f"{resource}_{own}", *(f"{resource}_{own}_{number}" for number in range(2, 1000))]
        names[prefix] = next(name for name in candidates if name.lower() not in taken)
        taken.add(names[prefix].lower())
    return names


def walks(operations: Sequence[Operation], known: Mapping[str, Link]) -> list[Walk]:
    """One walk for each chain of lists, cut where it would be long. An operation that needs no id is in none."""
    lists = {item.path: item for item in operations if item.method == "GET"}
    usable = {prefix: link for prefix, link in known.items() if link.list_path in lists}
    chains: dict[tuple[str, ...], list[Operation]] = {}
    for operation in operations:
        if needed := tuple(prefix for prefix in prefixes(operation.path) if prefix in usable):
            chains.setdefault(needed, []).append(operation)
    inner = {usable[prefix].list_path for chain in chains for prefix in chain}
    made: list[Walk] = []
    for chain, members in chains.items():
        way = tuple(lists[usable[prefix].list_path] for prefix in chain)
        leaves = [member for member in members if member.method != "GET" or member.path not in inner]
        leaves.sort(key=lambda item: item.method in LAST_METHODS)
        made += [
            Walk(lists=way, operations=tuple(leaves[start : start + MAX_STEPS]), prefixes=chain)
            for start in range(0, len(leaves), MAX_STEPS)
        ]
    return made
