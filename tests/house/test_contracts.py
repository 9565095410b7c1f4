"""Each import contract is broken once, in a copy of the packages, and must be caught by name."""

from __future__ import annotations

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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages' own code and the configuration, where one line may be broken."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda folder, names: [
                name
                for name in names
                if name == "__pycache__"
                or (Path(folder, name).is_file() and not name.endswith(".py"))
            ],
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINT), "--no-cache", "--contract", contract],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "NO_COLOR": "1"},
    )


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


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_violation_is_caught_and_its_contract_named(violation: Violation, copy: Path):
    add_line(copy, violation.module, violation.line)
    make_importable(copy, violation.line)
    result = lint_imports(copy, violation.contract)
    assert result.returncode != 0, result.stdout
    broken = [line for line in result.stdout.splitlines() if line.rstrip().endswith("BROKEN")]
    named = broken or result.stdout.splitlines() + result.stderr.splitlines()
    assert any(violation.named in line for line in named), result.stdout + result.stderr


@pytest.mark.parametrize("contract", sorted({v.contract for v in VIOLATIONS.values()}))
def test_the_code_as_it_stands_keeps_the_contract(contract: str, copy: Path):
    result = lint_imports(copy, contract)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_is_violated_once_here():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.split("[tool.importlinter]", 1)[1]
    declared = {
        line.split('"')[1] for line in section.splitlines() if line.startswith(("id =", "id="))
    }
    assert declared == {violation.contract for violation in VIOLATIONS.values()}
