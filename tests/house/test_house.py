"""The house rules that a linter does not know: sizes, names, docstrings, and tables that must agree."""

from __future__ import annotations

import ast
import re
from functools import cache

import msgspec
import pytest
from tests.house.sources import ROOT, SRC, sources

from aldis import settings
from aldis.accounts import directory_file, number_plans
from aldis.accounts.carriers import Carrier
from aldis.accounts.number_plans import NumberRange
from aldis.accounts.routes import Route
from aldis.accounts.stop_phrases import STOP_PHRASES_IN
from aldis.dialects import genesys, mavorion, native, skycore, sumotext
from aldis.dialects.registry import POLICIES
from aldis.links.registry import KINDS
from aldis.links.smpp.quirks import Quirks
from aldis.stages.authenticate import AuthenticationSettings
from aldis.stages.postbacks.settings import PostbackSettings
from aldis.traffic.problem import PROBLEMS
from aldis.traffic.states import TRANSITIONS, State

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
FORBIDDEN = {
    *(
        "util",
        "utils",
        "helper",
        "helpers",
        "common",
        "misc",
        "base",
        "core",
        "types",
        "constants",
        "impl",
        "lib",
    ),
    *("manager", "managers", "service", "services", "handler", "handlers"),
}


def test_every_file_keeps_the_house_rules() -> None:
    faults = []
    for source in sources() + sources(ROOT / "tests"):
        if len(source.text.splitlines()) > MAX_FILE_LINES:
            faults.append(f"{source.name} has more than {MAX_FILE_LINES} lines")
        if FORBIDDEN & set(source.path.relative_to(ROOT).with_suffix("").parts):
            faults.append(f"{source.name} has a name that says nothing")
        if not ast.get_docstring(source.module):
            faults.append(f"{source.name} opens without a sentence that says what it is for")
        faults += [
            f"{source.name}: {node.name} has {MAX_FUNCTION_LINES} lines or more"
            for node in source.nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
        ]
    assert faults == []


