"""The demo's compound is believable and follows the rules it shows."""

from collections import Counter

from gateway.domain.card import CardState
from gateway.domain.decision import decide
from gateway.domain.identity import Identity
from gateway.domain.person import Relation, Role
from gateway.services import accounts, cards, gates, occupancy
from gateway.services.seed import seed_compound
from gateway.storage import lists
from gateway.storage.store import SYSTEM, Store
from tests.gateway.services.small_compound import KEYRING


def test_the_compound_has_everything_the_demo_shows(sqlite_store: Store) -> None:
    with sqlite_store.write(SYSTEM) as uow:
        seeded = seed_compound(uow, KEYRING)
    with sqlite_store.read() as conn:
        units = occupancy.find_units(conn, limit=500)
        relations = Counter(o.relation for unit in units for o in occupancy.household(conn, unit.id).occupants)
        roles = {role for user in accounts.list_users(conn) for role in user.roles}
        blanks = cards.list_cards(conn, state=CardState.BLANK)
        whitelists, calendar = lists.load(conn), lists.calendar(conn)
        main_in = gates.get_portal(conn, "main-in")
        posts = gates.list_posts(conn)
    assert (len(units), sum(unit.handed_over_at is None for unit in units)) == (60, 5)
    assert relations[Relation.OWNER] == 60
    assert relations[Relation.TENANT] >= 5
    assert roles == set(Role)
    assert len(blanks) == len(seeded.blanks) == 12
    assert (main_in.lists, main_in.controller, [post.id for post in posts]) == (("compound",), None, ["north"])
    assert (seeded.li_na.unit, seeded.li_na.number) == ("3-1-502", "0417")
    assert seeded.li_na.uid is not None
    key = seeded.keys.list(Identity.uid(seeded.li_na.uid.hex()))
    assert decide(main_in.policy(), whitelists, calendar, key, seeded.li_na.issued_at or 0).granted
    assert not any(card.uid is not None and card.uid[0] == 8 for card in (*seeded.cards, *blanks))
