"""Every route names who may ask it, and lets nobody else in (deny by default).

The table is the expectation, by hand from the matrix of duties: a route without a line here fails, and so
does a route that lets in one role more or less.
"""

import re
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from admin_api.guard import guarded
from admin_api.routes import ROUTERS
from gateway.domain.person import Role
from tests.admin_api.conftest import Machine, Person

# F front desk, S supervisor, G guard, C captain, N finance, M manager, U auditor, A administrator
TABLE = """
GET    /healthz                                           public
GET    /readyz                                            public
GET    /metrics                                           -----MUA
GET    /api/v1/asyncapi.json                              FSGCNMUA
POST   /api/v1/session                                    public
POST   /api/v1/session/link                               public
DELETE /api/v1/session                                    FSGCNMUA
GET    /api/v1/me                                         FSGCNMUA
PUT    /api/v1/me/language                                FSGCNMUA
GET    /api/v1/users                                      ------UA
POST   /api/v1/users                                      -------A
GET    /api/v1/users/{user_id}                            ------UA
PUT    /api/v1/users/{user_id}/roles                      -------A
POST   /api/v1/users/{user_id}/password                   -------A
POST   /api/v1/users/{user_id}/disable                    -------A
POST   /api/v1/users/{user_id}/sign-in-link               -------A
GET    /api/v1/tokens                                     ------UA
POST   /api/v1/tokens                                     -------A
POST   /api/v1/tokens/{token_id}/revoke                   -------A
GET    /api/v1/site                                       FSGCNMUA
GET    /api/v1/areas                                      FSGCNMUA
POST   /api/v1/areas                                      -----M-A
GET    /api/v1/areas/{area_id}                            FSGCNMUA
PUT    /api/v1/areas/{area_id}/forms                      -----M-A
GET    /api/v1/lists                                      FSGCNMUA
POST   /api/v1/lists/{list_id}/confirm-removal            -----M-A
GET    /api/v1/access-rules                               FSGCNMUA
PUT    /api/v1/access-rules/{basis}                       -----M-A
GET    /api/v1/schedules                                  FSGCNMUA
POST   /api/v1/schedules                                  -----M-A
GET    /api/v1/holidays                                   FSGCNMUA
PUT    /api/v1/holidays/{day}                             -----M-A
DELETE /api/v1/holidays/{day}                             -----M-A
GET    /api/v1/portals                                    FSGCNMUA
GET    /api/v1/portals/{portal_id}                        FSGCNMUA
DELETE /api/v1/portals/{portal_id}                        -----M-A
POST   /api/v1/portals                                    -----M-A
POST   /api/v1/portals/{portal_id}/open                   -SGC-M-A
POST   /api/v1/portals/{portal_id}/hold                   -S-C-M-A
POST   /api/v1/portals/{portal_id}/release                -S-C-M-A
POST   /api/v1/portals/{portal_id}/lock-out               -S-C-M-A
GET    /api/v1/posts                                      FSGCNMUA
POST   /api/v1/posts                                      -----M-A
GET    /api/v1/devices                                    FSGCNMUA
GET    /api/v1/controllers                                FSGCNMUA
GET    /api/v1/controllers/{controller_id}                FSGCNMUA
DELETE /api/v1/controllers/{controller_id}                -----M-A
POST   /api/v1/controllers                                -----M-A
POST   /api/v1/controllers/{controller_id}/enrol          -----M-A
POST   /api/v1/controllers/{controller_id}/resync         -----M-A
GET    /api/v1/search                                     FS---MUA
GET    /api/v1/units                                      FS---MUA
POST   /api/v1/units                                      -----M-A
GET    /api/v1/units/{unit_id}                            FS---MUA
GET    /api/v1/units/{unit_id}/household                  FS---MUA
POST   /api/v1/units/{unit_id}/handover                   FS---M-A
POST   /api/v1/units/{unit_id}/transfer                   FS---M-A
PUT    /api/v1/units/{unit_id}/arrears                    ----NM-A
GET    /api/v1/units/{unit_id}/occupants                  FS---MUA
POST   /api/v1/units/{unit_id}/occupants                  FS---M-A
POST   /api/v1/occupants/{occupant_id}/consent            FS---M-A
POST   /api/v1/occupants/{occupant_id}/end                FS---M-A
POST   /api/v1/people                                     FS---M-A
GET    /api/v1/people/{person_id}                         FS---MUA
PATCH  /api/v1/people/{person_id}                         FS---M-A
GET    /api/v1/cards                                      FS---MUA
GET    /api/v1/cards/by-uid/{uid}                         FS---MUA
POST   /api/v1/cards                                      FS---M-A
POST   /api/v1/cards/issue                                FS---M-A
GET    /api/v1/cards/{card_id}                            FS---MUA
GET    /api/v1/cards/{card_id}/story                      FS---MUA
POST   /api/v1/cards/{card_id}/report-loss                FSGC-M-A
POST   /api/v1/cards/{card_id}/confirm-loss               FS---M-A
POST   /api/v1/cards/{card_id}/withdraw-loss              FS---M-A
POST   /api/v1/cards/{card_id}/freeze                     FS---M-A
POST   /api/v1/cards/{card_id}/unfreeze                   FS---M-A
POST   /api/v1/cards/{card_id}/cancel                     FS---M-A
POST   /api/v1/cards/{card_id}/confiscate                 FSGC-M-A
POST   /api/v1/cards/{card_id}/restore                    FS---M-A
POST   /api/v1/cards/{card_id}/return                     FS---M-A
POST   /api/v1/cards/{card_id}/report-defect              FS---M-A
POST   /api/v1/cards/{card_id}/replace                    FS---M-A
POST   /api/v1/cards/{card_id}/renew                      FS---M-A
POST   /api/v1/cards/{card_id}/recover                    FS---M-A
POST   /api/v1/cards/{card_id}/scrap                      FS---M-A
GET    /api/v1/encoders                                   FS---MUA
POST   /api/v1/encoders/{encoder}/look                    FS---M-A
POST   /api/v1/encoders/{encoder}/unfollow                FS---M-A
GET    /api/v1/encode-jobs                                FS---MUA
POST   /api/v1/encode-jobs                                FS---M-A
GET    /api/v1/encode-jobs/{job_id}                       FS---MUA
POST   /api/v1/encode-jobs/{job_id}/cancel                FS---M-A
POST   /api/v1/encode-jobs/{job_id}/abandon               FS---M-A
POST   /api/v1/encode-jobs/{job_id}/skip                  FS---M-A
GET    /api/v1/encode-batches                             FS---MUA
POST   /api/v1/encode-batches                             FS---M-A
GET    /api/v1/encode-batches/{batch_id}                  FS---MUA
POST   /api/v1/encode-batches/{batch_id}/follow           FS---M-A
POST   /api/v1/encode-batches/{batch_id}/close            FS---M-A
GET    /api/v1/card-keys                                  -----MUA
POST   /api/v1/decisions                                  FS-C-MUA
GET    /api/v1/cards/{card_id}/reach                      FS---MUA
GET    /api/v1/entitlements                               FS---MUA
GET    /api/v1/slips                                      FS---MUA
GET    /api/v1/slips/by-number/{slip_no}                  FS---MUA
POST   /api/v1/slips                                      FS---M-A
POST   /api/v1/slips/issue                                FS---M-A
GET    /api/v1/slips/{slip_id}                            FS---MUA
GET    /api/v1/slips/{slip_id}/story                      FS---MUA
POST   /api/v1/slips/{slip_id}/ask-owner                  FS---M-A
POST   /api/v1/slips/{slip_id}/consent                    FS---M-A
POST   /api/v1/slips/{slip_id}/refuse-consent             FS---M-A
POST   /api/v1/slips/{slip_id}/review                     -S---M-A
POST   /api/v1/slips/{slip_id}/issue                      FS---M-A
POST   /api/v1/slips/{slip_id}/void                       FS---M-A
GET    /api/v1/slips/{slip_id}/qr.svg                     FS---MUA
POST   /api/v1/post/verify                                FSGC-MUA
POST   /api/v1/post/release                               --GC---A
POST   /api/v1/post/refuse                                --GC---A
GET    /api/v1/events                                     FSGC-MUA
GET    /api/v1/events/stream                              FSGC-MUA
GET    /api/v1/alarms                                     FSGC-MUA
POST   /api/v1/alarms/{alarm_id}/acknowledge              -SGC-M-A
GET    /api/v1/audit                                      -----MUA
GET    /api/v1/audit/verify                               -----MUA
"""

