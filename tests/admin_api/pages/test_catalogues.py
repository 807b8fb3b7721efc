"""Every sentence a person can see is translated, with the same places to fill."""

import pytest

from admin_api.pages.words import VERDICTS
from gateway.domain.slip_verdict import Code
from tests.admin_api.compound import Home
from tests.admin_api.pages.catalogue import LANGUAGES, PLACE, load, messages
from tests.admin_api.pages.conftest import Browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_missing(language: str) -> None:
    """``python -m tests.admin_api.pages.catalogue`` adds what is new; a person translates it."""
    catalogue = load(language)
    missing = []
    for message in messages():
        one = message if isinstance(message, str) else message[0]
        entry = catalogue.get(one)
        if entry is None or not entry.string or entry.fuzzy:
            missing.append(one)
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_are_the_same(language: str) -> None:
    """A translation fills the same ``%(name)s`` places as its sentence."""
    for entry in load(language):
        texts = [entry.string] if isinstance(entry.string, str) else list(entry.string or ())
        sources = [entry.id] if isinstance(entry.id, str) else list(entry.id)
        for text in texts:
            assert set(PLACE.findall(text)) == set(PLACE.findall(sources[0])), entry.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_verdict_has_at_most_four_characters(language: str) -> None:
    """It must be read from three metres."""
    catalogue = load(language)
    for code in Code:
        entry = catalogue.get(VERDICTS[code].word)
        assert entry is not None
        assert 1 <= len(str(entry.string)) <= 4, entry.string


def test_verdicts_are_told_apart_in_every_language() -> None:
    """Two verdicts never share a word."""
    for language in LANGUAGES:
        catalogue = load(language)
        words = [str(entry.string) for code in Code if (entry := catalogue.get(VERDICTS[code].word))]
        assert len(set(words)) == len(Code)


@pytest.mark.parametrize("message", ["1 to 80 characters", "1 to 65535", "4 to 20 digits", "a whole number above 0"])
def test_what_is_wrong_with_a_field_is_a_message_too(message: str) -> None:
    """Also where it is gathered before the error, and where it is a range."""
    assert message in messages()


def test_a_wrong_field_is_told_in_the_language_of_the_page(clerk: Browser, place: Home) -> None:
    """A clerk who reads Chinese reads no English below the field."""
    clerk.submit("/language", language="zh-Hans", back="/settings")
    form = {"name": " ", "phone": "12", "relation": "family", "proof": "owner_file"}
    page = clerk.submit(f"/desk/units/{place.unit}/people", 422, **form)
    assert "1 到 80 个字符" in page
    assert "4 到 20 位数字" in page
    assert "characters" not in page
