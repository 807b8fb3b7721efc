"""A list as spreadsheets give it becomes rows: separators, headings, empty lines, quotes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.pages.batch_lists import ListRow, decode, parse
from gateway.domain.errors import GatehouseError, MalformedError

LI_NA = ListRow(1, "3-1-502", "李娜", "R-1", "A-7")


@pytest.mark.parametrize(
    "text",
    [
        "3-1-502,李娜,R-1,A-7",
        "3-1-502\t李娜\tR-1\tA-7\r\n",
        "3-1-502;李娜;R-1;A-7;;",
        '\ufeff"3-1-502" , 李娜 ,R-1,A-7',
        "3-1-502\uff0c李娜\uff0cR-1\uff0cA-7",
    ],
)
def test_each_way_of_separating_is_understood(text: str) -> None:
    """Pasted from a spreadsheet, saved as CSV, or typed."""
    assert parse(text) == [LI_NA]


@pytest.mark.parametrize(
    "headings", ["姓名,卡号,房号,收据", "姓名,卡號,房號,收據號", "Name,Printed number,Unit,Receipt"]
)
def test_headings_say_where_the_columns_stand(headings: str) -> None:
    """In Chinese and English; columns nobody knows are passed over."""
    assert parse(f"{headings},备注\n李娜,A-7,3-1-502,R-1,下午来")[0] == ListRow(2, "3-1-502", "李娜", "R-1", "A-7")


def test_empty_lines_are_left_out_and_lines_keep_their_numbers() -> None:
    """So that a person finds the row again."""
    assert [row.line for row in parse("3-1-502,李娜\n\n,,,\n3-1-601,王建军")] == [1, 4]


@pytest.mark.parametrize("text", ["3-1-502", ",李娜", "3-1-502,李娜,R-1,A-7,too much"])
def test_a_row_that_is_no_row_says_why(text: str) -> None:
    """Kept with what is wrong with it."""
    problem = parse(text)[0].problem
    assert problem is not None
    assert "row has at" in problem.template


def test_an_open_quote_or_a_nul_is_told() -> None:
    """No row is guessed."""
    with pytest.raises(MalformedError, match="no text"):
        parse("3-1-502,\0")


@given(st.text())
def test_any_text_is_rows_or_a_sentence(text: str) -> None:
    """Nothing a person can paste breaks the page."""
    with suppress(GatehouseError):
        assert all(row.line >= 1 for row in parse(text))


@given(st.binary())
def test_any_file_is_text_or_a_sentence(content: bytes) -> None:
    """Nothing a person can upload breaks the page."""
    with suppress(GatehouseError):
        assert isinstance(decode(content), str)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_comes_back_from_each_encoding(encoding: str) -> None:
    """As spreadsheets of different ages save it."""
    assert decode("房号,姓名\n3-1-502,李娜".encode(encoding)) == "房号,姓名\n3-1-502,李娜"
