"""The desk's encoder in each of its states, for pictures and for what must hold on every page."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from playwright.sync_api import Page

from gateway.domain.card_data import CardKind
from gateway.domain.person import Proof
from gateway.ports import DeviceState, DeviceStatus
from gateway.ports.cards import FoundCard, FoundState
from gateway.services import card_keys, encode_jobs
from gateway.services.encode_jobs import BatchRow, JobView
from gateway.storage.store import SYSTEM
from tests.admin_api.compound import Home
from tests.admin_api.house import KEYRING
from tests.admin_api.pages.writer import BLANK, OURS, PULLED, TORN, Writer
from tests.browser.server import Site

Shot = Callable[[Page, Site], None]
Prepare = Callable[[Site], str]
ROWS: Final = "3-1-501, 谁也不是, R-1\n3-1-502, 李娜, R-2\n3-1-502, 李娜, , 0417"


def fresh(found: FoundCard = BLANK) -> FoundCard:
    """A card that nobody has seen."""
    return replace(found, uid=b"\x04" + os.urandom(6))


def writer_of(site: Site) -> Writer:
    """Whoever writes cards, for another household each time."""
    site.served += 1
    card = site.compound.cards[site.served % len(site.compound.cards)]
    assert card.unit_id is not None
    assert card.holder_id is not None
    return Writer(site.house, Home(card.unit_id, card.holder_id))


def shown(prepare: Prepare) -> Shot:
    """A calm desk, the state, and the page that ``prepare`` names."""

    def shoot(page: Page, site: Site) -> None:
        site.calm()
        page.goto(site.url + prepare(site), wait_until="load")

    return shoot


def _lies(found: FoundCard, *, chosen: bool = False) -> Prepare:
    def prepare(site: Site) -> str:
        card = fresh(found)
        site.lay(card.uid, card)
        li_na = site.compound.li_na
        return f"/desk/units/{li_na.unit_id}?person={li_na.holder_id}" if chosen else "/desk"

    return prepare


def _writing(site: Site) -> str:
    card, writer = fresh(), writer_of(site)
    job = writer.write(writer.plan(card))
    site.lay(card.uid, card)
    return f"/desk/units/{job.order.unit_id}?person={job.order.person_id}&job={job.id}"


def _pulled(site: Site) -> str:
    for _ in range(2):
        writer = writer_of(site)
        writer.fail(writer.write(writer.plan(fresh())), PULLED)
    site.lay(None)
    return "/desk"


def _failed(site: Site) -> str:
    card, writer = fresh(), writer_of(site)
    writer.fail(writer.write(writer.plan(card)), PULLED)
    site.lay(card.uid, replace(card, state=FoundState.TORN))
    return "/desk"


def _elsewhere(site: Site) -> str:
    card, writer = fresh(), writer_of(site)
    writer.write(writer.plan(card), encoder="back-office")
    site.lay(card.uid, card)
    return "/desk"


def _issued(site: Site) -> tuple[JobView, FoundCard]:
    writer, card = writer_of(site), fresh()
    job = writer.write(writer.plan(card))
    done = writer.finish(job)
    return job, replace(done, uid=card.uid)


def _done(site: Site) -> str:
    job, card = _issued(site)
    site.lay(card.uid, card)
    return f"/desk/units/{job.order.unit_id}?person={job.order.person_id}&job={job.id}"


def _old(site: Site) -> str:
    _job, card = _issued(site)
    site.encoding.version = 2
    site.lay(card.uid, card)
    return "/desk"


def _gone(site: Site) -> str:
    site.lay(None)
    site.devices.known.append(
        DeviceStatus("desk", DeviceState.OFFLINE, "The adapter %(port)s is gone.", {"port": "usb1"})
    )
    return "/desk"


def _no_keys(site: Site) -> str:
    site.encoding.version = None
    return _lies(BLANK)(site)


def _cancel(site: Site) -> str:
    writer = writer_of(site)
    return f"/desk/jobs/{writer.fail(writer.write(writer.plan(fresh())), PULLED).id}/cancel"


def _clear(site: Site) -> str:
    card = fresh(OURS)
    site.lay(card.uid, card)
    return f"/desk/encoders/desk/clear/{card.uid.hex()}"


def planned_list(site: Site) -> str:
    """A list for five households; its address."""
    homes = [writer_of(site).place for _ in range(5)]
    with site.house.store.write(site.clerk) as uow:
        units = {card.unit_id: (card.unit, card.holder_id) for card in site.compound.cards}
        rows = [
            BatchRow(units[home.unit][0] or "", home.owner, Proof.OWNER_FILE, receipt=f"R-{n}")
            for n, home in enumerate(homes)
        ]
        return f"/desk/batches/{encode_jobs.plan_batch(uow, '3 号楼 11 月 22 日', rows).id}"


def write_next(site: Site, path: str) -> tuple[JobView, FoundCard]:
    """The next row's card lies there and is being written."""
    card, writer = fresh(), writer_of(site)
    with site.house.store.write(SYSTEM) as uow:
        job = encode_jobs.next_in_batch(uow.conn, path.rpartition("/")[2], encoder="desk", now=uow.now)
        assert job is not None
        encode_jobs.bind(uow, job.id, card, site.encoding.templates, 1)
    job = writer.write(job)
    site.lay(card.uid, card)
    return job, card


