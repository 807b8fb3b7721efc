"""What the desk does with work at an encoder: each act asks by naming the card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from admin_api.pages.i18n import N_
from gateway.services import encode_jobs
from gateway.services.encode_jobs import JobKind, JobState, JobView
from gateway.storage.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class EncoderAct:
    """What can be ordered for a card that lies on an encoder; ``ask`` names it by its number or its chip's."""

    what: JobKind
    button: str
    ask: str
    tell: str
    danger: bool = False


ENCODER_ACTS: Final[Mapping[str, EncoderAct]] = {
    "anew": EncoderAct(
        JobKind.REENCODE,
        N_("Write it anew"),
        N_("Write card %(card)s anew?"),
        N_("It stays the same card for the same person. Leave it on the encoder until the page says it is done."),
    ),
    "wipe": EncoderAct(
        JobKind.WIPE,
        N_("Wipe it, back to stock"),
        N_("Wipe card %(card)s and put it back into stock?"),
        N_(
            "Our number and our keys come off the card. It becomes blank and can be issued to someone else (R-CARD-21)."
        ),
        danger=True,
    ),
    "clear": EncoderAct(
        JobKind.RECOVER,
        N_("Wipe it"),
        N_("Wipe the card with the chip number %(card)s?"),
        N_("What we wrote on it comes off, and it can be issued as a blank card. Leave it on the encoder meanwhile."),
        danger=True,
    ),
}


@dataclass(frozen=True, slots=True)
class JobAct:
    """What can become of work that is not done."""

    button: str
    ask: str
    tell: Callable[[JobView], str]
    run: Callable[[UnitOfWork, str], JobView]


def _tell_cancel(job: JobView) -> str:
    if job.state is JobState.PLANNED:
        return N_("Nothing was written on the card yet. It is free again at once.")
    return N_(
        "Something may stand on the card already. It opens no gate, and it is wiped when it lies on an encoder next."
    )


def _tell_abandon(job: JobView) -> str:
    if job.what is JobKind.REENCODE:
        return N_("The work ends. The card stays its holder's: report it lost or defective to replace it.")
    return N_("The work ends, and the card is known as ours should it turn up. It opens no gate.")


JOB_ACTS: Final[Mapping[str, JobAct]] = {
    "cancel": JobAct(N_("Give it up"), N_("Give up the work on card %(card)s?"), _tell_cancel, encode_jobs.cancel),
    "abandon": JobAct(
        N_("The card will not come back"),
        N_("Is card %(card)s lost or broken?"),
        _tell_abandon,
        encode_jobs.abandon,
    ),
}


def acts_for(job: JobView) -> list[str]:
    """Which of them make sense now. A card in use is not given up half-written: it is finished, or it is gone."""
    acts = [] if job.wipes or (job.what is JobKind.REENCODE and job.state is not JobState.PLANNED) else ["cancel"]
    return acts if job.state is JobState.PLANNED else [*acts, "abandon"]
