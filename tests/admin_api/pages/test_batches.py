"""A handover day: a list is looked at row by row, planned whole, and written one card after the other."""

import codecs
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.domain.card_data import CardKind
from gateway.domain.person import Role
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.house import House
from gateway.services import encode_jobs
from gateway.services.encode_jobs import JobView
from gateway.storage.store import SYSTEM
from tests.admin_api.compound import Home, home
from tests.admin_api.encoding import FakeEncoding
from tests.admin_api.pages.conftest import Browser
from tests.admin_api.pages.writer import UID

NEW = "/desk/batches/new"
ROWS = "3-1-502, 李娜, R-1\n3-1-601, 王建军, R-2, A-77"
BLANK = FoundCard(UID, CardKind.DESFIRE_EV2, FoundState.BLANK)
Lay = Callable[..., None]


@pytest.fixture
def homes(admin: TestClient, place: Home) -> tuple[Home, Home]:
    """李娜 in 3-1-502 and 王建军 in 3-1-601."""
    return place, home(admin, "3-1-601", "王建军")


def planned(browser: Browser, rows: str = ROWS) -> str:
    """The address of a list that was planned."""
    data = {"csrf": browser.client.headers["X-CSRF-Token"], "name": "3 号楼", "rows": rows, "act": "plan"}
    answer = browser.client.post(NEW, data=data, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def jobs(house: House, path: str) -> list[JobView]:
    """The rows of a list as they stand."""
    with house.store.read() as conn:
        return encode_jobs.list_jobs(conn, only_open=False, batch_id=path.rpartition("/")[2])


@pytest.mark.usefixtures("homes")
def test_rows_are_looked_at_before_anything_is_planned(clerk: Browser, house: House) -> None:
    """All right: the page offers to plan them, and has planned nothing."""
    page = clerk.submit(NEW, name="3 号楼", rows=ROWS, act="check")
    assert "All 2 rows can be issued. Nothing is planned yet." in page
    assert "Plan 2 cards" in page
    with house.store.read() as conn:
        assert encode_jobs.list_batches(conn) == []


@pytest.mark.usefixtures("homes")
def test_a_wrong_row_stops_the_list_and_nothing_typed_is_lost(clerk: Browser, house: House) -> None:
    """An error for each row, in words; the text is still there."""
    rows = f"{ROWS}\n9-9-999, 张伟, R-3\n3-1-502,\n3-1-601, 王建军, , "
    page = clerk.submit(NEW, 422, name="3 号楼", rows=rows, act="plan")
    assert "3 rows cannot be issued." in page
    assert "There is no unit 9-9-999." in page
    assert "A row has at least a unit and a name." in page
    assert "R-CARD-10" in page
    assert "9-9-999, 张伟, R-3" in page
    assert 'value="3 号楼"' in page
    assert "Plan " not in page
    with house.store.read() as conn:
        assert encode_jobs.list_batches(conn) == []


@pytest.mark.usefixtures("homes")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_is_read_as_spreadsheets_save_it(clerk: Browser, encoding: str) -> None:
    """With or without a mark, in Chinese encodings, with a row of headings."""
    text = "姓名,房号,收据号\n李娜,3-1-502,R-1\n王建军,3-1-601,R-2\n"
    files = {"file": ("list.csv", text.encode(encoding), "text/csv")}
    data = {"csrf": clerk.client.headers["X-CSRF-Token"], "name": "3 号楼", "rows": "", "act": "check"}
    page = clerk.client.post(NEW, data=data, files=files).text
    assert "All 2 rows can be issued." in page
    assert "李娜,3-1-502,R-1" in page  # what was uploaded can be corrected in the field


def test_a_file_that_is_no_text_is_told(clerk: Browser) -> None:
    """A spreadsheet's own format, say."""
    files = {"file": ("list.xls", codecs.BOM_UTF16_LE + b"\x00", "application/vnd.ms-excel")}
    data = {"csrf": clerk.client.headers["X-CSRF-Token"], "name": "x", "rows": "", "act": "check"}
    answer = clerk.client.post(NEW, data=data, files=files)
    assert answer.status_code == 422
    assert "Save it as CSV" in answer.text


def test_an_empty_list_is_told(clerk: Browser) -> None:
    """Neither rows nor a file."""
    assert "Paste the rows, or choose a file." in clerk.submit(NEW, 422, name="x", rows="  ", act="check")


@pytest.mark.usefixtures("homes")
def test_the_list_says_who_is_next(clerk: Browser, encoding: FakeEncoding) -> None:
    """Started at an encoder, it names the first; each blank card laid down is theirs."""
    path = planned(clerk)
    assert "Start at desk" in clerk.see(path)
    page = clerk.submit(f"{path}/start", encoder="desk")
    assert encoding.batches == {"desk": path.rpartition("/")[2]}
    assert '<p class="big">李娜</p>' in page
    assert "0 of 2 cards written" in page
    assert "writes the list “3 号楼”" in clerk.see("/desk")


@pytest.mark.usefixtures("homes")
def test_whoever_is_not_there_yet_comes_after_the_others(clerk: Browser, house: House, encoding: FakeEncoding) -> None:
    """Skipped to the end, and the encoder promises itself the next row."""
    path = planned(clerk)
    clerk.submit(f"{path}/start", encoder="desk")
    page = clerk.submit(f"{path}/rows/{jobs(house, path)[0].id}/skip", encoder="desk")
    assert '<p class="big">王建军</p>' in page
    assert [job.holder for job in jobs(house, path)] == ["王建军", "李娜"]
    assert [act[0] for act in encoding.acts] == ["follow", "follow"]


@pytest.mark.usefixtures("homes")
def test_a_card_that_is_done_is_told_with_the_next_name(clerk: Browser, house: House, lay: Lay) -> None:
    """Done, lift it; and whom to call."""
    path = planned(clerk)
    clerk.submit(f"{path}/start", encoder="desk")
    first = jobs(house, path)[0]
    with house.store.write(SYSTEM) as uow:
        bound = encode_jobs.bind(uow, first.id, BLANK, house.encoding.templates, 1)
        encode_jobs.take(uow, bound.id, "desk")
        encode_jobs.start(uow, bound.id, "desk", 3)
        encode_jobs.mark(uow, bound.id, "desk", 1)
    lay(UID, BLANK)
    writing = clerk.see(f"{path}/now")
    assert "Step 2 of 3: Write the number" in writing
    assert '<p class="big">李娜</p>' in writing
    with house.store.write(SYSTEM) as uow:
        encode_jobs.verifying(uow, bound.id, "desk")
        done = encode_jobs.finish(uow, house.keys, bound.id, "desk")
    data = encode_jobs.plan_of(done).data
    lay(UID, FoundCard(UID, CardKind.DESFIRE_EV2, FoundState.OURS, data, 1))
    page = clerk.see(f"{path}/now")
    assert "Done. Lift the card." in page
    assert "1 of 2 cards written" in page
    assert '<p class="big">王建军</p>' in page
    assert "done" in clerk.see(f"{path}/rows")


@pytest.mark.usefixtures("homes")
def test_the_day_is_closed_after_asking(clerk: Browser, encoding: FakeEncoding) -> None:
    """By name; rows without a card are given up, and the encoder is free again."""
    path = planned(clerk)
    clerk.submit(f"{path}/start", encoder="desk")
    assert "Close the list “3 号楼”?" in clerk.see(f"{path}/close")
    page = clerk.submit(f"{path}/close")
    assert "This list is closed." in page
    assert "given up" in page
    assert encoding.batches == {}
    assert "finished" in clerk.see("/desk/batches")


@pytest.mark.usefixtures("homes")
def test_stopping_leaves_the_list_open(clerk: Browser, encoding: FakeEncoding) -> None:
    """And another list at the same encoder is not stopped by it."""
    path, other = planned(clerk), planned(clerk, "3-1-502, 李娜, R-9")
    clerk.submit(f"{other}/start", encoder="desk")
    clerk.submit(f"{path}/stop", encoder="desk")
    assert encoding.batches == {"desk": other.rpartition("/")[2]}
    clerk.submit(f"{other}/stop", encoder="desk")
    assert encoding.batches == {}


def test_no_list_says_what_lists_are_for(clerk: Browser) -> None:
    """And leads to a new one."""
    page = clerk.see("/desk/batches")
    assert "No list yet." in page
    assert NEW in page


@pytest.mark.usefixtures("homes")
def test_an_auditor_sees_a_list_and_changes_nothing(clerk: Browser, as_role: Callable[[Role], Browser]) -> None:
    """No button, and no way around it."""
    path, auditor = planned(clerk), as_role(Role.AUDITOR)
    assert "Start at desk" not in auditor.see(path)
    auditor.submit(f"{path}/start", 403, encoder="desk")
    auditor.submit(f"{path}/close", 403)
    auditor.submit(NEW, 403, name="x", rows=ROWS)


def test_without_keys_the_list_says_what_to_type(clerk: Browser, encoding: FakeEncoding, homes: object) -> None:
    """Nothing can be written before there are any."""
    assert homes
    encoding.version = None
    page = clerk.see(planned(clerk))
    assert "gatehouse keys init" in page
    assert "Start at desk" not in page


def test_a_list_too_long_to_send_is_told_on_a_page(clerk: Browser) -> None:
    """Not as a machine's text; and a machine still gets its problem."""
    files = {"file": ("list.csv", b"3-1-502, x, R-1\n" * 10_000, "text/csv")}
    answer = clerk.client.post(NEW, data={"name": "x"}, files=files, headers={"Accept": "text/html"})
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert "split the list in two" in answer.text
    machine = clerk.client.post(NEW, data={"name": "x"}, files=files, headers={"Accept": "application/json"})
    assert (machine.status_code, machine.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.usefixtures("homes")
@pytest.mark.parametrize(("kind", "warned"), [(CardKind.CLASSIC, True), (CardKind.DESFIRE_EV2, False)])
def test_a_row_says_what_kind_of_card_was_written(
    clerk: Browser, house: House, lay: Lay, kind: CardKind, *, warned: bool
) -> None:
    """In the row and at the encoder; amber where it can be copied."""
    path = planned(clerk)
    clerk.submit(f"{path}/start", encoder="desk")
    blank = FoundCard(UID, kind, FoundState.BLANK)
    with house.store.write(SYSTEM) as uow:
        encode_jobs.bind(uow, jobs(house, path)[0].id, blank, house.encoding.templates, 1)
    lay(UID, blank)
    for part in ("rows", "now"):
        page = clerk.see(f"{path}/{part}")
        assert ("MIFARE Classic" in page, "MIFARE DESFire" in page) == (warned, not warned)
        assert ("</svg>can be copied" in page) == warned


@pytest.mark.usefixtures("homes")
def test_one_more_blank_after_the_last_row_leads_to_the_desk(clerk: Browser, house: House, lay: Lay) -> None:
    """This page has no search."""
    path = planned(clerk)
    clerk.submit(f"{path}/start", encoder="desk")
    with house.store.write(SYSTEM) as uow:
        encode_jobs.close_batch(uow, path.rpartition("/")[2])
    lay(UID, BLANK)
    page = clerk.see(f"{path}/now")
    assert "issue it at the desk" in page
    assert "Search for the household" not in page