def finish_it(site: Site, job: JobView, card: FoundCard) -> None:
    """It is written and read back, and lies there still."""
    done = replace(writer_of(site).finish(job), uid=card.uid)
    site.lay(card.uid, done)
    site.publish("encode_job", {})


def _list(how: str) -> Prepare:
    def prepare(site: Site) -> str:
        path = planned_list(site)
        site.lay(None)
        if how != "planned":
            site.encoding.batches["desk"] = path.rpartition("/")[2]
        if how in {"writing", "done", "closed"}:
            job, card = write_next(site, path)
            if how != "writing":
                finish_it(site, job, card)
        if how == "closed":
            with site.house.store.write(site.clerk) as uow:
                encode_jobs.close_batch(uow, path.rpartition("/")[2])
            site.encoding.batches.clear()
        return path

    return prepare


def _rows(page: Page, site: Site) -> None:
    site.calm()
    page.goto(f"{site.url}/desk/batches/new", wait_until="load")
    page.locator("[name=name]").fill("3 号楼")
    page.locator("[name=rows]").fill(ROWS)
    page.locator("button[value=check]").click()
    page.locator("tr.wrong").first.wait_for()


def _keys(site: Site) -> str:
    with site.house.store.write(SYSTEM) as uow:
        if not card_keys.generation(uow.conn):
            card_keys.create(uow, KEYRING, os.urandom)
            card_keys.rotate(uow, KEYRING, os.urandom)
    _issued(site)
    return "/settings/card-keys"


STATES: Final[dict[str, tuple[str, Shot]]] = {
    f"encoder-{name}": ("admin", shot)
    for name, shot in {
        "blank": shown(_lies(BLANK)),
        "blank-chosen": shown(_lies(BLANK, chosen=True)),
        "blank-classic": shown(_lies(replace(BLANK, kind=CardKind.CLASSIC))),
        "writing": shown(_writing),
        "done": shown(_done),
        "pulled": shown(_pulled),
        "failed": shown(_failed),
        "elsewhere": shown(_elsewhere),
        "old-keys": shown(_old),
        "orphan": shown(_lies(OURS)),
        "torn": shown(_lies(TORN)),
        "foreign": shown(_lies(replace(BLANK, state=FoundState.FOREIGN))),
        "locked": shown(_lies(replace(BLANK, state=FoundState.LOCKED, tries_left=1))),
        "gone": shown(_gone),
        "no-keys": shown(_no_keys),
        "cancel": shown(_cancel),
        "clear": shown(_clear),
        "lists": shown(lambda _site: "/desk/batches"),
        "list-new": shown(lambda _site: "/desk/batches/new"),
        "list-wrong": _rows,
        "list-planned": shown(_list("planned")),
        "list-next": shown(_list("next")),
        "list-writing": shown(_list("writing")),
        "list-done": shown(_list("done")),
        "list-closed": shown(_list("closed")),
        "card-keys": shown(_keys),
    }.items()
}
"""Each with the account that sees it."""