LETTERS = {
    "F": Role.FRONT_DESK,
    "S": Role.SUPERVISOR,
    "G": Role.GUARD,
    "C": Role.CAPTAIN,
    "N": Role.FINANCE,
    "M": Role.MANAGER,
    "U": Role.AUDITOR,
    "A": Role.ADMIN,
}
CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
READS_BY_POST = {"/api/v1/decisions", "/api/v1/post/verify"}


def expected() -> Iterator[tuple[str, str, frozenset[Role] | None]]:
    for line in TABLE.strip().splitlines():
        method, path, letters = line.split()
        yield method, path, None if letters == "public" else frozenset(LETTERS[c] for c in letters if c != "-")


ROUTES = [(method, path, roles) for method, path, roles in expected() if roles is not None]


def address(path: str) -> str:
    """A path with places that exist nowhere, and a query no route takes: being let in shows as 400 or 404."""
    filled = path.replace("{basis}", "visit").replace("{day}", "2026-01-01").replace("{uid}", "00112233")
    return re.sub(r"\{\w+_id\}|\{slip_no\}", "999999", filled) + "?limit=x&kind=X"


def test_the_table_names_every_route_and_its_roles() -> None:
    """The application and the table agree, route by route."""
    assert dict_of(guarded(ROUTERS)) == dict_of(expected())


