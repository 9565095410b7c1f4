"""Each import contract is broken, in a copy of the packages, and every line must be caught by name.

All lines are broken in one copy, and looked for in one run: each is told by itself.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from repository import PACKAGES, ROOT

LINT = Path(sys.executable).with_name("lint-imports")


@dataclass(frozen=True)
class Violation:
    contract: str
    module: str
    line: str
    named: str


VIOLATIONS = {
    "an_app_imports_another": Violation(
        "apps", "issuer/service.py", "import wallet", "The demo stands on the apps"
    ),
    "the_core_imports_an_app": Violation(
        "apps", "healthpassport/errors.py", "import verifier", "The demo stands on the apps"
    ),
    "the_schemas_import_the_core": Violation(
        "apps", "schemas/intruder.py", "import healthpassport", "The demo stands on the apps"
    ),
    "an_app_imports_the_demo": Violation(
        "apps", "authority/service.py", "import demo", "The demo stands on the apps"
    ),
    "the_core_flows_backwards": Violation(
        "core",
        "healthpassport/keys/intruder.py",
        "import healthpassport.formats",
        "The core flows one way",
    ),
    "neighbours_in_the_core_see_each_other": Violation(
        "core",
        "healthpassport/status/intruder.py",
        "import healthpassport.trust",
        "The core flows one way",
    ),
    "a_module_without_a_place": Violation(
        "core", "healthpassport/utils.py", "", "The core flows one way"
    ),
    "a_service_imports_its_edge": Violation(
        "inside-apps", "wallet/service.py", "import wallet.cli", "Every app: edges call the service"
    ),
    "settings_import_the_store": Violation(
        "inside-apps",
        "verifier/settings.py",
        "import verifier.store",
        "Every app: edges call the service",
    ),
    "an_app_module_without_a_place": Violation(
        "inside-apps", "issuer/helpers.py", "", "Every app: edges call the service"
    ),
    "the_core_serves": Violation(
        "core-serves-nothing",
        "healthpassport/encoding.py",
        "import fastapi",
        "The core serves nothing and stores nothing",
    ),
    "the_core_stores": Violation(
        "core-serves-nothing",
        "healthpassport/summary/intruder.py",
        "import sqlite3",
        "The core serves nothing and stores nothing",
    ),
    "a_service_knows_http": Violation(
        "services-know-no-http",
        "issuer/service.py",
        "from starlette.requests import Request",
        "Services know no HTTP",
    ),
}


def copied(folder: Path) -> Path:
    """The packages' own code and the configuration, where lines may be broken."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=lambda folder, names: [
                name
                for name in names
                if name == "__pycache__"
                or (Path(folder, name).is_file() and not name.endswith(".py"))
            ],
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINT), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "NO_COLOR": "1"},
    )


@pytest.fixture(scope="module")
def as_it_stands(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return lint_imports(copied(tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is told of the copy in which every violation stands: lines by the contract's name."""
    folder = copied(tmp_path_factory.mktemp("broken"))
    for violation in VIOLATIONS.values():
        add_line(folder, violation.module, violation.line)
        make_importable(folder, violation.line)
    result = lint_imports(folder)
    assert result.returncode != 0, result.stdout
    told: dict[str, list[str]] = {}
    lines = result.stdout.partition("Broken contracts")[2].splitlines()
    for line, below in itertools.pairwise(lines):
        if below and set(below) == {"-"}:
            told[line] = []
        elif told:
            told[next(reversed(told))].append(line)
    return told


def add_line(folder: Path, module: str, line: str) -> None:
    """Append ``line`` to ``module`` (a package's ``__init__`` where it has become a folder)."""
    path = folder / module
    package = path.with_suffix("") / "__init__.py"
    if package.exists():
        path = package
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")


def make_importable(folder: Path, line: str) -> None:
    """An import of a module that does not exist yet is no violation: give it an empty one."""
    for name in line.split()[1:2]:
        target = folder.joinpath(*name.split("."))
        if name.split(".")[0] not in PACKAGES or target.is_dir():
            continue
        if not target.with_suffix(".py").exists():
            target.with_suffix(".py").write_text("", encoding="utf-8")


def named(violation: Violation) -> str:
    """The violation as it is told: who imports whom, or who has no place."""
    module = violation.module.removesuffix(".py").replace("/", ".")
    if not violation.line:
        return f"- {module}"
    target = violation.line.split()[1]
    package = target.partition(".")[0]
    return f"{module} -> {target if package in PACKAGES else package} (l."


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_violation_is_caught_and_its_contract_named(
    violation: Violation, broken: dict[str, list[str]]
):
    [lines] = [told for name, told in broken.items() if name.startswith(violation.named)]
    assert any(named(violation) in f"{line} " for line in lines), lines


@pytest.mark.parametrize("contract", sorted({v.named for v in VIOLATIONS.values()}))
def test_the_code_as_it_stands_keeps_the_contract(
    contract: str, as_it_stands: subprocess.CompletedProcess[str]
):
    assert as_it_stands.returncode == 0, as_it_stands.stdout + as_it_stands.stderr
    [line] = [one for one in as_it_stands.stdout.splitlines() if one.startswith(contract)]
    assert line.rstrip().endswith("KEPT")


def test_every_contract_is_violated_once_here():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.split("[tool.importlinter]", 1)[1]
    declared = {
        line.split('"')[1] for line in section.splitlines() if line.startswith(("id =", "id="))
    }
    assert declared == {violation.contract for violation in VIOLATIONS.values()}
