"""The guard post: one field, one verdict, one release.

A verdict or a release is shown as the answer to its form, without a redirect: looking changes nothing,
and a release carries its own id, so that sending it twice releases once.
"""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypedDict

from anyio import from_thread
from fastapi import Depends, Response

from admin_api import roles
from admin_api.gates import after_release
from admin_api.pages.forms import texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.errors import ForbiddenError, NotFoundError
from gateway.domain.slip import SlipState
from gateway.domain.slip_verdict import Code
from gateway.services import release, site, slips
from gateway.services.gates import PostView
from gateway.services.slip_views import Taken, Verdict

REASONS: Final = (
    N_("The goods differ from the list"),
    N_("The car differs"),
    N_("The person cannot say whose goods they are"),
    N_("Another reason; the captain was told"),
)
_MAY_RELEASE: Final = frozenset({Code.OK, Code.PARTIAL_REMAINS, Code.LIST_MISMATCH, Code.PLATE_MISMATCH})
_TELLS_EVIDENCE: Final = frozenset({Code.ALREADY_RELEASED, Code.RACE_LOST, Code.PARTIAL_REMAINS})

routes = router()
Guard = Annotated[Visit, Depends(Enter(roles.POST))]
Watcher = Annotated[Visit, Depends(Enter(roles.VERIFY))]


@routes.get("/post")
def choose(visit: Watcher) -> Response:
    """A guard goes to the own post; others choose one."""
    if visit.caller.actor.post is not None:
        return see_other(f"/post/{visit.caller.actor.post}")
    with visit.read() as conn:
        return visit.render("post/choose.html", posts=site.list_posts(conn), here="post")


@routes.get("/post/{post_id}")
def stand_by(visit: Watcher, post_id: str) -> Response:
    """Ready for the next slip. What is scanned from now on waits for the page's stream to open."""
    from_thread.run_sync(visit.request.app.state.scans.begin, visit.house.hub)
    return _stage(visit, _post(visit, post_id), None)


@routes.get("/post/{post_id}/status")
def status(visit: Watcher, post_id: str) -> Response:
    """The bar on top alone."""
    post = _post(visit, post_id)
    return visit.render("fragment.html", part="post/status.html", **_status(visit, post))


@routes.post("/post/{post_id}/verify")
def verify(visit: Watcher, post_id: str) -> Response:
    """What a slip is worth here and now. Spends nothing."""
    post = _post(visit, post_id)
    text = texts(visit.form).get("text", "")
    verdict = _verdict(visit, post, text)
    if verdict.must_report and visit.may(roles.POST):
        _report(visit, post, text, verdict)
    return _stage(visit, post, verdict, text=text)


def _report(visit: Visit, post: PostView, text: str, verdict: Verdict) -> None:
    """A slip this bad is written down and the desk alarmed without waiting for the guard."""
    visit.write(
        lambda uow: release.refuse(
            uow,
            visit.house.keys.slips,
            release_id=secrets.token_hex(16),
            post=post.id,
            reason=verdict.code.value,
            **_shown(text),
        )
    )


@routes.post("/post/{post_id}/release")
def let_out(visit: Guard, post_id: str) -> Response:
    """The goods go, then the barrier opens. The same release sent twice goes, and opens, once."""
    post, values = _post(visit, post_id), texts(visit.form)
    text, lines = values.get("text", ""), _lines(values)
    verdict = visit.write(
        lambda uow: release.release(
            uow,
            visit.house.keys.slips,
            release_id=values.get("release_id", ""),
            post=post.id,
            lines=lines,
            plate_seen=values.get("plate") or None,
            override=values.get("override", ""),
            **_shown(text),
        )
    )
    answer = _stage(visit, post, verdict, text=text, values=values)
    answer.background = after_release(visit.house, visit.caller.actor, post.id, verdict)
    return answer


@routes.post("/post/{post_id}/refuse")
def refuse(visit: Guard, post_id: str) -> Response:
    """The goods stay. Asks why first."""
    post, values = _post(visit, post_id), texts(visit.form)
    text, reason = values.get("text", ""), values.get("reason", "")
    if reason not in REASONS:
        verdict = _verdict(visit, post, text)
        return _stage(visit, post, verdict, text=text, values=values, asking=True)
    verdict = visit.write(
        lambda uow: release.refuse(
            uow,
            visit.house.keys.slips,
            release_id=values.get("release_id", ""),
            post=post.id,
            reason=reason,
            plate_seen=values.get("plate") or None,
            **_shown(text),
        )
    )
    return _stage(visit, post, verdict, text=text, values=values)


def _verdict(visit: Visit, post: PostView, text: str) -> Verdict:
    keys, what = visit.house.keys.slips, _shown(text)
    with visit.read() as conn:
        if what["slip_no"] is not None:
            return release.verify_by_number(conn, keys, what["slip_no"], post=post.id, now=visit.now)
        return release.verify(conn, keys, text, post=post.id, now=visit.now)


class Shown(TypedDict):
    """A slip as it was scanned, or the number that was typed."""

    text: str | None
    slip_no: int | None


def _shown(text: str) -> Shown:
    typed = text.isascii() and text.isdecimal() and len(text) <= 9
    return {"text": None, "slip_no": int(text)} if typed else {"text": text, "slip_no": None}


def _post(visit: Visit, post_id: str) -> PostView:
    own = visit.caller.actor.post
    if own is not None and own != post_id:
        raise ForbiddenError(N_("You are signed in for another post."))
    with visit.read() as conn:
        for post in site.list_posts(conn):
            if post.id == post_id:
                return post
    raise NotFoundError(N_("There is no guard post %(post)s."), post=post_id)


def _stage(
    visit: Visit,
    post: PostView,
    verdict: Verdict | None,
    *,
    text: str = "",
    values: Mapping[str, str] | None = None,
    asking: bool = False,
) -> Response:
    """The screen; only its stage when a script asked."""
    known = values or {}
    partial = "x-partial" in visit.request.headers
    return visit.render(
        "fragment.html" if partial else "post/post.html",
        part="post/stage.html",
        post=post,
        verdict=verdict,
        sentence=visit.say.fill(verdict.template, verdict.params) if verdict else "",
        shown_evidence=verdict.evidence if verdict and verdict.code in _TELLS_EVIDENCE else (),
        may_release=verdict is not None and verdict.code in _MAY_RELEASE and visit.may(roles.POST),
        asking=asking,
        reasons=REASONS,
        text=text,
        plate=known.get("plate", ""),
        quantities={taken.line: taken.qty for taken in _lines(known)},
        ticked={taken.line for taken in _lines(known)},
        release_id=known.get("release_id") or secrets.token_hex(16),
        **_status(visit, post),
    )


def _status(visit: Visit, post: PostView) -> dict[str, Any]:
    with visit.read() as conn:
        waiting = slips.list_slips(conn, now=visit.now, post=post.id, states={SlipState.ISSUED}, limit=500)
    expected = [s for s in waiting if (s.expires_at or 0) > visit.now and s.released_qty < s.total_qty]
    return {"expected": len(expected)}


def _lines(values: Mapping[str, str]) -> list[Taken]:
    """The lines that were ticked (``seen-1``), each with how many leave (``qty-1``): what nobody saw stays."""
    taken = []
    for name, value in values.items():
        _, mark, line = name.partition("qty-")
        if mark and line.isdecimal() and value.isdecimal() and f"seen-{line}" in values:
            taken.append(Taken(int(line), int(value)))
    return [each for each in taken if each.qty]
