"""Nobody has access without a basis: what a basis gives, and how several become one entry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from gateway.domain.errors import ConflictError
from gateway.domain.schedule import Schedule
from gateway.domain.whitelist import ALWAYS, EXIT_ONLY, NO_END, Terms


class BasisKind(StrEnum):
    """Why someone may enter at all."""

    RESIDENCE = "residence"
    TENANCY = "tenancy"
    EMPLOYMENT = "employment"
    PERMIT = "permit"
    PARKING_LEASE = "parking_lease"
    VISIT = "visit"


@dataclass(frozen=True, slots=True)
class Basis:
    """One reason for access: whose, on which unit, from when to when (unix seconds, half-open)."""

    kind: BasisKind
    id: int
    person: int
    unit_areas: tuple[str, ...]
    valid_from: int
    valid_until: int = NO_END


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What a kind of basis gives: the areas common to all, the unit's own areas or not, when and how."""

    common_areas: tuple[str, ...] = ()
    unit_areas: bool = True
    schedule: int = ALWAYS
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One right and the basis it follows from."""

    area: str
    terms: Terms
    basis: BasisKind
    basis_id: int


def entitlements_of(basis: Basis, rules: Mapping[BasisKind, AccessRule]) -> list[Entitlement]:
    """All rights that follow from one basis; a kind without a rule gives none."""
    rule = rules.get(basis.kind)
    if rule is None or basis.valid_from >= basis.valid_until:
        return []
    areas = dict.fromkeys((*rule.common_areas, *(basis.unit_areas if rule.unit_areas else ())))
    terms = Terms(basis.valid_from, basis.valid_until, rule.schedule, rule.flags)
    return [Entitlement(area, terms, basis.kind, basis.id) for area in areas]


def cap(terms: Terms, valid_from: int, valid_until: int) -> Terms | None:
    """The terms within a card's own validity (R-CARD-3), or None when nothing is left."""
    start, end = max(terms.valid_from, valid_from), min(terms.valid_until, valid_until)
    return terms._replace(valid_from=start, valid_until=end) if start < end else None


class ScheduleBook:
    """The site's schedules, able to add the union of two when a credential needs it."""

    def __init__(self, schedules: Mapping[int, Schedule]) -> None:
        self.schedules = dict(schedules)
        self.added: dict[int, Schedule] = {}

    def union(self, one: int, two: int) -> int:
        """The index of a schedule that admits whenever either does; "always" swallows everything."""
        if one == two or ALWAYS in {one, two}:
            return one if one == two else ALWAYS
        united = self.schedules[one].union(self.schedules[two])
        for index, known in self.schedules.items():
            if known == united:
                return index
        free = [number for number in range(255, 0, -1) if number not in self.schedules]
        if not free:
            raise ConflictError("All 255 schedules are taken, so two cannot be united. Remove one that nobody uses.")
        index = free[0]
        self.schedules[index] = self.added[index] = united
        return index


def merge(all_terms: Iterable[Terms], book: ScheduleBook, now: int) -> Terms | None:
    """One entry for several rights to one area: an entry has one interval, one schedule, one set of flags.

    Time is cut where a right starts or ends; in each piece the schedules of the rights in force are
    united; rights to leave only count where there is none to enter. Neighbouring pieces that came out
    equal are joined. The piece in force counts, or else the next: it never admits more
    than the rights do, and the sweep that ends it brings in the one after.
    """
    live = [t for t in all_terms if t.valid_until > now]
    cuts = sorted({t.valid_from for t in live} | {t.valid_until for t in live})
    current: Terms | None = None
    for start, end in pairwise(cuts):
        piece = _unite([t for t in live if t.valid_from <= start and end <= t.valid_until], start, end, book)
        if current is None:
            current = piece if end > now else None
        elif piece is not None and _continues(current, piece):
            current = current._replace(valid_until=end)
        else:
            break
    return current


def _unite(rights: list[Terms], start: int, end: int, book: ScheduleBook) -> Terms | None:
    if not rights:
        return None
    # An entry cannot say "in at these hours, out at those": where someone may enter, "exit only" gives nothing more.
    first, *others = [r for r in rights if not r.flags & EXIT_ONLY] or rights
    schedule, flags = first.schedule, first.flags
    for right in others:
        schedule = book.union(schedule, right.schedule)
        flags |= right.flags
    return Terms(start, end, schedule, flags)


def _continues(current: Terms, piece: Terms) -> bool:
    return current.valid_until == piece.valid_from and current[2:] == piece[2:]
