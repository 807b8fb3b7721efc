"""Whatever lies on the encoder: what it is, whose it is, and the next sensible act; work goes on under the eyes."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
from sqlalchemy import update

from gateway.domain.card_data import CardKind
from gateway.domain.encode_job import JobKind
from gateway.domain.person import Role
from gateway.ports import DeviceState, DeviceStatus
from gateway.ports.cards import CardSwappedError, FoundCard, FoundState
from gateway.runtime.house import House
from gateway.services import cards, encode_jobs
from gateway.services.encode_jobs import JobView
from gateway.storage.store import SYSTEM
from gateway.storage.tables import cards as cards_table
from tests.admin_api.compound import Home
from tests.admin_api.encoding import FakeEncoding
from tests.admin_api.house import FakeClock, FakeDevices
from tests.admin_api.pages.conftest import Browser
from tests.admin_api.pages.writer import BLANK, OURS, TORN, UID, Writer

Lay = Callable[..., None]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (BLANK, ["MIFARE DESFire EV2 or EV3", "cannot be copied", "A blank card."]),
        (replace(BLANK, kind=CardKind.CLASSIC), ["MIFARE Classic", "can be copied"]),
        (replace(BLANK, kind=CardKind.UID, state=FoundState.UID_ONLY), ["chip number only", "can be copied"]),
        (OURS, ["A number of ours stands on it that no card in the books has.", "/desk/encoders/desk/clear/"]),
        (TORN, ["Somebody began to write this card and did not finish", "/desk/encoders/desk/clear/"]),
        (replace(BLANK, state=FoundState.FOREIGN), ["Someone else&#39;s keys are on this card", "Take a new card."]),
        (replace(BLANK, state=FoundState.LOCKED, tries_left=1), ["1 more wrong key would lock this card"]),
        (replace(BLANK, state=FoundState.LOCKED), ["This card is locked: it takes no key any more."]),
    ],
)
def test_each_card_says_what_it_is_and_what_to_do(clerk: Browser, lay: Lay, found: FoundCard, said: list[str]) -> None:
    """One sentence and at most one act."""
    lay(UID, found)
    page = clerk.see("/desk/encoder").replace("'", "&#39;")
    assert [sentence for sentence in said if sentence not in page] == []


def test_a_card_just_laid_down_is_looked_at(clerk: Browser, lay: Lay) -> None:
    """Between the card and the answer; and why there is none."""
    lay(UID, None, why=" ")
    assert "Try again" in clerk.see("/desk/encoder")
    lay(UID, None, why="The card was lifted.")
    assert "The card was lifted." in clerk.see("/desk/encoder")


def test_looking_takes_a_moment(clerk: Browser, house: House, lay: Lay) -> None:
    """Said, so that nobody lifts the card."""
    lay(UID, BLANK)
    house.encoders.laid()[0]
    known = house.encoders.known  # type: ignore[attr-defined]  # the fake behind its contract
    known[0] = replace(known[0], found=None)
    assert "Looking at the card" in clerk.see("/desk/encoder")


def test_an_encoder_that_is_gone_says_why(clerk: Browser, house: House, lay: Lay) -> None:
    """Whatever lay there last."""
    lay(UID, BLANK)
    devices = cast("FakeDevices", house.devices)
    devices.known.append(DeviceStatus("desk", DeviceState.OFFLINE, "The adapter %(port)s is gone.", {"port": "usb1"}))
    page = clerk.see("/desk/encoder")
    assert "The adapter usb1 is gone." in page
    assert "Check its cable" in page


def test_without_keys_the_desk_says_what_to_type(
    clerk: Browser, as_role: Callable[[Role], Browser], encoding: FakeEncoding, lay: Lay
) -> None:
    """On the empty encoder and under a card; who may see the keys' page is led there."""
    encoding.version = None
    assert "gatehouse keys init" in clerk.see("/desk")
    lay(UID, BLANK)
    page = clerk.see("/desk/encoder")
    assert "gatehouse keys init" in page
    assert "/settings/card-keys" not in page
    assert "/settings/card-keys" in as_role(Role.MANAGER).see("/desk/encoder")


