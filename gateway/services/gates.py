"""Portals, the controllers behind some of them, and guard posts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.domain.decision import Direction, PortalMode, StalePolicy
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError
from gateway.domain.site import Portal, check_controller_id, check_slug
from gateway.services.keys import LIST_KEY, SIGNING_KEY, load_secret
from gateway.signing.keyring import Keyring
from gateway.signing.keys import SigningKey
from gateway.storage import lists
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import areas, controllers, portals, posts, site

MAX_POSTS: Final = 32


class Broker(Protocol):
    """Where controllers find the broker; ``ca_file`` when it speaks TLS."""

    @property
    def host(self) -> str:
        """Name or address."""

    @property
    def port(self) -> int:
        """TCP port."""

    @property
    def ca_file(self) -> str | None:
        """The certificate authority's file on the controller."""


@dataclass(frozen=True, slots=True)
class NewPortal:
    """A portal to be set up. ``lists``: the areas it leads to; any of them admits."""

    id: str
    name: str
    direction: Direction
    lists: tuple[str, ...]
    unlock_ms: int = 1000
    held_open_s: int = 30
    stale: StalePolicy = StalePolicy.HOLD
    offline_grace_s: int = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class ControllerView:
    """A controller. ``report`` is its last status as the fleet view shows it; times are unix seconds."""

    id: str
    name: str
    created_at: int
    enrolled_at: int | None
    mqtt_username: str | None
    seen_at: int | None
    report: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class PostView:
    """A guard post; ``portal`` is the barrier that opens on a release, if any."""

    id: str
    number: int
    name: str
    portal: str | None


# --- Portals --------------------------------------------------------------------------------------


def add_portal(uow: UnitOfWork, portal: NewPortal, controller: str | None = None) -> Portal:
    """A portal wired to the gateway, or behind a controller."""
    _check_portal(uow.conn, portal)
    row = {
        "id": portal.id, "name": portal.name.strip(), "direction": portal.direction.value,
        "lists": list(portal.lists), "controller": controller, "unlock_ms": portal.unlock_ms,
        "held_open_s": portal.held_open_s, "stale": portal.stale.value, "offline_grace_s": portal.offline_grace_s,
    }  # fmt: skip
    uow.conn.execute(insert(portals).values(row))
    uow.record("site.portal_added", f"portal:{portal.id}", row)
    uow.touch_site()
    return get_portal(uow.conn, portal.id)


def _check_portal(conn: Connection, portal: NewPortal) -> None:
    check_slug("id", portal.id)
    fields = {}
    known = set(conn.execute(select(areas.c.id)).scalars())
    if not portal.lists or not known.issuperset(portal.lists):
        fields["lists"] = "one or more areas of the site"
    if not 100 <= portal.unlock_ms <= 60_000:
        fields["unlock_ms"] = "100 to 60000"
    if not 1 <= portal.held_open_s <= 3600:
        fields["held_open_s"] = "1 to 3600"
    if fields:
        raise MalformedError("Portal %(id)s cannot be set up like this.", id=portal.id, fields=fields)
    if conn.execute(select(portals.c.id).where(portals.c.id == portal.id)).first() is not None:
        raise ConflictError("There already is a portal %(id)s.", id=portal.id, fields={"id": "taken"})


def get_portal(conn: Connection, portal: str) -> Portal:
    """One portal; raises NotFoundError."""
    for known in lists.portals(conn):
        if known.id == portal:
            return known
    raise NotFoundError("There is no portal %(id)s.", id=portal)


def list_portals(conn: Connection) -> list[Portal]:
    """All portals, by id."""
    return lists.portals(conn)


def set_portal_mode(uow: UnitOfWork, portal: str, mode: PortalMode, reason: str) -> Portal:
    """Holds a portal open, locks it against entry, or back to its lists. It needs a reason (R-GATE-10)."""
    before = get_portal(uow.conn, portal)
    if not reason.strip():
        raise RuleViolationError(
            "R-GATE-10",
            "Say why %(portal)s changes; the exception list keeps it.",
            portal=before.name,
            fields={"reason": "one short sentence"},
        )
    uow.conn.execute(update(portals).where(portals.c.id == portal).values(mode=mode.value))
    uow.record("portal.mode", f"portal:{portal}", {"before": before.mode, "after": mode, "reason": reason.strip()})
    uow.touch_site()
    return get_portal(uow.conn, portal)


def remove_portal(uow: UnitOfWork, portal: str, wired: Collection[str] = ()) -> Portal:
    """Takes a portal out of the site; returns it as it was. ``wired``: portals with devices of the gateway.

    Raises NotFoundError, or ConflictError while a guard post or a device needs it.
    """
    before = get_portal(uow.conn, portal)
    post = uow.conn.execute(select(posts.c.id).where(posts.c.portal == portal).order_by(posts.c.number)).scalar()
    if post is not None:
        raise ConflictError("Guard post %(post)s needs portal %(portal)s.", post=post, portal=portal)
    if portal in wired:
        raise ConflictError(
            "Devices of the gateway are wired to portal %(portal)s; take them out of its configuration first.",
            portal=portal,
        )
    uow.conn.execute(delete(portals).where(portals.c.id == portal))
    uow.record("site.portal_removed", f"portal:{portal}", {"name": before.name, "controller": before.controller})
    uow.touch_site()
    return before


