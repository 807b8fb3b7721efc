"""The pages speak the reader's language, with its plurals and dates."""

from zoneinfo import ZoneInfo

import pytest

from admin_api.pages.i18n import negotiate, speaker
from gateway.domain.errors import ConflictError

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = 1_760_000_000


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("en-GB,en;q=0.9", "en"),
        ("fr;q=1,en;q=0.2,zh-CN;q=0.8", "zh-Hans"),
        ("fr", "zh-Hans"),
        ("", "zh-Hans"),
        ("zh-CN;q=oops,en", "en"),
    ],
)
def test_the_browser_chooses_among_three_languages(asked: str, spoken: str) -> None:
    """By RFC 9110's Accept-Language, with the regions of China and their scripts."""
    assert negotiate(asked) == spoken


def test_plurals_follow_the_language() -> None:
    """English has two forms, Chinese one."""
    one, many = "%(num)s version behind", "%(num)s versions behind"
    assert speaker("en").catalogue.ngettext(one, many, 1) == one
    assert speaker("en").catalogue.ngettext(one, many, 2) == many
    assert speaker("zh-Hans").catalogue.ngettext(one, many, 2) == "落后 %(num)s 个版本"


def test_times_are_told_in_the_site_s_zone() -> None:
    """An absolute time for hovering, a relative one for reading."""
    assert speaker("zh-Hans").moment(NOON, SHANGHAI) == "2025年10月9日 16:53"
    assert speaker("en").ago(NOON - 120, NOON) == "2 minutes ago"
    assert speaker("zh-Hant").ago(NOON - 120, NOON) == "2 分鐘前"


def test_an_error_is_told_with_its_words_translated() -> None:
    """The template and the states inside it, but not the names."""
    error = ConflictError("This card is known as %(number)s (%(state)s).", number="0417", state="blank")
    assert speaker("zh-Hans").error(error) == "此卡已登记为 0417（空白）。"
    assert speaker("en").error(error) == "This card is known as 0417 (blank)."