def dict_of(
    rows: Iterator[tuple[str, str, frozenset[Role] | None]],
) -> dict[tuple[str, str], frozenset[Role] | None]:
    return {(method, path): roles for method, path, roles in rows}


def test_a_route_that_names_nobody_keeps_the_application_from_starting() -> None:
    """Forgetting the guard is no way in."""
    router = APIRouter()
    router.add_api_route("/secret", lambda: "open to all", methods=["GET"])
    with pytest.raises(LookupError, match="/secret"):
        list(guarded([router]))


@pytest.mark.parametrize("role", list(Role))
def test_a_role_passes_exactly_where_the_table_says(role: Role, machine: Machine) -> None:
    """Everywhere else it is 403, before the body is looked at."""
    client = machine(role)
    wrong = []
    for method, path, roles in ROUTES:
        status = client.request(method, address(path), json={"nonsense": True}).status_code
        if (status == 403) != (role not in roles) or status in {401, 500}:
            wrong.append((method, path, status))
    assert wrong == []


def test_a_stranger_is_told_to_sign_in(stranger: TestClient) -> None:
    """On every route that is not public."""
    answers = {(m, p): stranger.request(m, address(p), json={}).status_code for m, p, _roles in ROUTES}
    assert set(answers.values()) == {401}


@pytest.mark.parametrize("missing", ["Origin", "X-CSRF-Token"])
def test_no_change_by_cookie_without_origin_and_token(person: Person, missing: str) -> None:
    """Each changing route refuses a browser that cannot show where the request was made (G-2)."""
    clients = {role: person(role) for role in Role}
    for client in clients.values():
        del client.headers[missing]
    changing = [(m, p, roles) for m, p, roles in ROUTES if m in CHANGES]
    assert len(changing) > 50
    for method, path, roles in changing:
        answer = clients[min(roles)].request(method, address(path), json={})
        assert answer.status_code == 403, (method, path)
        assert "page" in answer.json()["detail"] or "browser" in answer.json()["detail"]