def test_a_card_is_written_for_the_one_who_was_chosen(
    clerk: Browser, place: Home, house: House, encoding: FakeEncoding, lay: Lay
) -> None:
    """The press of one button plans the work and begins it; the card opens nothing yet."""
    lay(UID, BLANK)
    page = clerk.submit(
        f"/desk/units/{place.unit}/people/{place.owner}/cards", encoder="desk", uid=UID.hex(), receipt="R-7"
    )
    with house.store.read() as conn:
        job = encode_jobs.list_jobs(conn)[0]
    assert encoding.acts[0][:3] == ("begin", "desk", job.id)
    assert (job.holder, job.state) == ("李娜", "planned")
    assert "The work begins in a moment." in page
    assert f"/desk/jobs/{job.id}/outcome" in page
    assert "As soon as the card is written" in page


def test_rules_are_settled_before_anything_is_written(clerk: Browser, place: Home, house: House, lay: Lay) -> None:
    """No receipt: the page comes back with what was typed."""
    lay(UID, BLANK)
    path = f"/desk/units/{place.unit}/people/{place.owner}/cards"
    page = clerk.submit(path, 422, encoder="desk", uid=UID.hex(), number="A-77")
    assert "R-CARD-10" in page
    assert 'value="A-77"' in page
    with house.store.read() as conn:
        assert encode_jobs.list_jobs(conn) == []


def test_progress_is_told_step_by_step(clerk: Browser, writer: Writer, lay: Lay) -> None:
    """In words and as a bar, and to leave the card where it is; then whose it is and where it opens."""
    job = writer.write(writer.plan())
    lay(UID, BLANK)
    page = clerk.see("/desk/encoder")
    assert "Step 2 of 3: Write the number" in page
    assert '<progress max="3" value="1"' in page
    assert "Leave the card on the encoder" in page
    assert "Give it up" not in page
    lay(UID, writer.finish(job))
    assert "It belongs to 李娜, 3-1-502." in clerk.see("/desk/encoder")
    outcome = clerk.see(f"/desk/jobs/{job.id}/outcome")
    assert "Card 0001 is issued." in outcome
    assert "Opens at" in outcome


def test_a_card_that_was_pulled_away_is_waited_for(clerk: Browser, writer: Writer, lay: Lay) -> None:
    """What happened, what to do, at which desk; and the list of cards that are half-written."""
    job = writer.fail(writer.write(writer.plan()))
    lay(None)
    page = clerk.see("/desk/encoder")
    assert "The card on desk was lifted or does not answer." in page
    assert "Lay it back here or on any other encoder: it is finished by itself." in page
    assert "half-written" not in page  # one is told once
    assert f"/desk/jobs/{job.id}/abandon" in page
    lay(bytes.fromhex("04AABBCCDDEE80"))
    assert "finished by itself" in clerk.see("/desk/encoder")  # another card does not make it forgotten


def test_cards_that_are_half_written_are_listed(clerk: Browser, writer: Writer, lay: Lay) -> None:
    """Those of other encoders too, with what can become of each."""
    writer.fail(writer.write(writer.plan()))
    other = replace(BLANK, uid=bytes.fromhex("04AABBCCDDEE80"))
    job = writer.fail(writer.write(writer.plan(other), encoder="back-office"))
    lay(None)
    page = clerk.see("/desk/encoder")
    assert "2 cards are half-written" in page
    assert "back-office" in page
    assert f"/desk/jobs/{job.id}/cancel" in page


def test_a_swapped_card_is_told_and_the_work_can_be_tried_again(
    clerk: Browser, encoding: FakeEncoding, writer: Writer, lay: Lay
) -> None:
    """The right one lies there again."""
    writer.fail(writer.write(writer.plan()), CardSwappedError("Another card lies there. Lay the first one back."))
    lay(UID)
    page = clerk.see("/desk/encoder")
    assert "Another card lies there. Lay the first one back." in page
    assert "Try again" in page
    clerk.submit("/desk/encoders/desk/look", back="/desk")
    assert encoding.acts == [("look again", "desk")]


