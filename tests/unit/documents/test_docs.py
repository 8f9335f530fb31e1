"""What the documentation says of the code is what the code says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest

from app.auth.errors import RatchetError
from app.auth.passwords.throttle import (
    ACCOUNT,
    ACCOUNT_AND_IP,
    IP,
    NETWORKS,
    SESSION,
    SIGN_INS,
    SIGN_INS_PER_IP,
)
from app.auth.settings.secrets import MIN_SECRET_BYTES
from docs.generator import DOCS, PRODUCT, ROOT, drawing, house, settings
from docs.generator.insertion import with_table
from tests.support.product.documents import blocks_of

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)")
REWRITE = "write it anew: python -m docs.generator"
CLAIM = re.compile(r"^ *def (test_\w+)", re.MULTILINE)
NAMED = re.compile(r"`(test_\w+)`")
CRYPTOGRAPHY = re.compile(
    r"^(?:import|from) (?:bcrypt|cryptography|hashlib|hmac|itsdangerous|secrets)\b|\bderive_key\(\w",
    re.MULTILINE,
)
"""What a module that hashes, signs or draws has in it."""

PACKAGES = list(PRODUCT.glob("*/__init__.py"))

SHOWN = "shown by"
"""The head of the column that names the tests of a row."""

FAULTS = ("faults/test_*.py", "product/test_live_migration.py")
"""The tests in tests/e2e that docs/faults.md is about."""

FAULTS_ELSEWHERE = {
    "test_a_demoted_primary_is_left",
    "test_an_upload_arrives_through_nginx",
    "test_no_answer_comes_before_the_body_is_in",
}
"""Tests of something else that show a fault too."""

TABLES = [page for page in PAGES if f"| {SHOWN} |" in page.read_text()]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        pytest.param("settings.md", settings.table, id="every key, default and limit of settings.py"),
        pytest.param(
            "how-it-works.md",
            house.table,
            id="every package and module with the first sentence of its docstring",
        ),
    ],
)
def test_tables_are_written_from_the_code(name: str, table: Callable[[], str]) -> None:
    """A table in docs/ that repeats the code says what the code says."""
    page = (DOCS / name).read_text()
    assert page == with_table(page, table()), REWRITE


def test_settings_page_names_the_shortest_secret() -> None:
    """The number in the prose is that of the code."""
    assert f"at least {MIN_SECRET_BYTES} bytes" in (DOCS / "settings.md").read_text()


def test_picture_of_the_house_is_drawn_from_the_contract() -> None:
    """The picture has the packages, modules and floors that import-linter holds the code to."""
    assert (DOCS / "pictures" / "house.svg").read_text() == drawing.picture(), REWRITE


def test_every_module_is_in_the_house_and_says_what_it_is_for() -> None:
    """No module or package of the product is left out, and each has a docstring that is a sentence."""
    rooms = [room for floor in house.floors() for room in floor]
    modules = [module for room in rooms for module in room.modules]
    assert sorted(module.path for module in modules) == sorted(source_by_module())
    assert {room.name for room in rooms if room.is_package} == {path.parent.name for path in PACKAGES}
    purposes = {room.name: room.purpose for room in rooms} | {one.path: one.purpose for one in modules}
    assert [name for name, purpose in purposes.items() if not purpose.endswith(".")] == []


def test_every_error_code_is_explained() -> None:
    """docs/routes.md names every code that a client can meet, with its status."""
    page = (DOCS / "routes.md").read_text()
    for error in errors_under(RatchetError):
        assert f"| `{error.code}` | " in page, error.code
        assert re.search(rf"\| `{error.code}` \| [^|]*\b{error.status}\b", page), error


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link within the repository names a file that is there, and a heading that it has."""
    for target, fragment in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        linked = page.parent / unquote(target)
        assert linked.is_file(), target
        if fragment:
            assert fragment in headings_of(linked), f"{target}#{fragment}"


