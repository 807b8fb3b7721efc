"""Commands about keys and key settings: MF3ICD81 functional description, security related commands."""

from simulators.cards.desfire.command import Command, Commands, Plan, Reply, control
from simulators.cards.desfire.keys import KeyKind
from simulators.cards.desfire.messaging import Mode, Unprotected
from simulators.cards.desfire.status import Status, must
from simulators.cards.desfire.visit import Visit


def _get_key_settings(visit: Visit, _header: bytes) -> Reply:
    visit.require_master(unless=visit.selected.free_listing)
    return bytes([visit.selected.settings, len(visit.selected.keys) | visit.selected.kind])


def _get_key_version(visit: Visit, header: bytes) -> Reply:
    return bytes([visit.selected.key(header[0]).version])


def _plan_change_key_settings(visit: Visit, _payload: bytes) -> Plan:
    must(visit.selected.settings_changeable, Status.PERMISSION_DENIED)
    visit.require_master()
    return Plan(header=0, size=1, mode=Mode.ENCIPHERED)


def _change_key_settings(visit: Visit, _header: bytes, data: bytes) -> Reply:
    visit.selected.settings = data[0] & 0x0F if visit.at_root else data[0]
    return b""


def _plan_change_key(visit: Visit, payload: bytes) -> Plan:
    must(payload, Status.LENGTH)
    number, _kind = _which(visit, payload[0])
    visit.require_authenticated()
    visit.selected.may_change_key(number, visit.messaging.key_no)
    return Plan(header=1, size=None, mode=Mode.ENCIPHERED)


def _change_key(visit: Visit, header: bytes, cryptogram: bytes) -> Reply:
    """``cryptogram`` is still closed: its checksums are not those of other commands."""
    number, kind = _which(visit, header[0])
    in_use = number == visit.messaging.key_no
    old = None if in_use else visit.selected.key(number)
    visit.selected.keys[number] = visit.messaging.open_key(header[0], cryptogram, kind, old)
    visit.selected.kind = kind
    if in_use:
        visit.messaging = Unprotected()
    return b""


def _which(visit: Visit, key_no_byte: int) -> tuple[int, KeyKind]:
    """The card's own key may change its kind: the number's upper bits tell it."""
    if not visit.at_root:
        visit.selected.key(key_no_byte)
        return key_no_byte, visit.selected.kind
    visit.selected.key(key_no_byte & 0x3F)
    must(key_no_byte & 0xC0 in set(KeyKind), Status.NO_SUCH_KEY)
    return key_no_byte & 0x3F, KeyKind(key_no_byte & 0xC0)


CHANGE_KEY = 0xC4
COMMANDS: Commands = {
    0x45: control(_get_key_settings, 0),
    0x64: control(_get_key_version, 1),
    0x54: Command(_plan_change_key_settings, _change_key_settings),
    CHANGE_KEY: Command(_plan_change_key, _change_key),
}