# --- Controllers ----------------------------------------------------------------------------------


def add_controller(uow: UnitOfWork, *, id: str, name: str, portals: Sequence[NewPortal]) -> ControllerView:  # noqa: A002  # the field's word
    """A controller and the portals behind it. It hears nothing before it is enrolled."""
    check_controller_id(id)
    if uow.conn.execute(select(controllers.c.id).where(controllers.c.id == id)).first() is not None:
        raise ConflictError("There already is a controller %(id)s.", id=id, fields={"id": "taken"})
    uow.conn.execute(insert(controllers).values(id=id, name=name.strip(), created_at=uow.now))
    uow.record("site.controller_added", f"controller:{id}", {"name": name, "portals": [p.id for p in portals]})
    uow.touch_site()
    for portal in portals:
        add_portal(uow, portal, controller=id)
    return get_controller(uow.conn, id)


def get_controller(conn: Connection, id: str) -> ControllerView:  # noqa: A002  # the field's word
    """One controller; raises NotFoundError."""
    row = conn.execute(select(controllers).where(controllers.c.id == id)).first()
    if row is None:
        raise NotFoundError("There is no controller %(id)s.", id=id)
    return _controller(row)


def list_controllers(conn: Connection) -> list[ControllerView]:
    """All controllers, by id."""
    return [_controller(row) for row in conn.execute(select(controllers).order_by(controllers.c.id))]


def _controller(row: Row[Any]) -> ControllerView:
    return ControllerView(row.id, row.name, row.created_at, row.enrolled_at, row.mqtt_username, row.seen_at, row.report)


def remove_controller(uow: UnitOfWork, id: str, wired: Collection[str] = ()) -> ControllerView:  # noqa: A002  # the field's word
    """Takes a controller and the portals behind it out of the site; returns it as it was.

    What was taken of its events stays known. Raises as :func:`remove_portal`.
    """
    before = get_controller(uow.conn, id)
    behind = [portal.id for portal in list_portals(uow.conn) if portal.controller == id]
    for portal in behind:
        remove_portal(uow, portal, wired)
    uow.conn.execute(delete(controllers).where(controllers.c.id == id))
    uow.record("site.controller_removed", f"controller:{id}", {"name": before.name, "portals": behind})
    uow.touch_site()
    return before


def enrol_controller(
    uow: UnitOfWork,
    keyring: Keyring,
    id: str,  # noqa: A002  # the field's word
    broker: Broker,
    make_credentials: Callable[[str], tuple[str, str]],
) -> dict[str, object]:
    """The provisioning file of a controller (sync/PROTOCOL.md, "Provisioning file"), handed out once.

    ``make_credentials`` gives the broker's user name and password for a controller's id. Enrolling
    again replaces both. The file holds the site's list key: it never travels by MQTT.
    """
    get_controller(uow.conn, id)
    username, password = make_credentials(id)
    uow.conn.execute(
        update(controllers).where(controllers.c.id == id).values(enrolled_at=uow.now, mqtt_username=username)
    )
    uow.record("site.controller_enrolled", f"controller:{id}", {"mqtt_username": username})
    uow.touch_site()
    slug = uow.conn.execute(select(site.c.slug)).scalar_one()
    public = SigningKey(load_secret(uow.conn, keyring, SIGNING_KEY)).public
    tls = None if broker.ca_file is None else {"ca_file": broker.ca_file, "cert_file": None, "key_file": None}
    return {
        "site": slug,
        "controller": id,
        "topics_root": f"gatehouse/v1/{slug}",
        "broker": {"host": broker.host, "port": broker.port, "username": username, "password": password, "tls": tls},
        "public_keys": [{"kid": public.kid.hex(), "key": public.raw.hex()}],
        "list_key": load_secret(uow.conn, keyring, LIST_KEY).hex(),
    }


# --- Posts ----------------------------------------------------------------------------------------


def add_post(
    uow: UnitOfWork,
    *,
    id: str,  # noqa: A002  # the field's word
    name: str,
    portal: str | None = None,
    number: int | None = None,
) -> PostView:
    """A guard post, numbered 0 to 31 as slips name it: the lowest free number unless one is given."""
    check_slug("id", id)
    if portal is not None:
        get_portal(uow.conn, portal)
    known = list_posts(uow.conn)
    taken = {post.number for post in known}
    chosen = next((n for n in range(MAX_POSTS) if n not in taken), MAX_POSTS) if number is None else number
    if chosen in taken or not 0 <= chosen < MAX_POSTS or any(post.id == id for post in known):
        raise ConflictError("Post %(id)s or its number %(number)s is taken.", id=id, number=chosen)
    post = PostView(id, chosen, name.strip(), portal)
    uow.conn.execute(insert(posts).values(asdict(post)))
    uow.record("site.post_added", f"post:{id}", asdict(post))
    return post


def list_posts(conn: Connection) -> list[PostView]:
    """All guard posts, by number."""
    return [
        PostView(*row)
        for row in conn.execute(
            select(posts.c.id, posts.c.number, posts.c.name, posts.c.portal).order_by(posts.c.number)
        )
    ]