def test_work_at_another_desk_is_left_to_it(clerk: Browser, writer: Writer, lay: Lay) -> None:
    """Who, where, until when."""
    writer.write(writer.plan(), encoder="back-office")
    lay(UID, BLANK)
    page = clerk.see("/desk/encoder")
    assert "is working on this card at back-office until" in page
    assert "Give it up" not in page


def test_giving_up_before_anything_is_written_frees_the_card(
    clerk: Browser, house: House, encoding: FakeEncoding, writer: Writer, lay: Lay
) -> None:
    """Asked by name; the card is looked at anew."""
    job = writer.plan()
    lay(UID, BLANK)
    ask = clerk.see(f"/desk/jobs/{job.id}/cancel")
    assert "Give up the work on card 0001?" in ask
    assert "Nothing was written on the card yet." in ask
    clerk.submit(f"/desk/jobs/{job.id}/cancel")
    with house.store.read() as conn:
        assert encode_jobs.get(conn, job.id).state == "cancelled"
        assert cards.by_uid(conn, UID) is None
    assert encoding.acts == [("look again", "desk")]


def test_giving_up_half_written_wipes_with_the_next_tap(clerk: Browser, writer: Writer, lay: Lay) -> None:
    """And the page says so until it is done."""
    job = writer.fail(writer.write(writer.plan()))
    lay(None)
    assert "wiped when it lies on an encoder next" in clerk.see(f"/desk/jobs/{job.id}/cancel")
    clerk.submit(f"/desk/jobs/{job.id}/cancel")
    assert "it is wiped by itself" in clerk.see("/desk/encoder")
    assert "Give it up" not in clerk.see("/desk/encoder")


def test_a_card_that_will_not_come_back_is_given_up(clerk: Browser, house: House, writer: Writer) -> None:
    """It is known should it turn up."""
    job = writer.fail(writer.write(writer.plan()))
    assert "Is card 0001 lost or broken?" in clerk.see(f"/desk/jobs/{job.id}/abandon")
    assert "half-written" not in clerk.submit(f"/desk/jobs/{job.id}/abandon")
    with house.store.read() as conn:
        known = cards.by_uid(conn, UID)
    assert known is not None
    assert known.state == "cancelled"


def test_what_cannot_be_given_up_says_why(clerk: Browser, writer: Writer) -> None:
    """Work that is done."""
    job, _found = writer.issued()
    assert "written and active already" in clerk.submit(f"/desk/jobs/{job.id}/cancel", 422)
    assert "There is no such page." in clerk.see(f"/desk/jobs/{job.id}/explode", 404)
    assert "There is no work" in clerk.see("/desk/jobs/none/cancel", 404)


def test_a_card_with_older_keys_is_written_anew(
    clerk: Browser, house: House, encoding: FakeEncoding, writer: Writer, lay: Lay
) -> None:
    """Offered where it lies, asked by its number, begun at once."""
    _job, found = writer.issued()
    encoding.version = 2
    lay(UID, found)
    page = clerk.see("/desk/encoder")
    assert "It carries older keys." in page
    assert "now written: 2" in page
    assert "Write card 0001 anew?" in clerk.see(f"/desk/encoders/desk/anew/{UID.hex()}")
    clerk.submit(f"/desk/encoders/desk/anew/{UID.hex()}")
    with house.store.read() as conn:
        job = encode_jobs.list_jobs(conn)[0]
    assert (job.what, job.key_version) == ("reencode", 2)
    assert encoding.acts[-1][:3] == ("begin", "desk", job.id)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (BLANK, "It opens by its chip number"),
        (TORN, "It is half-written"),
        (OURS, "Its number is not the one in the books"),
    ],
)
def test_a_card_that_is_not_as_the_books_say_is_written_anew(
    clerk: Browser, writer: Writer, lay: Lay, found: FoundCard, said: str
) -> None:
    """It stays the same card."""
    writer.issued()
    lay(UID, found)
    page = clerk.see("/desk/encoder")
    assert said in page
    assert f"/desk/encoders/desk/anew/{UID.hex()}" in page


