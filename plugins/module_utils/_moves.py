# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
# FOR INTERNAL COLLECTION USE ONLY
"""Which mailbox server goes to which node, in which order, so that every node is vacated with the fewest moves. Pure.

A node runs one clustered mailbox server at most, and a server runs on its redundant machines only. In a single copy
cluster a vacated and upgraded node is the next target, so the first free node that fits may be the one that another
server can't do without: N1 goes to the passive N3, and N2, which may run on N3 only, has nowhere to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

_LOOKS = 20000  # standings looked at before the search gives up: eight nodes in every order need fewer


@dataclass(frozen=True)
class Move:
    """A server leaves a node for another one."""

    server: str
    source: str
    target: str


@dataclass(frozen=True)
class Standing:
    """Who runs where. where: server -> node; new: nodes at the release; moved: servers that were moved by the plan.

    allowed: server -> nodes that it may run on; a server that is not in it may run on any.
    """

    where: Mapping[str, str]
    new: frozenset[str]
    allowed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    moved: tuple[str, ...] = ()

    def to_leave(self) -> list[str]:
        """Servers on nodes that are still to be upgraded, by node."""
        return sorted((s for s, node in self.where.items() if node not in self.new), key=lambda s: (self.where[s], s))

    def targets(self, server: str) -> list[str]:
        """Nodes that could take the server now."""
        taken, allowed = set(self.where.values()), self.allowed.get(server)
        return sorted(node for node in self.new - taken if allowed is None or node in allowed)

    def after(self, move: Move) -> Standing:
        """The standing when it is done, with the node that it left upgraded as soon as that runs none."""
        where = {**self.where, move.server: move.target}
        vacated = frozenset({move.source}) - frozenset(where.values())
        return replace(self, where=where, new=self.new | vacated, moved=(*self.moved, move.server))


class _Search:
    """Depth first, one more move than needed at a time; a standing that led nowhere is not looked at again."""

    def __init__(self, first: str | None, later: frozenset[str]) -> None:
        self._first = first
        self._later = later
        self._dead: set[tuple[object, ...]] = set()

    def moves(self, now: Standing, spare: int) -> list[Move] | None:
        if self._first is not None and self._first in now.new and self._later:
            now = replace(now, new=now.new | self._later)
        waiting = now.to_leave()
        if not waiting:
            return []
        key = (tuple(sorted(now.where.items())), now.new, tuple(sorted(now.moved)), spare)
        if key in self._dead or len(self._dead) > _LOOKS:
            return None
        for move, left in self._options(now, waiting, spare):
            rest = self.moves(now.after(move), left)
            if rest is not None:
                return [move, *rest]
        self._dead.add(key)
        return None

    def _options(self, now: Standing, waiting: list[str], spare: int) -> Iterator[tuple[Move, int]]:
        """Moves off old nodes, then, while moves are to spare, second moves of servers that are in the way."""
        mine = [server for server in waiting if now.where[server] == self._first]
        for server in mine or waiting:
            yield from ((Move(server, now.where[server], target), spare) for target in now.targets(server))
        if not spare:
            return
        for server in sorted(set(now.where) - set(waiting)):
            if now.moved.count(server) < 2:
                yield from ((Move(server, now.where[server], target), spare - 1) for target in now.targets(server))


def fewest_moves(now: Standing, first: str | None = None, later: Iterable[str] = ()) -> list[Move] | None:
    """The moves that vacate every node that is not new; None where there is no way.

    first: the node that is to be vacated first. later: nodes that own nothing and are upgraded after that one.
    A server is moved again only where that makes room for another one: each move is an outage.
    """
    if any(not _elsewhere(now, server) for server in now.to_leave()):
        return None
    for spare in range(len(now.where) + 1):
        found = _Search(first, frozenset(later)).moves(now, spare)
        if found is not None:
            return found
    return None


def _elsewhere(now: Standing, server: str) -> bool:
    """Whether the server may run on any node but its own; only then is a search worth its while."""
    allowed = now.allowed.get(server)
    return allowed is None or any(node != now.where[server] for node in allowed)


def moves_of_turn(now: Standing, node: str, later: Iterable[str] = ()) -> list[Move] | None:
    """The moves at a node's turn: off that node, and before that what makes room. None: it can't be vacated.

    They are part of a way that vacates all nodes, where there is one.
    """
    found = fewest_moves(now, node, later)
    return _direct(now, node) if found is None else _until_vacated(now, found, node)


def _direct(now: Standing, node: str) -> list[Move] | None:
    """The moves off that node alone, where another one can't be vacated anyway."""
    done: list[Move] = []
    for server in sorted(server for server, owner in now.where.items() if owner == node):
        targets = now.targets(server)
        if not targets:
            return None
        done.append(Move(server, node, targets[0]))
        now = now.after(done[-1])
    return done


def _until_vacated(now: Standing, moves: Sequence[Move], node: str) -> list[Move]:
    done: list[Move] = []
    for move in moves:
        if node not in now.where.values():
            break
        done.append(move)
        now = now.after(move)
    return done


def turns(now: Standing, passive: Sequence[str], *, first: bool) -> list[str]:
    """The old nodes in the order of their turns. passive: those of them that own no server.

    first: as few of the passive nodes as can be come before the first handover, the others at the end; else all do.
    """
    early = _needed(now, passive) if first else list(passive)
    standing = replace(now, new=now.new | frozenset(early))
    owners = sorted({now.where[server] for server in now.to_leave()})
    moves = fewest_moves(standing) or []
    leaving = list(dict.fromkeys(move.source for move in moves if move.source in owners))
    left = [node for node in owners if node not in leaving]
    return [*early, *leaving, *left, *(node for node in passive if node not in early)]


def _needed(now: Standing, passive: Sequence[str]) -> list[str]:
    """The fewest passive nodes that, upgraded first, cost no move more than all of them."""
    every = fewest_moves(replace(now, new=now.new | frozenset(passive)))
    for number in range(len(passive)):
        for some in combinations(passive, number):
            found = fewest_moves(replace(now, new=now.new | frozenset(some)))
            if every is not None and found is not None and len(found) == len(every):
                return list(some)
    return list(passive)


def moves_home(where: Mapping[str, str], homes: Mapping[str, str]) -> list[Move]:
    """The moves that bring each server back to its home, in an order in which each home is free by then.

    A server whose home is not known stays; so do servers that stand in each other's way.
    """
    now, found = dict(where), []
    while move := next((m for m in _going_home(now, homes) if m.target not in now.values()), None):
        now[move.server] = move.target
        found.append(move)
    return found


def _going_home(where: Mapping[str, str], homes: Mapping[str, str]) -> list[Move]:
    return [Move(s, node, homes[s]) for s, node in sorted(where.items()) if s in homes and homes[s] != node]
