"""Open alarms as the console words them: what happened, where, what to do, and whether it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from admin_api.pages.console_views import alarm_title, names_of, source_name
from admin_api.pages.i18n import N_, Speaker
from admin_api.pages.web import Visit
from admin_api.pages.words import VERDICTS
from gateway.ports import DeviceState
from gateway.services import alarms, events
from gateway.services.alarms import AlarmView

_OFFLINE: Final = "device_offline"


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm in words. ``over``: what it is about has ended, and somebody may still want to know."""

    id: int
    title: str
    source: str
    detail: str
    count: int
    last_at: int
    over: bool


def alarms_now(visit: Visit, conn: Connection) -> list[AlarmRow]:
    """All that nobody has acknowledged, the latest first."""
    found = alarms.open_alarms(conn)
    posts = {f"post:{alarm.detail['post']}" for alarm in found if "post" in alarm.detail}
    names = names_of(conn, visit.say, {alarm.source for alarm in found} | posts)
    online = {f"device:{s.device}" for s in visit.house.devices.statuses() if s.state is DeviceState.ONLINE}
    return [_row(visit, conn, alarm, names, over=alarm.kind == _OFFLINE and alarm.source in online) for alarm in found]


def _row(visit: Visit, conn: Connection, alarm: AlarmView, names: Mapping[str, str], *, over: bool) -> AlarmRow:
    title = visit.say(N_("A device was offline and is back.")) if over else alarm_title(visit.say, alarm.kind)
    detail = _back(visit, conn, alarm) if over else _detail(visit.say, alarm, names)
    source = source_name(visit.say, alarm.source, names)
    return AlarmRow(alarm.id, title, source, detail, alarm.count, alarm.last_at, over)


def _back(visit: Visit, conn: Connection, alarm: AlarmView) -> str:
    """Since when; the record does not know it of a device that came back with a restart of the gateway."""
    back = next(iter(events.latest(conn, 1, kinds=("device.online",), target=alarm.source)), None)
    if back is None or back.at / 1000 < alarm.last_at:
        return ""
    return visit.say(N_("It was offline; back since %(time)s."), time=visit.say.moment(back.at / 1000, visit.zone))


def _detail(say: Speaker, alarm: AlarmView, names: Mapping[str, str]) -> str:
    if alarm.kind == "clone_suspected":
        return _copied(say, alarm.detail, names)
    return _presented(say, alarm.detail, names)


def _copied(say: Speaker, detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Which card somebody imitates, whose it is, and where."""
    portal = str(detail["portal"])
    return say(
        N_(
            "At %(portal)s someone showed the UID of card %(number)s (%(unit)s) without the number that is on the card."
        ),
        portal=names.get(f"portal:{portal}", portal),
        number=detail["card"],
        unit=detail["unit"],
    )


def _presented(say: Speaker, detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    verdict = VERDICTS.get(str(detail.get("code")))
    if verdict is None:
        why = detail.get("why")
        return say(why) if isinstance(why, str) else ""
    post = str(detail.get("post"))
    told = {"post": names.get(f"post:{post}", post), "verdict": say(verdict.word)}
    if detail.get("slip_no") is None:
        return say(N_("A slip was presented at %(post)s: %(verdict)s."), **told)
    return say(N_("Slip %(number)s was presented at %(post)s: %(verdict)s."), number=detail["slip_no"], **told)
