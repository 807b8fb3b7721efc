"""What states, verdicts and refusals are called on the pages. Each word is a msgid."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from admin_api.pages.i18n import N_
from gateway.domain.card import CardState
from gateway.domain.decision import PortalMode, Reason
from gateway.domain.person import Proof, Relation, Role
from gateway.domain.slip import ConsentMethod, SlipKind, Standing
from gateway.domain.slip_verdict import COLOURS, Code
from gateway.ports import BarrierState, DeviceState


class State(NamedTuple):
    """A word, the colour that goes with it, and the shape that says the same without colour."""

    word: str
    colour: str = ""
    icon: str = "wait"


CARD_STATES: Final[Mapping[str, State]] = {
    CardState.BLANK: State(N_("blank"), "", "card"),
    CardState.RESERVED: State(N_("reserved"), "", "wait"),
    CardState.ENCODED: State(N_("written, not yet active"), "amber", "wait"),
    CardState.ACTIVE: State(N_("active"), "green", "tick"),
    CardState.FROZEN: State(N_("frozen"), "amber", "pause"),
    CardState.PROVISIONAL_LOST: State(N_("reported lost, unconfirmed"), "amber", "warn"),
    CardState.LOST: State(N_("lost"), "red", "stop"),
    CardState.EXPIRED: State(N_("expired"), "amber", "wait"),
    CardState.RETURNED: State(N_("returned"), "", "out"),
    CardState.DEFECTIVE: State(N_("defective"), "amber", "warn"),
    CardState.EXCHANGED: State(N_("exchanged"), "", "out"),
    CardState.CONFISCATED: State(N_("confiscated"), "red", "stop"),
    CardState.CANCELLED: State(N_("cancelled"), "red", "cross"),
    CardState.SCRAPPED: State(N_("scrapped"), "", "cross"),
}

SLIP_STANDINGS: Final[Mapping[str, State]] = {
    Standing.DRAFT: State(N_("draft"), "", "wait"),
    Standing.AWAITING_CONSENT: State(N_("waiting for the owner"), "amber", "wait"),
    Standing.CONFIRMED: State(N_("owner agreed"), "", "tick"),
    Standing.REFUSED: State(N_("owner refused"), "red", "cross"),
    Standing.ISSUED: State(N_("issued"), "green", "tick"),
    Standing.PARTLY_RELEASED: State(N_("partly released"), "amber", "wait"),
    Standing.RELEASED: State(N_("released"), "", "out"),
    Standing.EXPIRED: State(N_("expired"), "amber", "wait"),
    Standing.EXPIRED_PARTLY_RELEASED: State(N_("expired, partly released"), "amber", "warn"),
    Standing.SUPERSEDED: State(N_("replaced by another slip"), "", "cross"),
    Standing.CANCEL_REQUESTED: State(N_("cancel requested"), "amber", "wait"),
    Standing.CANCELLED: State(N_("void"), "red", "cross"),
}

DEVICE_STATES: Final[Mapping[str, State]] = {
    DeviceState.STARTING: State(N_("starting"), "", "wait"),
    DeviceState.ONLINE: State(N_("online"), "green", "tick"),
    DeviceState.OFFLINE: State(N_("offline"), "red", "dark"),
    DeviceState.QUARANTINED: State(N_("set aside"), "amber", "pause"),
}

BARRIER_STATES: Final[Mapping[str, State]] = {
    BarrierState.CLOSED: State(N_("closed"), "", "stop"),
    BarrierState.OPENING: State(N_("opening"), "green", "wait"),
    BarrierState.OPEN: State(N_("open"), "green", "tick"),
    BarrierState.CLOSING: State(N_("closing"), "", "wait"),
    BarrierState.HELD_OPEN: State(N_("held open"), "amber", "warn"),
    BarrierState.FAULT: State(N_("fault"), "red", "warn"),
    BarrierState.UNKNOWN: State(N_("not known"), "", "question"),
}

PORTAL_MODES: Final[Mapping[str, State]] = {
    PortalMode.NORMAL: State(N_("normal"), "", "tick"),
    PortalMode.HELD_OPEN: State(N_("stays open until ended"), "amber", "warn"),
    PortalMode.LOCKED_OUT: State(N_("nobody may enter"), "red", "stop"),
}

REACH_STATES: Final[Mapping[str, State]] = {
    "opens": State(N_("opens"), "green", "tick"),
    "refuses": State(N_("refuses"), "", "stop"),
    "pending_open": State(N_("not yet reported"), "amber", "wait"),
    "pending_refuse": State(N_("may still open"), "amber", "warn"),
    "offline_since": State(N_("offline, may still open"), "red", "dark"),
    "unheard": State(N_("offline, not told yet"), "amber", "dark"),
}

RELATIONS: Final[Mapping[str, str]] = {
    Relation.OWNER: N_("owner"),
    Relation.FAMILY: N_("family"),
    Relation.TENANT: N_("tenant"),
    Relation.HELPER: N_("domestic helper"),
}

PROOFS: Final[Mapping[str, str]] = {
    Proof.OWNER_FILE: N_("owner file"),
    Proof.PHONE_TO_OWNER: N_("phone call to the owner"),
    Proof.LEASE: N_("lease"),
    Proof.LETTER: N_("letter of authorisation"),
    Proof.APPLICATION: N_("stamped application"),
}

ROLES: Final[Mapping[str, str]] = {
    Role.FRONT_DESK: N_("front desk"),
    Role.SUPERVISOR: N_("front-desk supervisor"),
    Role.GUARD: N_("guard"),
    Role.CAPTAIN: N_("guard captain"),
    Role.FINANCE: N_("finance clerk"),
    Role.MANAGER: N_("site manager"),
    Role.AUDITOR: N_("auditor"),
    Role.ADMIN: N_("system administrator"),
}

SLIP_KINDS: Final[Mapping[str, str]] = {
    SlipKind.HOUSEHOLD: N_("household goods"),
    SlipKind.MOVE_OUT: N_("moving out"),
    SlipKind.TENANT: N_("tenant's goods"),
    SlipKind.SHOP: N_("shop goods"),
    SlipKind.CONTRACTOR: N_("contractor's materials and tools"),
    SlipKind.INTERNAL: N_("the company's own goods"),
}

CONSENTS: Final[Mapping[int, str]] = {
    ConsentMethod.SIGNED_AT_DESK: N_("signed at the desk"),
    ConsentMethod.PHONE: N_("by phone, identity checked"),
    ConsentMethod.LETTER: N_("letter of authorisation"),
    ConsentMethod.CARD_TAP: N_("owner's card"),
    ConsentMethod.APP: N_("in the app"),
}

DENIALS: Final[Mapping[str, str]] = {
    Reason.UNKNOWN: N_("this list does not know the card"),
    Reason.NOT_YET_VALID: N_("not valid yet"),
    Reason.EXPIRED: N_("expired"),
    Reason.OUTSIDE_SCHEDULE: N_("outside its hours"),
    Reason.EXIT_ONLY: N_("may only leave"),
    Reason.LIST_STALE: N_("the gate's list is too old"),
    Reason.LOCKED_OUT: N_("nobody may enter at the moment"),
    Reason.NO_LIST: N_("the gate holds no list"),
}


_STOP, _WARN, _ASK = "stop", "warn", "question"
VERDICTS: Final[Mapping[str, State]] = {
    code: State(word, COLOURS[code], icon)
    for code, word, icon in (
        (Code.OK, N_("Valid"), "check"),
        (Code.RELEASED, N_("Released"), "check"),
        (Code.PARTIAL_REMAINS, N_("Part left"), _WARN),
        (Code.ALREADY_RELEASED, N_("Used"), _STOP),
        (Code.RACE_LOST, N_("Just used"), _STOP),
        (Code.EXPIRED, N_("Expired"), _STOP),
        (Code.NOT_YET_VALID, N_("Too early"), _STOP),
        (Code.CANCELLED, N_("Void"), _STOP),
        (Code.SUPERSEDED, N_("Replaced"), _STOP),
        (Code.UNKNOWN_SLIP, N_("Unknown"), _STOP),
        (Code.BAD_SIGNATURE, N_("Forged"), _STOP),
        (Code.KEY_RETIRED, N_("Old key"), _STOP),
        (Code.MALFORMED, N_("Broken"), _STOP),
        (Code.WRONG_SITE, N_("Elsewhere"), _STOP),
        (Code.REFUSED, N_("Refused"), _STOP),
        (Code.WRONG_GATE, N_("Other gate"), _WARN),
        (Code.NO_RIGHT_HERE, N_("Not here"), _WARN),
        (Code.UNKNOWN_KEY, N_("Cannot tell"), _WARN),
        (Code.PLATE_MISMATCH, N_("Plate differs"), _WARN),
        (Code.LIST_MISMATCH, N_("List differs"), _WARN),
        (Code.UNREADABLE, N_("Unreadable"), _ASK),
        (Code.NOT_A_SLIP, N_("No slip"), _ASK),
        (Code.VERSION_TOO_NEW, N_("Too new"), _ASK),
    )
}
"""What a guard reads from three metres: at most four characters in Chinese, and a shape."""

NOT_HANDED_OVER: Final = State(N_("not handed over yet"), "amber", "wait")
AWAITS_OWNER: Final = State(N_("waiting for the owner"), "amber", "wait")
