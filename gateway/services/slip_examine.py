"""What was shown at a post, judged against the book. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from gateway.domain.errors import MalformedError, NotFoundError
from gateway.domain.slip import SlipClaims, SlipFlag
from gateway.domain.slip_verdict import Code, Ledger, judge
from gateway.services import slip_rows
from gateway.services.slip_claims import claims_of, site_number
from gateway.services.slip_views import LineView, SlipView, Taken, Verdict
from gateway.signing.slip_token import Reading, SlipKeys, TokenRefusedError, minutes, read, unix
from gateway.storage.tables import posts, slip_rights

_LAST_NUMBER: Final = 2**32 - 1

# Built once: every look at a slip runs them.
_RIGHTS: Final = select(slip_rights.c.line, slip_rights.c.quantity, slip_rights.c.released).where(
    slip_rights.c.slip_id == bindparam("slip"), slip_rights.c.rev == bindparam("rev")
)
_POST_NUMBER: Final = select(posts.c.number).where(posts.c.id == bindparam("post"))
_POST_NAME: Final = select(posts.c.name).where(posts.c.number == bindparam("number"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A genuine token, or a typed number, or the reason why it is neither."""

    slip_no: int | None = None
    reading: Reading | None = None
    refused: Code | None = None

    @property
    def layout(self) -> str | None:
        """The keyboard layout that the scan was repaired from."""
        return None if self.reading is None else self.reading.layout


def shown(keys: SlipKeys, *, text: str | None, slip_no: int | None) -> Shown:
    """Reads a scanned text, or takes a typed number: exactly one of the two."""
    if text is None and slip_no is not None:
        return Shown(slip_no) if 0 < slip_no <= _LAST_NUMBER else Shown(refused=Code.NOT_A_SLIP)
    if text is None or slip_no is not None:
        raise MalformedError("Scan a slip or type its number.", fields={"text": "or slip_no"})
    try:
        reading = read(text, keys.known)
    except TokenRefusedError as error:
        return Shown(refused=error.code)
    return Shown(reading.claims.slip_no, reading)


def examine(conn: Connection, what: Shown, *, post: str, now: int) -> Verdict:
    """The verdict at this post at ``now`` (unix seconds). NotFoundError when there is no such post."""
    return examined(conn, what, post=post, now=now)[0]


def examined(conn: Connection, what: Shown, *, post: str, now: int) -> tuple[Verdict, SlipView | None]:
    """The verdict with the slip in the book that it speaks of."""
    here = _post_number(conn, post)
    if what.refused is not None or what.slip_no is None:
        return Verdict.of(what.refused or Code.NOT_A_SLIP, params={}, layout=what.layout), None
    site = site_number(conn)
    slip = _slip(conn, what, site, now)
    claims = what.reading.claims if what.reading else claims_of(conn, slip) if slip else None
    if claims is None:
        return Verdict.of(Code.UNKNOWN_SLIP, params={"slip_no": what.slip_no}, slip_no=what.slip_no), None
    ledger = None if slip is None else _ledger(conn, slip)
    code = judge(claims, site=site, post=here, now_min=minutes(now), ledger=ledger)
    return _verdict(conn, _same_list(code, claims, slip), claims, slip, layout=what.layout), slip


def fits(lines: Sequence[LineView], taken: Sequence[Taken], *, several_trips: bool) -> bool:
    """Whether the slip allows this load now: every line in full, or with several trips any part that remains."""
    remaining = {line.line: line.remaining for line in lines}
    load = {part.line: part.qty for part in taken}
    if len(load) != len(taken) or not load:
        return False
    if not several_trips:
        return load == {line.line: line.qty for line in lines}
    return all(1 <= qty <= remaining.get(line, 0) for line, qty in load.items())


def summary(slip: SlipView) -> dict[str, Any]:
    """What a verdict says of a slip in the book."""
    return {
        "slip_no": slip.slip_no,
        "kind": slip.kind,
        "unit": slip.unit,
        "plate": slip.plate,
        "home": slip.post,
        "posts": slip.posts,
        "several_trips": slip.several_trips,
        "valid_from": slip.issued_at,
        "valid_until": slip.expires_at,
        "digest_tail": slip.digest_tail,
        "lines": slip.lines,
    }


def _slip(conn: Connection, what: Shown, site: int, now: int) -> SlipView | None:
    """Another compound's slip may bear the number of one of ours."""
    if what.slip_no is None or (what.reading is not None and what.reading.claims.site != site):
        return None
    return slip_rows.by_number(conn, what.slip_no, now=now)


def _ledger(conn: Connection, slip: SlipView) -> Ledger:
    """Every post served by this store spends from the one book, so a right held for any of them is a right here."""
    rows = conn.execute(_RIGHTS, {"slip": slip.id, "rev": slip.rev}).all()
    right = {row.line: row.quantity for row in rows}
    return Ledger(slip.state, slip.rev, right, {row.line: row.released for row in rows})


def _same_list(code: Code, claims: SlipClaims, slip: SlipView | None) -> Code:
    """The list in the book must still be the one that was signed."""
    releasable = code in {Code.OK, Code.PARTIAL_REMAINS}
    return Code.LIST_MISMATCH if releasable and slip and slip.digest != claims.items_digest else code


def _verdict(conn: Connection, code: Code, claims: SlipClaims, slip: SlipView | None, *, layout: str | None) -> Verdict:
    params = {"slip_no": claims.slip_no, "plate": claims.plate or "", "home": _post_name(conn, claims.home)}
    if slip is None:
        return Verdict.of(code, params=params, layout=layout, **_signed(claims))
    evidence = slip_rows.movements(conn, slip.id, "release")
    return Verdict.of(code, params=params, layout=layout, evidence=evidence, **summary(slip))


def _signed(claims: SlipClaims) -> Mapping[str, Any]:
    """What the token alone says."""
    return {
        "slip_no": claims.slip_no,
        "unit": claims.unit,
        "plate": claims.plate,
        "several_trips": bool(claims.flags & SlipFlag.SEVERAL_TRIPS),
        "valid_from": unix(claims.iat_min),
        "valid_until": unix(claims.iat_min + claims.ttl_min),
        "digest_tail": claims.items_digest.hex()[-4:].upper(),
    }


def _post_number(conn: Connection, post: str) -> int:
    number: int | None = conn.execute(_POST_NUMBER, {"post": post}).scalar()
    if number is None:
        raise NotFoundError("There is no guard post %(post)s.", post=post)
    return number


def _post_name(conn: Connection, number: int) -> str:
    name: str | None = conn.execute(_POST_NAME, {"number": number}).scalar()
    return name or str(number)
