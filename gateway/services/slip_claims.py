"""What a stored slip's token says: for signing it, and for judging a slip whose number was typed."""

from typing import Final

from sqlalchemy import Connection, select

from gateway.domain.errors import NotFoundError
from gateway.domain.slip import SlipClaims, SlipFlag
from gateway.services.slip_views import SlipView
from gateway.signing.slip_token import minutes
from gateway.storage.tables import posts, site

_SITE: Final = select(site.c.number)


def claims_of(conn: Connection, slip: SlipView) -> SlipClaims:
    """The claims of an issued slip; NotFoundError for one without number, consent or window."""
    if slip.slip_no is None or slip.issued_at is None or slip.expires_at is None or slip.consent is None:
        raise NotFoundError("Slip %(id)s was not issued.", id=slip.id)
    iat_min = minutes(slip.issued_at)
    numbers = {row.id: row.number for row in conn.execute(select(posts.c.id, posts.c.number))}
    return SlipClaims(
        site=site_number(conn),
        slip_no=slip.slip_no,
        rev=slip.rev,
        flags=SlipFlag.SEVERAL_TRIPS if slip.several_trips else 0,
        iat_min=iat_min,
        ttl_min=minutes(slip.expires_at) - iat_min,
        gates=frozenset(numbers[post] for post in slip.posts),
        home=numbers[slip.post],
        unit=slip.unit,
        plate=slip.plate,
        consent=slip.consent.method,
        consent_min_before=max(0, (slip.issued_at - slip.consent.at) // 60),
        items=len(slip.lines),
        total_qty=slip.total_qty,
        items_digest=slip.digest,
    )


def site_number(conn: Connection) -> int:
    """The number that tokens carry for this compound."""
    number: int | None = conn.execute(_SITE).scalar()
    if number is None:
        raise NotFoundError("There is no site yet. Create it first.")
    return number