def test_a_cancelled_card_is_wiped_back_to_stock(
    clerk: Browser, house: House, encoding: FakeEncoding, writer: Writer, lay: Lay
) -> None:
    """R-CARD-21, asked by its number."""
    job, found = writer.issued()
    assert job.card_id is not None
    card_id = job.card_id
    with house.store.write(SYSTEM) as uow:
        cards.cancel(uow, house.keys, card_id, reason="moved away")
    lay(UID, found)
    assert "Wipe it, back to stock" in clerk.see("/desk/encoder")
    assert "Wipe card 0001 and put it back into stock?" in clerk.see(f"/desk/encoders/desk/wipe/{UID.hex()}")
    assert "As soon as the card is wiped" in clerk.submit(f"/desk/encoders/desk/wipe/{UID.hex()}")
    assert encoding.acts[-1][0] == "begin"
    writer.write(_newest(house))
    assert "Leave the card on the encoder" in clerk.see("/desk/encoder")


def test_a_card_nobody_knows_is_wiped(clerk: Browser, house: House, lay: Lay) -> None:
    """Named by its chip's number, for it has no other."""
    lay(UID, OURS)
    assert UID.hex(" ").upper() in clerk.see(f"/desk/encoders/desk/clear/{UID.hex()}")
    clerk.submit(f"/desk/encoders/desk/clear/{UID.hex()}")
    assert _newest(house).what is JobKind.RECOVER
    assert "There is no such page." in clerk.see(f"/desk/encoders/desk/explode/{UID.hex()}", 404)


def test_an_act_that_is_refused_stays_where_it_was_asked(clerk: Browser, writer: Writer, lay: Lay) -> None:
    """The card was lifted meanwhile."""
    _job, found = writer.issued()
    lay(UID, found)
    lay(None)
    page = clerk.submit(f"/desk/encoders/desk/anew/{UID.hex()}", 422)
    assert "The card was taken off the encoder." in page
    assert "Write card 0001 anew?" in page


def test_a_lost_card_that_was_found_says_what_to_do(clerk: Browser, house: House, writer: Writer, lay: Lay) -> None:
    """Whose, since when, and both ways on."""
    job, found = writer.issued()
    assert job.card_id is not None
    with house.store.write(SYSTEM) as uow:
        uow.conn.execute(update(cards_table).where(cards_table.c.id == job.card_id).values(state="lost"))
    lay(UID, found)
    page = clerk.see("/desk/encoder")
    assert "It belongs to 李娜, 3-1-502." in page
    assert "This card is reported lost." in page
    assert "Withdraw the loss" in page
    assert "since " in page


def test_a_lease_that_ran_out_is_no_desk_at_work(clerk: Browser, writer: Writer, clock: FakeClock, lay: Lay) -> None:
    """A gateway that died in the middle: the card is waited for."""
    writer.write(writer.plan())
    clock.now += 600
    lay(None)
    assert "finished by itself" in clerk.see("/desk/encoder")


def test_an_auditor_sees_work_and_touches_nothing(as_role: Callable[[Role], Browser], writer: Writer, lay: Lay) -> None:
    """No button, and no way around it."""
    job = writer.fail(writer.write(writer.plan()))
    lay(UID, TORN)
    auditor = as_role(Role.AUDITOR)
    page = auditor.see("/desk/encoder")
    assert "Give it up" not in page
    assert "Try again" not in page
    for path in (f"/desk/jobs/{job.id}/cancel", "/desk/encoders/desk/look", f"/desk/encoders/desk/anew/{UID.hex()}"):
        auditor.submit(path, 403)


def test_the_household_shows_its_new_card_without_a_reload(clerk: Browser, place: Home, writer: Writer) -> None:
    """The sheet alone, as the page fetches it when work ends."""
    writer.issued()
    assert "0001" in clerk.see(f"/desk/units/{place.unit}/sheet?person={place.owner}")


def _newest(house: House) -> JobView:
    with house.store.read() as conn:
        return encode_jobs.list_jobs(conn)[0]
