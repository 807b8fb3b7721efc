"""A right XY asks for a state from Y to X here, and 0Y for at least Y in the MF."""

import pytest

from simulators.cards.fmcos.files import MF_NAME, Directory
from simulators.cards.fmcos.session import Session


def session(mf_state: int, df_state: int | None) -> Session:
    df = Directory(0xDF01, b"GATE1", 64, 0xF0, 0xF0, 0)
    made = Session(Directory(0x3F00, MF_NAME, 999, 0xF0, 0xF0, 1, children=[df]))
    made.state = mf_state
    if df_state is not None:
        made.enter(df)
        made.state = df_state
    return made


@pytest.mark.parametrize(
    ("right", "mf_state", "df_state", "allowed"),
    [
        (0xF0, 0, 0, True),
        (0xF0, 0, 15, True),
        (0xF1, 15, 0, False),
        (0xF1, 0, 1, True),
        (0x53, 0, 2, False),
        (0x53, 0, 3, True),
        (0x53, 0, 5, True),
        (0x53, 0, 6, False),
        (0xAA, 0, 10, True),
        (0xAA, 0, 9, False),
        (0xAA, 0, 11, False),
        (0xEF, 15, 15, False),
        (0xEF, 15, 14, False),
        (0x05, 4, 15, False),
        (0x05, 5, 0, True),
        (0x05, 15, 0, True),
        (0x00, 0, 0, True),
        (0xF1, 1, None, True),  # in the MF, its state is the current one
        (0x01, 1, None, True),
        (0xF1, 0, None, False),
    ],
)
def test_rights(right: int, mf_state: int, df_state: int | None, allowed: bool) -> None:  # noqa: FBT001 - a table
    """The examples of the public notes on FMCOS, and the edges."""
    assert session(mf_state, df_state).allows(right) is allowed


def test_selecting_sets_back_only_what_is_selected() -> None:
    """The MF's state outlives the selection of a DF, and ends when the MF is selected."""
    here = session(7, 3)
    here.enter(here.directory)
    assert (here.state, here.allows(0x07)) == (0, True)
    here.enter(here.mf)
    assert (here.state, here.allows(0x01)) == (0, False)