@cache
def protocols() -> dict[str, set[str]]:
    """Name the methods of each Protocol of the source, with those of the Protocols that it extends."""
    classes = [node for source in sources() for node in source.nodes if isinstance(node, ast.ClassDef)]
    bases = {node.name: {base.id for base in node.bases if isinstance(base, ast.Name)} for node in classes}
    own = {
        node.name: {
            each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for node in classes
        if "Protocol" in bases[node.name]
    }
    return {name: own[name].union(*(own.get(base, ()) for base in bases[name])) for name in own}


def test_public_names_say_what_they_are() -> None:
    """Asyncio's and httptools' callbacks are named by their protocols and excused; so are methods of a Protocol
    that their file names, because the Protocol says it once.
    """
    callbacks = re.compile(
        r"^(on_|connection_|data_received|eof_received|pause_writing|resume_writing|read$|write$)"
    )
    inner = {"due", "stop", "wake_senders", "hold"}
    silent, doubled = [], []
    for source in sources():
        named = [methods for name, methods in protocols().items() if re.search(rf"\b{name}\b", source.text)]
        said = set[str]().union(*named)
        for node in source.nodes:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            words = ast.get_docstring(node) or ""
            if words.startswith("See `"):
                doubled.append(f"{source.name}: {node.name}")
            is_excused = node.name.startswith("_") or callbacks.match(node.name) or node.name in said
            is_inner = isinstance(node, ast.FunctionDef) and node.name in inner
            if not (words or is_excused or is_inner):
                silent.append(f"{source.name}: {node.name}")
    assert silent == [], "these have no docstring"
    assert doubled == [], "a Protocol says it already"


def backends() -> set[str]:
    """Name the folders of the store that are backends."""
    return {folder.name for folder in (SRC / "store").iterdir() if folder.is_dir()} - {
        *("contract", "memory", "rules", "moving", "__pycache__"),
    }


@pytest.mark.parametrize("backend", sorted(backends()))
def test_only_the_composition_and_the_engine_name_a_backend(backend: str) -> None:
    """The settings hold its address, which begins with its name."""
    knowing = (
        "src/aldis/app/",
        "src/aldis/settings/",
        "src/aldis/addresses.py",
        f"src/aldis/store/{backend}/",
    )
    words = re.compile("sqlite|apsw" if backend == "sqlite" else rf"\bstore\.{backend}\b", re.IGNORECASE)
    telling = [source.name for source in sources() if words.search(source.text)]
    assert [name for name in telling if not name.startswith(knowing)] == []


def test_only_the_composition_has_the_whole_store() -> None:
    """All others are given the sub-stores that they need, so that their constructors say what they may do."""
    having = ("src/aldis/app/", "src/aldis/cli/", "src/aldis/demo/", "src/aldis/store/")
    whole = [source.name for source in sources() if "aldis.store.contract.store" in source.imported]
    assert [name for name in whole if not name.startswith(having)] == []


@pytest.mark.parametrize("backend", sorted(backends()))
def test_only_the_backends_own_tests_name_a_backend(backend: str) -> None:
    """Of all others the fixtures alone, those of moves between them, the crash tests, which look into what was left
    behind, and those of faults that no other backend has.
    """
    knowing = (
        "tests/store/moving/",
        f"tests/store/{backend}/",
        "tests/app/",
        "tests/house/",
        "tests/backends.py",
        "tests/crash/world.py",
        "tests/cluster/",
    )
    telling = [source.name for source in sources(ROOT / "tests") if f"aldis.store.{backend}" in source.text]
    assert [name for name in telling if not name.startswith(knowing)] == []


def test_every_folder_says_what_it_is_for() -> None:
    for folder in {source.path.parent for source in sources()}:
        assert (folder / "__init__.py").exists(), folder


def test_pure_floors_do_no_io_and_read_no_clock() -> None:
    pure = ("sms", "smpp", "mms", "traffic", "accounts", "dialects")
    forbidden = {
        "asyncio",
        "socket",
        "time",
        "random",
        "secrets",
        "os",
        "threading",
        "aiohttp",
        "apsw",
    }
    for source in sources():
        if source.path.relative_to(SRC).parts[0] in pure:
            assert not forbidden & {name.partition(".")[0] for name in source.imported}, source.name


def test_no_path_of_a_machine_and_no_registry_is_committed() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_the_numbering_plans_that_are_locked_are_dated() -> None:
    """With a new release in the lock, `number_plans.py` gets its date."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert f"phonenumberslite=={number_plans.DATED} " in lock


DOCS = ROOT / "docs"


def keys_of(record: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(record)]


@pytest.mark.parametrize(
    "record",
    [
        settings.HttpSettings,
        AuthenticationSettings,
        settings.StoreSettings,
        settings.MessageSettings,
        PostbackSettings,
        *(kind.entry for kind in KINDS),
        Quirks,
        settings.SimulatorSettings,
        settings.ConsoleSettings,
        settings.LogSettings,
    ],
)
def test_every_setting_is_documented(record: type[msgspec.Struct]) -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert [key for key in keys_of(record) if f"`{key}`" not in page] == []


@pytest.mark.parametrize(
    "record", [*directory_file.DirectoryFile.__annotations__, "credential"], ids=lambda name: str(name)
)
def test_every_key_of_the_directory_is_documented(record: str) -> None:
    page = (DOCS / "reference" / "directory.md").read_text(encoding="utf-8")
    entries: dict[str, type[msgspec.Struct]] = {
        "account": directory_file.AccountEntry,
        "carrier": Carrier,
        "route": Route,
        "price": directory_file.PriceEntry,
        "number_range": NumberRange,
        "opt_in": directory_file.OptInEntry,
        "credential": directory_file.CredentialEntry,
    }
    assert f"{record}]]" in page
    listed = [key for key in keys_of(entries[record]) if key not in ("sender", "credential")]
    assert [key for key in listed if f"`{key}`" not in page] == []


def test_every_sentence_that_says_stop_is_documented() -> None:
    page = (DOCS / "guides" / "consent.md").read_text(encoding="utf-8").replace("\n> ", " ")
    for language, phrases in STOP_PHRASES_IN.items():
        assert f"**{language}**: {' · '.join(phrases)}" in page


def test_the_drawing_of_the_states_is_the_table() -> None:
    page = (DOCS / "states.md").read_text(encoding="utf-8")
    arrows: dict[tuple[State, State], list[str]] = {}
    for state, moves in TRANSITIONS.items():
        drawn = " · ".join(f"{event.value} → {target.value}" for event, target in moves.items()) or "final"
        assert f"| {state.value} | {drawn} |" in page
        for event, target in moves.items():
            arrows.setdefault((state, target), []).append(event.value)
    drawing = [f"    {start} --> {end}: {', '.join(events)}" for (start, end), events in arrows.items()]
    assert "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> queued", *drawing, "```"]) in page


def test_no_statement_decides_by_a_state_that_it_names_itself() -> None:
    named = re.compile(rf"(?<!p\.)\bstate (?:=|<>|IN \()\s*'(?:{'|'.join(State)})'")
    for path in sorted((SRC / "store").rglob("*.py")):
        assert not named.search(path.read_text(encoding="utf-8")), f"{path}: write `may(event)` or `in_state`"


@pytest.mark.parametrize("name", POLICIES)
def test_every_code_of_a_dialect_is_documented(name: str) -> None:
    file = "native" if name == native.POLICY.name else name
    page = (DOCS / "dialects" / f"{file}.md").read_text(encoding="utf-8")
    codes = {
        "sumotext": {str(number) for number, _ in sumotext.reply.ERRORS.values()},
        "mavorion": {code for code, _, _ in mavorion.reply.ERRORS.values()},
        "skycore": {code for code, _ in skycore.reply.ERRORS.values()},
        "genesys": {str(code) for code in genesys.reply.CODES.values()},
        "aldis": {reason.value for reason in PROBLEMS},
    }[name]
    assert sorted(code for code in codes if not re.search(rf"\b{code}\b", page)) == []


def test_every_clause_that_is_cited_is_in_the_list() -> None:
    page = (DOCS / "specifications.md").read_text(encoding="utf-8")
    cited = re.compile(
        r"(SMPP v3\.4|3GPP TS 23\.\d\d\d|3GPP TS 26\.\d\d\d|RFC \d+|XML 1\.0|ITU-T E\.164)((?:,? (?:and )?§[\d.]*\d)*)"
    )
    missing = set()
    for source in sources():
        for document, clauses in cited.findall(source.text):
            rows = "".join(line for line in page.splitlines() if line.startswith(f"| {document} "))
            missing |= {
                f"{document} {clause}" for clause in re.findall(r"§[\d.]*\d", clauses) if clause not in rows
            }
            missing |= set() if rows else {document}
    assert missing == set()


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "HACKING.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_pages_that_the_code_names_are_there() -> None:
    for source in sources():
        for page in re.findall(r"docs/[a-z0-9/-]+\.md", source.text):
            assert (ROOT / page).exists(), f"{source.name} names {page}"


def test_the_tree_in_the_docs_is_the_tree() -> None:
    tree = (ROOT / "HACKING.md").read_text(encoding="utf-8")
    for package in sorted(SRC.glob("*/__init__.py")):
        assert f"─ {package.parent.name}/" in tree, package.parent.name


def test_instants_come_from_the_stores_clock() -> None:
    """A store over a network answers by its engine's time: who makes a clock of its own writes down nothing by
    it, or works for SQLite, whose clock is the machine's.
    """
    making = {
        source.name.removeprefix("src/aldis/") for source in sources() if "SystemClock()" in source.text
    }
    assert making == {
        "app/stores.py",  # hands it to what is opened
        "app/back_office.py",  # SQLite's writer
        "cli/serve.py",
        "cli/demo.py",
        "cli/simulator.py",
        # these measure, or show
        "app/moving.py",
        "app/moving_account.py",
        "cli/decode.py",
        "cli/doctor.py",
        "cli/link.py",
        "admin/ordering.py",
        "cli/running.py",
        "cli/top.py",
    }
