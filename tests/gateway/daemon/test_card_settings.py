"""How our data lies on cards, as the configuration says it."""

from pathlib import Path

import pytest

from gateway.daemon.card_settings import CardsTable
from gateway.daemon.config import ConfigError, load
from gateway.domain.card_template import CardTemplates

LEAST = 'data = "."\n[store]\nurl = "sqlite:///g.db"\n'


def _load(tmp_path: Path, text: str) -> CardsTable:
    file = tmp_path / "gatehouse.toml"
    file.write_text(LEAST + text, "utf-8")
    return load(file).cards


def test_nothing_said_is_the_usual(tmp_path: Path) -> None:
    """The defaults of the file and of the domain are the same."""
    assert _load(tmp_path, "").templates() == CardTemplates()


def test_everything_said(tmp_path: Path) -> None:
    """Each setting reaches its template."""
    text = """
[cards.desfire]
aid = "F54749"
forbid_format = true
[cards.classic]
sector = 7
[cards.fmcos]
df = "DF01"
name = "COMPOUND"
challenge_size = 8
"""
    made = _load(tmp_path, text).templates()
    assert (made.desfire.aid, made.desfire.forbid_format) == (b"\xf5\x47\x49", True)
    assert made.classic.sector == 7
    assert (made.fmcos.df, made.fmcos.name, made.fmcos.challenge_size) == (0xDF01, b"COMPOUND", 8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[cards.desfire]\naid = "000000"', "cards.desfire.aid"),
        ("[cards.desfire]\nrandom = true", "allowed are aid, forbid_format"),
        ("[cards.classic]\nsector = 0", "cards.classic.sector"),
        ('[cards.fmcos]\ndf = "3F00"', "cards.fmcos.df"),
        ("[cards.fmcos]\nchallenge_size = 6", "cards.fmcos.challenge_size"),
        ("[cards.felica]\nblock = 1", "allowed are desfire, classic, fmcos"),
    ],
)
def test_what_cannot_be_names_the_key(tmp_path: Path, text: str, said: str) -> None:
    """And says what is allowed."""
    with pytest.raises(ConfigError, match=said):
        _load(tmp_path, text)
