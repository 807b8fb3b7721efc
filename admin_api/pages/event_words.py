"""What the record's kinds and alarms are called on the pages. Each word is a msgid."""

import re
from collections.abc import Mapping
from typing import Final

from admin_api.pages.i18n import N_, Speaker
from admin_api.pages.words import State
from gateway.services.records import RecordView

EVENTS: Final[Mapping[str, State]] = {
    "access.granted": State(N_("passed"), "green", "tick"),
    "access.denied": State(N_("refused"), "red", "stop"),
    "portal.open_asked": State(N_("told to open"), "", "wait"),
    "portal.open_unanswered": State(N_("no answer; look at the gate"), "red", "warn"),
    "portal.opened": State(N_("opened by hand"), "amber", "warn"),
    "portal.open_failed": State(N_("did not open"), "red", "warn"),
    "portal.mode": State(N_("mode changed"), "amber", "warn"),
    "portal.passed": State(N_("car went through"), "", "out"),
    "portal.forced": State(N_("forced open"), "red", "warn"),
    "portal.held_open": State(N_("open too long"), "amber", "warn"),
    "portal.loop_stuck": State(N_("loop stays occupied"), "red", "warn"),
    "portal.tailgated": State(N_("two cars on one opening"), "amber", "warn"),
    "portal.manual": State(N_("moved by hand"), "amber", "warn"),
    "portal.fault": State(N_("barrier fault"), "red", "warn"),
    "portal.fire": State(N_("fire signal: standing open"), "red", "warn"),
    "device.online": State(N_("device online"), "green", "tick"),
    "device.offline": State(N_("device offline"), "red", "dark"),
    "device.quarantined": State(N_("device set aside"), "amber", "pause"),
    "controller.events_lost": State(N_("events lost"), "red", "warn"),
    "card.issue": State(N_("card issued"), "", "card"),
    "card.report_loss": State(N_("card reported lost"), "amber", "warn"),
    "card.confirm_loss": State(N_("loss confirmed"), "amber", "warn"),
    "card.withdraw_loss": State(N_("loss withdrawn"), "", "tick"),
    "card.freeze": State(N_("card frozen"), "amber", "pause"),
    "card.unfreeze": State(N_("card unfrozen"), "", "tick"),
    "card.cancel": State(N_("card cancelled"), "red", "cross"),
    "card.confiscate": State(N_("card confiscated"), "red", "stop"),
    "card.restore": State(N_("card given back"), "", "tick"),
    "card.return": State(N_("card returned"), "", "out"),
    "card.exchange": State(N_("card exchanged"), "", "card"),
    "card.report_defect": State(N_("card reported defective"), "amber", "warn"),
    "card.renew": State(N_("card renewed"), "", "tick"),
    "card.recover": State(N_("card put back into stock"), "", "card"),
    "card.expire": State(N_("card expired"), "", "wait"),
    "card.reencode": State(N_("card written anew"), "", "card"),
    "card.stock_in": State(N_("card taken into stock"), "", "card"),
    "slip.created": State(N_("slip written"), "", "slip"),
    "slip.consented": State(N_("owner agreed"), "", "tick"),
    "slip.reviewed": State(N_("slip reviewed"), "", "tick"),
    "slip.issued": State(N_("slip issued"), "", "slip"),
    "slip.released": State(N_("goods released"), "green", "out"),
    "slip.refused": State(N_("goods refused"), "red", "stop"),
    "slip.voided": State(N_("slip voided"), "", "cross"),
    "encode.planned": State(N_("card is to be written"), "", "wait"),
    "encode.started": State(N_("card is being written"), "", "wait"),
    "encode.failed": State(N_("writing a card was interrupted"), "amber", "warn"),
    "encode.active": State(N_("card written and read back"), "green", "tick"),
    "encode.done": State(N_("card wiped"), "", "card"),
    "encode.cancelled": State(N_("writing a card was given up"), "", "cross"),
    "unit.handed_over": State(N_("unit handed over"), "", "tick"),
    "unit.transferred": State(N_("unit sold"), "", "out"),
    "occupant.added": State(N_("occupant added"), "", "desk"),
    "occupant.ended": State(N_("occupancy ended"), "", "out"),
    "alarm.raised": State(N_("alarm"), "red", "warn"),
    "alarm.acknowledged": State(N_("alarm acknowledged"), "", "tick"),
    "lists.removal_confirmed": State(N_("mass removal confirmed"), "amber", "tick"),
    "user.signed_in": State(N_("signed in"), "", "desk"),
    "user.signed_out": State(N_("signed out"), "", "out"),
}

