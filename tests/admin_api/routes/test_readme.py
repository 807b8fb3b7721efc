"""The calls that README.md shows work as they stand there."""

import json
import re
from pathlib import Path
from typing import Final

from starlette.testclient import TestClient

README: Final = Path(__file__).parents[3] / "README.md"
_CALL: Final = re.compile(r"^    post (\S+) +'(.*)'$", re.MULTILINE)


def test_from_nothing_to_a_household(admin: TestClient) -> None:
    """Areas, gates, a unit, a person in it, and the handover: then the desk has somebody to choose."""
    calls = _CALL.findall(README.read_text("utf-8"))
    assert [address for address, _body in calls][-4:] == ["units", "people", "units/1/occupants", "units/1/handover"]
    for address, body in calls:
        answer = admin.post(f"/api/v1/{address}", json=json.loads(body))
        there_already = answer.status_code == 409 and address in {"areas", "portals", "posts"}
        assert answer.is_success or there_already, (address, answer.text)
    sheet = admin.get("/api/v1/units/1/household").json()
    assert [(one["name"], one["relation"]) for one in sheet["occupants"]] == [("李娜", "owner")]
    assert sheet["unit"]["handed_over_at"] is not None
