"""A day at the site ends at its own midnight."""

from datetime import date

from gateway.services.clockwork import day_of, end_of
from tests.gateway.services.small_compound import Compound


def test_a_day_ends_at_midnight_in_shanghai(compound: Compound) -> None:
    with compound.store.read() as conn:
        end = end_of(conn, date(2026, 2, 28))
        assert end == 1_772_294_400  # 2026-02-28T16:00:00Z
        assert (day_of(conn, end - 1), day_of(conn, end)) == (date(2026, 2, 28), date(2026, 3, 1))
