"""The worked examples of PROTOCOL.md, computed."""

from gateway.domain.decision import Direction
from gateway.domain.identity import Identity, KeyMaker
from gateway.domain.schedule import Calendar, Schedule
from gateway.domain.whitelist import NO_END, Entry, Terms, Whitelist
from gateway.ports import HeldList
from gateway.signing.keys import SigningKey
from sync.protocol.messages import (
    Ack,
    BaseRef,
    Command,
    CommandKind,
    Config,
    Event,
    Events,
    GatewayStatus,
    Head,
    Page,
    PortalConfig,
    Reply,
    ReplyResult,
    Schedules,
    Status,
    Tail,
    Window,
)
from sync.protocol.signed import seal
from sync.protocol.topics import Kind, Topics

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
KEY = SigningKey(SEED)
LIST_KEY = bytes(range(32))
TOPICS = Topics("riverside")
AT = 1_790_000_000


def computed() -> dict[str, bytes]:
    """Every example by its name."""
    key_of = KeyMaker(LIST_KEY)
    card = Identity.uid("04a1b2c3d4e5f6")
    plate = Identity.plate("京A·12345")
    one = Entry(key_of(card), Terms(AT, NO_END))
    two = Entry(key_of(plate), Terms(AT, AT + 86_400, 1, 1))
    base, whole = Whitelist([one]), Whitelist([one, two])
    head = Head(
        "residents",
        1,
        2,
        whole.root(),
        2,
        AT,
        AT + 1800,
        BaseRef(7, 1, 1, 1),
        Window(1, two.encode()),
    )
    weekday = ((480, 1080),)
    schedule = Schedule((weekday, weekday, weekday, weekday, weekday, (), ()))
    portal = PortalConfig("East gate", Direction.IN, ("residents",), 1000, 30)
    command = Command("c1", CommandKind.OPEN, "east", "b00t", 1, AT, AT + 10, "desk")
    held = HeldList(1, 2, whole.root(), 2, AT + 1)
    event = Event(AT + 5, "east", "granted", key=one.key, list="residents")
    head_topic = TOPICS.head("residents")
    return {
        "public-key": KEY.public.raw,
        "kid": KEY.kid,
        "card-identity": card.encode(),
        "card-key": one.key,
        "card-entry": one.encode(),
        "plate-identity": plate.encode(),
        "plate-key": two.key,
        "plate-entry": two.encode(),
        "empty-root": Whitelist().root(),
        "base-root": base.root(),
        "root": whole.root(),
        "page": Page("residents", 1, 7, 0, one.encode()).encode(),
        "tail": Tail("residents", 1, 1, 2, two.encode(), b"").encode(),
        "head": head.encode(),
        "head-signed": seal(head_topic, head.encode(), KEY),
        "schedules": Schedules(Calendar("Asia/Shanghai", frozenset(), {1: schedule}, 3)).encode(),
        "config": Config(4, {"east": portal}).encode(),
        "gateway-status": GatewayStatus(online=True, at=AT, software="gatehouse").encode(),
        "status": Status(True, "b00t", AT + 1, "acme/1.0", {"residents": held}, 4, 3, 5000, 12).encode(),
        "events": Events("b00t", 12, [event]).encode(),
        "ack": Ack(12).encode(),
        "command": command.encode(),
        "command-signed": seal(TOPICS.of_controller(Kind.COMMANDS, "gate-a"), command.encode(), KEY),
        "reply": Reply("c1", ReplyResult.DONE, AT + 1).encode(),
    }