FAMILIES: Final[Mapping[str, State]] = {
    "access": State(N_("passage"), "", "gate"),
    "card": State(N_("card changed"), "", "card"),
    "card_keys": State(N_("keys of the cards"), "", "settings"),
    "encode": State(N_("work at the encoder"), "", "card"),
    "slip": State(N_("slip changed"), "", "slip"),
    "site": State(N_("site set up"), "", "settings"),
    "portal": State(N_("gate"), "", "gate"),
    "device": State(N_("device"), "", "console"),
    "controller": State(N_("controller"), "", "console"),
    "user": State(N_("account changed"), "", "desk"),
    "token": State(N_("token changed"), "", "settings"),
    "unit": State(N_("unit changed"), "", "desk"),
    "person": State(N_("person changed"), "", "desk"),
    "occupant": State(N_("occupancy changed"), "", "desk"),
    "lists": State(N_("lists renewed"), "", "console"),
    "journal": State(N_("record"), "", "console"),
}
"""For kinds without a word of their own."""

ALARMS: Final[Mapping[str, str]] = {
    "device_offline": N_("A device is offline. Check its cable and power."),
    "device_quarantined": N_("A device was set aside because it kept failing. Check it, then restart the gateway."),
    "open_failed": N_("A gate did not open when told to. Open it by hand and call engineering."),
    "portal_forced": N_("A gate opened without being told to. Send someone to look."),
    "portal_held_open": N_("A gate stands open too long. Send someone to look."),
    "portal_loop_stuck": N_("A loop or light beam stays occupied. Send someone to look."),
    "portal_fault": N_("A barrier reports a fault. Send someone to look."),
    "broker_offline": N_("The message broker is out of reach. Gates go on with the lists they hold."),
    "controller_offline": N_("A controller is offline. It goes on with the lists it holds."),
    "events_not_stored": N_("Events of a controller could not be stored; it keeps them and sends them again."),
    "unknown_controller": N_("A controller that is not enrolled here is speaking. Find out whose it is."),
    "store_restored": N_("The store was restored from a backup; all controllers get their lists anew."),
    "sc_downgrade": N_("A reader tried to speak without encryption. Send someone to look at its wires."),
    "reader_replaced": N_("A reader was exchanged for another. Send someone to look."),
    "garbage": N_("A device sends nonsense. Check its cable."),
    "fault": N_("A device reports a fault. Check it."),
    "stuck": N_("A device repeats itself. Check it."),
    "portal_fire": N_("A fire signal holds a gate open."),
    "card_reported": N_("A card reported lost or cancelled was presented. Send someone to the gate."),
    "clone_suspected": N_("A copy of a card was presented. Send someone to the gate, and have the card brought in."),
    "wrong_tries": N_("Unknown cards were tried one after another. Send someone to the gate."),
    "sign_in_failures": N_("Someone keeps trying wrong passwords."),
    "tamper": N_("A reader was opened or moved. Send someone to look."),
    "power": N_("A reader reports a fault of its power."),
    "time_suspect": N_(
        "The clock of the gateway jumped. Check its time before you rely on hours and ends of validity."
    ),
    "read_back_failed": N_("What the message broker keeps for the gates could not be read back. It is tried again."),
    "publish_refused": N_("The message broker refused a list or a command. Check the gateway's account there."),
    "controller_ahead": N_(
        "A controller holds a newer list than the gateway. Look at “gatehouse doctor” before anything is published."
    ),
    "base_not_published": N_("A whole list could not be published. Gates go on with the lists they hold."),
    "over_capacity": N_("A list has more cards than a controller can hold; some cards do not open there."),
    "malformed": N_("A controller sends messages that cannot be read. Check its software version."),
    "mass_removal_held": N_(
        "Very many cards would be taken off a list at once. Gates keep them until someone confirms."
    ),
    "slip_presented": N_("A bad release slip was presented. Call the post."),
}


_FOR_SLIP: Final = re.compile(r"slip (\d+)")
"""The reason with which a release opens the gate."""


def event_state(kind: str) -> State:
    """The word for a kind of record; the family's when it has none."""
    return EVENTS.get(kind) or FAMILIES.get(kind.partition(".")[0]) or State(N_("record"))


def record_state(say: Speaker, record: RecordView) -> State:
    """The word for what happened: a gate that a release opened was not opened by hand."""
    slip = slip_opened_for(record)
    if slip is None:
        return event_state(record.kind)
    return State(say(N_("opened for slip %(number)s"), number=slip), "green", "slip")


def slip_opened_for(record: RecordView) -> str | None:
    """The number of the slip whose release opened the gate."""
    found = _FOR_SLIP.fullmatch(str(record.body.get("reason", ""))) if record.kind == "portal.opened" else None
    return found and found[1]