@pytest.fixture(scope="module")
def claims() -> set[str]:
    """The names of all tests."""
    sources = (ROOT / "tests").rglob("test_*.py")
    return {claim for path in sources for claim in CLAIM.findall(path.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_there(page: Path, claims: set[str]) -> None:
    """What a page says is shown by a test is shown by one."""
    assert set(NAMED.findall(page.read_text())) - claims == set()


@pytest.mark.parametrize("page", TABLES, ids=lambda page: page.name)
def test_every_row_says_what_shows_it(page: Path) -> None:
    """No cell is empty, and the last one names a test, or the page or host that it is left to."""
    rows = list(rows_shown(page))
    assert rows
    for cells in rows:
        assert all(cells), cells
        assert NAMED.search(cells[-1]) or LINK.search(cells[-1]) or cells[-1] == "\u2014", cells


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_example_relies_on_assert(page: Path) -> None:
    """Except in tests: ``python -O`` leaves it out."""
    for block in blocks_of(page):
        if block.language == "python" and not block.role.startswith("test_"):
            assert not re.search(r"^ *assert ", block.text, re.MULTILINE), block


def test_hostile_input_has_a_test_in_every_row() -> None:
    """No row of these two pages is left to anybody else."""
    for name in ("hostile.md", "faults.md"):
        for cells in rows_shown(DOCS / name):
            assert NAMED.search(cells[-1]), cells


def test_page_of_faults_names_every_test_of_a_fault_and_no_other() -> None:
    """Each row of docs/faults.md is shown by a test, and each such test has its row."""
    page = (DOCS / "faults.md").read_text()
    sources = [path for pattern in FAULTS for path in (ROOT / "tests" / "e2e").glob(pattern)]
    shown = {claim for path in sources for claim in CLAIM.findall(path.read_text())}
    assert set(NAMED.findall(page)) == shown | FAULTS_ELSEWHERE


def test_a_requirement_that_is_met_is_shown_by_a_test() -> None:
    """Every answer of the account against the ASVS is one of its five words, and *met* names its test."""
    page = DOCS / "asvs.md"
    words = re.findall(r"^\| (\*\*[a-z/ ]+\*\*) \|", page.read_text(), re.MULTILINE)
    for number, *_, answer, shown in rows_shown(page):
        word = next((word for word in words if answer.startswith(word)), None)
        assert word, number
        assert word != "**met**" or NAMED.search(shown), number


def test_no_requirement_is_left_out() -> None:
    """Within each section of the standard the numbers run from one, without a gap."""
    numbers = [tuple(map(int, cells[0].split("."))) for cells in rows_shown(DOCS / "asvs.md")]
    for before, number in pairwise([(0, 0, 0), *numbers]):
        assert number in ((*before[:2], before[2] + 1), (before[0], before[1] + 1, 1), (number[0], 1, 1))
    assert len({chapter for chapter, *_ in numbers}) == 11


def test_inventory_names_every_room_that_does_cryptography() -> None:
    """A module that begins to hash, sign or draw has to be entered, and what a key is derived for as well."""
    page = (DOCS / "asvs.md").read_text()
    inventory = page.partition("### Keys and algorithms")[2].partition("\n\nNothing")[0]
    sources = source_by_module()
    doing = {name for name, source in sources.items() if CRYPTOGRAPHY.search(source)}
    rooms = {
        name for row in inventory.splitlines() for name in re.findall(r"`([\w.]+)`", row.split("|")[-2:][0])
    }
    assert rooms == doing
    for label in re.findall(r'derive_key\(\w+, "(.+?)"\)', "".join(sources.values())):
        assert f"`{label}`" in inventory


def test_page_knows_how_often_one_may_guess() -> None:
    """The limits in docs/security.md and docs/hostile.md are those of the code."""
    page = " ".join((DOCS / "security.md").read_text().split())
    for limit, what in (
        (ACCOUNT_AND_IP, "failures in {} minutes for one account from one IP address"),
        (IP, "failures in {} minutes for one IP address"),
        (NETWORKS[56], "failures in {} minutes for one /56"),
        (NETWORKS[48], "failures in {} minutes for one /48"),
        (ACCOUNT, "failures in {} minutes for one account from all IP addresses"),
        (SESSION, "failures in {} minutes for one session"),
        (SIGN_INS, "attempts in {} minutes for one account"),
        (SIGN_INS_PER_IP, "attempts in {} minutes for one IP address"),
    ):
        assert f"{limit.amount} {what.format(limit.get_expiry() // 60)}" in page
    table = (DOCS / "hostile.md").read_text()
    for limit, row in (
        (
            SESSION,
            "| guesses at the sign-in or the current password with a copied session, from all IP addresses",
        ),
        (SIGN_INS, "| sign-ins that succeed, one after the other"),
        (NETWORKS[48], "| guesses from every site of a /48"),
    ):
        span = {600: "in ten minutes", 3600: "an hour"}[limit.get_expiry()]
        assert f"{row} | {limit.amount} {span}" in table


def rows_shown(page: Path) -> Iterator[list[str]]:
    """The rows of the tables of a page that say in their last column what shows them."""
    shown = False
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            shown = False
        elif cells[-1] == SHOWN:
            shown = True
        elif shown and not set(line) <= set("| -:"):
            yield cells


def source_by_module() -> dict[str, str]:
    """The source of every module of the product, by its dotted name below app.auth."""
    paths = [path for path in PRODUCT.rglob("*.py") if path.name != "__init__.py"]
    return {".".join(path.relative_to(PRODUCT).with_suffix("").parts): path.read_text() for path in paths}


def errors_under(error: type[RatchetError]) -> Iterator[type[RatchetError]]:
    """The errors of the tree, without those that only gather others under a status."""
    if error is RatchetError or error.code != RatchetError.code:
        yield error
    for below in error.__subclasses__():
        yield from errors_under(below)


def headings_of(page: Path) -> set[str]:
    """The names by which the headings of a page can be linked."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
