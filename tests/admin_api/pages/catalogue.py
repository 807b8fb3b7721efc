"""Which sentences people can see, and the catalogues that must know them.

``python -m tests.admin_api.pages.catalogue`` adds what is missing to the .po files and drops what is gone.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parents[3]
PAGES: Final = ROOT / "admin_api" / "pages"
LANGUAGES: Final = ("zh_Hans", "zh_Hant")
SPEAKING: Final = (
    "gateway/domain", "gateway/ports", "gateway/services", "gateway/runtime", "gateway/storage", "gateway/signing",
    "drivers", "sync", "admin_api/pages",
)  # fmt: skip
"""Where errors, reasons and device states are worded; the command line speaks English."""

SILENT: Final = ("sync/protocol", "signing/cbor.py", "signing/cose.py", "storage/migrations")
"""Codecs: what they refuse is counted and logged, and no person acts on it."""

PLACE: Final = re.compile(r"%\((\w+)\)s")
_SENTENCE: Final = re.compile(r"[A-Z“%]\S* .*[.?]", re.DOTALL)
Message = str | tuple[str, str]


def messages() -> set[Message]:
    """Every msgid; a plural is a pair."""
    found: set[Message] = set(_of_templates())
    for place in SPEAKING:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if not any(part in str(file) for part in SILENT):
                found |= set(_of_python(ast.parse(file.read_text())))
    for file in (ROOT / "admin_api").rglob("*.py"):
        found |= set(_errors(ast.parse(file.read_text())))
    return found


def _of_templates() -> Iterator[Message]:
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    for file in sorted((PAGES / "templates").rglob("*.html")):
        with file.open("rb") as source:
            for _line, message, _comments, _context in extract(
                "jinja2.ext:babel_extract", source, keywords=keywords, options={"newstyle_gettext": "true"}
            ):
                if isinstance(message, str):
                    yield message
                else:
                    yield (str(message[0]), str(message[1]))


def _of_python(tree: ast.AST) -> Iterator[Message]:
    docstrings = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Assign):
            yield from _of_fields(node)
        elif id(node) not in docstrings and isinstance(node, ast.Constant) and _is_sentence(node.value):
            yield str(node.value)


def _is_sentence(value: object) -> bool:
    return isinstance(value, str) and "\n" not in value and _SENTENCE.fullmatch(value) is not None


def _docstrings(tree: ast.AST) -> set[int]:
    """Bare strings that stand as statements: nobody sees them on a page."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _of_call(node: ast.Call) -> Iterator[Message]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name == "N_" and isinstance(node.args[0], ast.Constant):
        yield str(node.args[0].value)
    for keyword in node.keywords:
        if keyword.arg == "fields" and isinstance(keyword.value, ast.Dict):
            yield from _texts(keyword.value.values)


def _errors(tree: ast.AST) -> Iterator[str]:
    """The sentences of errors alone, where other texts describe the API to programmers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error"):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and _SENTENCE.fullmatch(str(argument.value)):
                    yield str(argument.value)


def _of_fields(node: ast.Assign) -> Iterator[str]:
    """What is wrong with a field, gathered before the error: ``fields["name"] = "1 to 80 characters"``."""
    for target in node.targets:
        if ast.unparse(target).startswith("fields["):
            yield from _texts([node.value])
        elif ast.unparse(target) == "fields" and isinstance(node.value, ast.Dict | ast.IfExp | ast.DictComp):
            yield from _texts([v for d in ast.walk(node.value) for v in _values(d)])


def _values(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Dict):
        return node.values
    return [node.value] if isinstance(node, ast.DictComp) else []


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def path_of(language: str) -> Path:
    """Where a catalogue lies."""
    return PAGES / "locale" / language / "LC_MESSAGES" / "messages.po"


def load(language: str) -> Catalog:
    """A catalogue, or an empty one."""
    if not path_of(language).exists():
        return Catalog(locale=language, project="Gatehouse")
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def update() -> None:
    """Brings every catalogue in line with the code, keeping what is translated."""
    for language in LANGUAGES:
        known, fresh = load(language), Catalog(locale=language, project="Gatehouse", fuzzy=False)
        for message in sorted(messages(), key=str):
            one = message if isinstance(message, str) else message[0]
            before = known.get(one)
            fresh.add(
                message, before.string if before else None, flags=["python-format"] if "%(" in str(message) else []
            )
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as file:
            write_po(file, fresh, width=0, sort_output=True, omit_header=False)


if __name__ == "__main__":
    update()
