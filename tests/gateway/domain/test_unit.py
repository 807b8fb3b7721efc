"""A unit is named by building, entrance and room."""

import pytest

from gateway.domain.errors import MalformedError
from gateway.domain.unit import parse_unit_code


def test_a_code_has_three_parts() -> None:
    code = parse_unit_code(" 3-1-502 ")
    assert (code.building, code.entrance, code.room, str(code)) == ("3", "1", "502", "3-1-502")
    assert parse_unit_code("A2-1-1B").building == "A2"


@pytest.mark.parametrize("text", ["", "3-502", "3-1-502-1", "3--502", "3-1-五", "3-1-" + "0" * 17])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_unit_code(text)
    assert "code" in refused.value.fields
