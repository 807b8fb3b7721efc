"""What kinds of cards, work at the encoder, its steps and card keys are called on the pages. Each word is a msgid."""

from collections.abc import Mapping
from typing import Final

from admin_api.pages.i18n import N_
from admin_api.pages.words import State
from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import JobKind, JobState
from gateway.ports.cards import KeyPurpose
from gateway.services.card_key_rows import KeySetState

CARD_KINDS: Final[Mapping[str, str]] = {
    CardKind.UID: N_("plain card, chip number only"),
    CardKind.EM4100: N_("ID card, 125 kHz"),
    CardKind.CLASSIC: N_("MIFARE Classic"),
    CardKind.DESFIRE_EV1: N_("MIFARE DESFire EV1"),
    CardKind.DESFIRE_EV2: N_("MIFARE DESFire EV2 or EV3"),
    CardKind.FMCOS: N_("CPU card, FMCOS"),
}

JOBS: Final[Mapping[str, str]] = {
    JobKind.ISSUE: N_("issue"),
    JobKind.REPLACE: N_("replacement"),
    JobKind.REENCODE: N_("write anew"),
    JobKind.WIPE: N_("wipe"),
    JobKind.RECOVER: N_("wipe"),
}

JOB_STATES: Final[Mapping[str, State]] = {
    JobState.PLANNED: State(N_("not begun"), "", "wait"),
    JobState.INTENT: State(N_("being written"), "amber", "wait"),
    JobState.WRITING: State(N_("being written"), "amber", "wait"),
    JobState.VERIFYING: State(N_("being read back"), "amber", "wait"),
    JobState.UNKNOWN: State(N_("interrupted"), "amber", "warn"),
    JobState.WIPING: State(N_("to be wiped"), "amber", "warn"),
    JobState.ACTIVE: State(N_("done"), "green", "tick"),
    JobState.DONE: State(N_("wiped"), "", "tick"),
    JobState.CANCELLED: State(N_("given up"), "", "cross"),
}
"""Of one piece of work; a row of a batch that is not begun waits for its card."""

BATCH_OPEN: Final = State(N_("under way"), "green", "play")
BATCH_CLOSED: Final = State(N_("finished"), "", "tick")

STEPS: Final = frozenset(
    {
        N_("Take the card over"),
        N_("Write the number"),
        N_("Change the keys"),
        N_("Read it back"),
        N_("Set the card's options"),
        N_("Take the number off"),
        N_("Give back the factory's key"),
        N_("See that it is blank"),
        N_("Find out what is on the card"),
        N_("Write the number and the counter"),
        N_("Write the keys"),
        N_("Read everything back"),
        N_("Erase the number and the counter"),
        N_("Put the maker's keys back"),
        N_("Check that nothing is left"),
        N_("Make the application and replace the main key"),
        N_("Erase the application"),
        N_("Put the maker's key back"),
    }
)
"""Everything that is done to cards, of every kind."""

KEY_STATES: Final[Mapping[str, State]] = {
    KeySetState.IMPORTING: State(N_("not whole yet"), "amber", "wait"),
    KeySetState.CURRENT: State(N_("written on cards"), "green", "tick"),
    KeySetState.ACCEPTED: State(N_("still read"), "", "tick"),
    KeySetState.RETIRED: State(N_("retired"), "", "cross"),
}

KEY_PURPOSES: Final[Mapping[str, str]] = {
    KeyPurpose.PICC: N_("the card itself"),
    KeyPurpose.APPLICATION: N_("our application"),
    KeyPurpose.READ: N_("reading"),
    KeyPurpose.WRITE: N_("writing"),
    KeyPurpose.COUNTER: N_("the counter"),
    KeyPurpose.PROOF: N_("proof of the card"),
    KeyPurpose.ISSUER: N_("the issuer's mark"),
}
