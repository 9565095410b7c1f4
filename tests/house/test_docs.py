"""The documents are tested: what they name exists, and what exists is named."""

from __future__ import annotations

import importlib
import re
import tomllib

import pytest
import typer.main
from repository import ROOT, tracked_files

import demo.reference
import schemas.error_docs
from healthpassport.errors import catalogue

DOCS = ROOT / "docs"
TEXT_ENDINGS = {".md", ".py", ".toml", ".txt", ".json", ".html", ".yml", ".mjs", ".css", ".js", ""}
# Written in two halves, so that this file does not hold what it looks for.
HOSTS = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "deb.debian" + ".org",
    "proxy.golang" + ".org",
)
MACHINE_PATH = re.compile(r"(?<![\w.\-/:>)}])/(?:work|root|home/\w+|opt/pypi|tmp/\w+)(?:/|\b)")


def headings() -> set[str]:
    """Every heading of every document, without its marks."""
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    lines = (line for page in pages for line in page.read_text(encoding="utf-8").splitlines())
    return {line.lstrip("#").strip().strip("`") for line in lines if line.startswith("#")}


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", text, flags=re.MULTILINE))


def own_text_files() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for path in tracked_files()
        if path.suffix in TEXT_ENDINGS
    ]


def test_every_error_code_has_a_heading():
    assert not sorted(catalogue().keys() - headings())


def test_the_page_of_errors_is_up_to_date():
    assert schemas.error_docs.main(["--check"]) == 0


def test_the_pages_of_commands_and_settings_are_up_to_date():
    assert demo.reference.main(["--check"]) == 0


@pytest.mark.parametrize("program", sorted(demo.reference.PROGRAMS))
def test_every_command_has_a_heading(program: str):
    module = importlib.import_module(demo.reference.PROGRAMS[program])
    root = typer.main.get_command(module.app)
    names = {program} | {f"{program} {word}" for word in getattr(root, "commands", {})}
    known = headings()
    assert not sorted(
        name for name in names if not any(f"{h} ".startswith(f"{name} ") for h in known)
    )


def test_the_commands_are_those_that_are_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = {name: entry.removesuffix(":main") for name, entry in project["scripts"].items()}
    assert installed == demo.reference.PROGRAMS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_of_a_page_is_a_target(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, flags=re.MULTILINE))
    assert named
    assert not sorted(named - make_targets())


def test_the_first_commands_of_the_readme_are_demo_and_test():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first_screen = "\n".join(text.splitlines()[:25])
    assert re.findall(r"^make ([a-z]+)", first_screen, flags=re.MULTILINE)[:2] == ["demo", "test"]


def test_every_target_says_what_it_does():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    silent = [line for line in text.splitlines() if re.match(r"[a-z]+:(?!.*## )", line)]
    assert not silent


def test_every_page_that_a_hint_names_exists():
    named = {
        name
        for entry in catalogue().values()
        for name in re.findall(r"docs/[\w./-]+\.md", f"{entry.title} {entry.hint}")
    }
    assert not sorted(name for name in named if not (ROOT / name).is_file())


def test_every_link_between_documents_leads_somewhere():
    links = [
        (page, target)
        for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    assert not [f"{p.name} -> {target}" for p, target in links if not (p.parent / target).exists()]


def test_every_decision_says_context_decision_reason_and_consequences():
    for page in sorted((DOCS / "adr").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for part in ("Context", "Decision", "Reason", "Consequences"):
            assert re.search(rf"^## {part}$", text, flags=re.MULTILINE), f"{page.name}: {part}"


def test_no_tracked_file_names_a_registry_host():
    guilty = [name for name, text in own_text_files() if any(host in text for host in HOSTS)]
    assert not guilty


def test_no_tracked_file_names_a_path_of_one_machine():
    guilty = {
        name: found.group()
        for name, text in own_text_files()
        if (found := MACHINE_PATH.search(text)) and name != "tests/house/test_docs.py"
    }
    assert not guilty
