"""Commands about the card and its applications: MF3ICD81 functional description, PICC level commands."""

from simulators.cards.desfire.application import ROOT, Application
from simulators.cards.desfire.command import Command, Commands, Plan, Reply, control
from simulators.cards.desfire.keys import KeyKind
from simulators.cards.desfire.messaging import Mode
from simulators.cards.desfire.status import Status, must
from simulators.cards.desfire.visit import Visit

_AID_SIZE = 3
_MOST_KEYS = 14
_BATCH_AND_DATE = bytes.fromhex("BA54189C30 2419")
_LONGEST_ATS = 20


def _get_version(visit: Visit, _header: bytes) -> Reply:
    """Hardware, software, then UID, batch number, week and year. A card with a random UID keeps its own to itself."""
    uid = bytes(7) if visit.picc.random_uid else visit.uid
    return [visit.profile.hardware, visit.profile.software, uid + _BATCH_AND_DATE]


def _free_memory(visit: Visit, _header: bytes) -> Reply:
    return visit.picc.free(visit.profile).to_bytes(3, "little")


def _get_card_uid(visit: Visit, _header: bytes, _data: bytes) -> Reply:
    return visit.uid


def _plan_get_card_uid(visit: Visit, _payload: bytes) -> Plan:
    visit.require_authenticated()
    return Plan(header=0, reply=Mode.ENCIPHERED)


def _get_application_ids(visit: Visit, _header: bytes) -> Reply:
    visit.require_root()
    visit.require_master(unless=visit.picc.root.free_listing)
    return b"".join(visit.picc.applications)


def _get_df_names(visit: Visit, _header: bytes) -> Reply:
    visit.require_root()
    visit.require_master(unless=visit.picc.root.free_listing)
    named = [found for found in visit.picc.applications.values() if found.name]
    return [found.aid + found.iso_id[::-1] + found.name for found in named] or b""


def _create_application(visit: Visit, header: bytes) -> Reply:
    """AID, key settings 1 and 2, then ISO file identifier and DF name if the application shall have them."""
    must(len(header) >= _AID_SIZE + 2, Status.LENGTH)
    visit.require_root()
    visit.require_master(unless=visit.picc.root.free_creating)
    aid, settings, more, rest = header[:3], header[3], header[4], header[5:]
    if visit.profile.has_ev2_messaging and more & 0x10:
        must(rest, Status.LENGTH)
        must(rest[0] == 0, Status.PARAMETER)  # no key sets
        rest = rest[1:]
    must(not rest or 2 <= len(rest) <= 18, Status.LENGTH)
    must(aid != ROOT and more & 0x0F <= _MOST_KEYS and more & 0xC0 in set(KeyKind), Status.PARAMETER)
    must(aid not in visit.picc.applications, Status.DUPLICATE)
    must(len(visit.picc.applications) < visit.profile.most_applications, Status.COUNT)
    kind = KeyKind(more & 0xC0)
    keys = visit.picc.new_keys(kind, more & 0x0F)
    made = Application(aid, settings, kind, keys, rest[:2], rest[2:], has_iso_ids=bool(more & 0x20))
    visit.picc.take(visit.profile, made.memory)
    visit.picc.applications[aid] = made
    return b""


def _delete_application(visit: Visit, aid: bytes) -> Reply:
    """By the card's master key; or by the application's own when the card's settings leave creating free."""
    own = visit.selected.aid == aid and visit.picc.root.free_creating
    must(visit.at_root or own, Status.PERMISSION_DENIED)
    visit.require_master()
    must(aid in visit.picc.applications, Status.APPLICATION_NOT_FOUND)
    del visit.picc.applications[aid]
    if not visit.at_root:
        visit.select(visit.picc.root)
    return b""


def _format(visit: Visit, _header: bytes) -> Reply:
    visit.require_root()
    must(not visit.picc.formatting_disabled, Status.PERMISSION_DENIED)
    visit.require_master()
    visit.picc.format()
    return b""


def _plan_configuration(visit: Visit, payload: bytes) -> Plan:
    visit.require_root()
    visit.require_master()
    must(payload, Status.LENGTH)
    must(payload[0] in _CONFIGURATION_SIZES, Status.PARAMETER)
    return Plan(header=1, size=_CONFIGURATION_SIZES[payload[0]], mode=Mode.ENCIPHERED)


def _set_configuration(visit: Visit, header: bytes, data: bytes) -> Reply:
    """0: switches, which cannot be switched back; 1: default key and its version; 2: answer to select."""
    picc = visit.picc
    if header[0] == 0:
        picc.formatting_disabled |= bool(data[0] & 1)
        picc.random_uid |= bool(data[0] & 2)
    elif header[0] == 1:
        picc.default_key, picc.default_version = data[:24], data[24]
    else:
        must(2 <= len(data) <= _LONGEST_ATS and data[0] == len(data), Status.PARAMETER)
        picc.ats = data
    return b""


_CONFIGURATION_SIZES = {0: 1, 1: 25, 2: None}

COMMANDS: Commands = {
    0x60: control(_get_version, 0),
    0x6E: control(_free_memory, 0),
    0x51: Command(_plan_get_card_uid, _get_card_uid),
    0x6A: control(_get_application_ids, 0),
    0x6D: control(_get_df_names, 0),
    0xCA: control(_create_application),
    0xDA: control(_delete_application, _AID_SIZE),
    0xFC: control(_format, 0),
    0x5C: Command(_plan_configuration, _set_configuration),
}
