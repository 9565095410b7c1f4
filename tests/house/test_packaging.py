"""The wheel: complete, installable, each app alone, and no name of ours taken by a dependency."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from repository import APPS, PACKAGES, ROOT, source_files

SITE_PACKAGES = Path(importlib.metadata.distribution("pydantic").locate_file("")).resolve()
COMMANDS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "scripts"
]
OFFLINE = ("--quiet", "--no-index", "--no-deps", "--no-compile")
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, f"{name}."):
        if ".migrations" not in found.name:
            importlib.import_module(found.name)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment: the wheel is installed, the dependencies are lent by a .pth file.

    A folder named in a .pth is not searched for further .pth files, so that the editable install
    of this checkout cannot be seen from there.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", *OFFLINE, str(wheel)],
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null"},
    )
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(f"{SITE_PACKAGES}\n", encoding="utf-8")
    return folder


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(command),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "PYTHONWARNINGS": "error"},
    )


def test_the_wheel_must_not_be_uploaded(unpacked: Path):
    (metadata,) = unpacked.glob("*.dist-info/METADATA")
    assert "Classifier: Private :: Do Not Upload" in metadata.read_text(encoding="utf-8")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_carries_every_file_of_the_package(package: str, unpacked: Path):
    missing = [
        str(path.relative_to(ROOT))
        for path in source_files(package)
        if not (unpacked / path.relative_to(ROOT)).is_file()
    ]
    assert not missing


def test_the_wheel_carries_nothing_else(unpacked: Path):
    top = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert top == set(PACKAGES)


def test_every_package_imports_from_the_installed_wheel(environment: Path, tmp_path: Path):
    python = str(environment / "bin" / "python")
    result = run(python, "-I", "-c", IMPORT_ALL, *PACKAGES, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    where = run(python, "-I", "-c", "import schemas; print(schemas.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(environment))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_of_the_installed_wheel_answers(
    command: str, environment: Path, tmp_path: Path
):
    result = run(str(environment / "bin" / command), "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_with_the_other_apps_absent(app: str, environment: Path, tmp_path: Path):
    (site,) = (environment / "lib").glob("python*/site-packages")
    for name in ("healthpassport", "schemas", app):
        (tmp_path / name).symlink_to(site / name)  # so that each file is compiled once for all
    source = f"import sys; sys.path[:0] = {[str(tmp_path), str(SITE_PACKAGES)]!r}\n{IMPORT_ALL}"
    # Without `site` (-S) the editable install of this checkout cannot lend the other apps.
    result = run(sys.executable, "-I", "-S", "-c", source, "healthpassport", app, cwd=tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_no_installed_dependency_owns_our_name(package: str):
    owners = importlib.metadata.packages_distributions().get(package, [])
    assert set(owners) <= {"health-passport"}
    assert not (SITE_PACKAGES / package).exists()
    assert not (SITE_PACKAGES / f"{package}.py").exists()


def test_every_command_has_its_app():
    assert set(COMMANDS) == {
        "passport-issuer",
        "passport-wallet",
        "passport-verifier",
        "passport-trust",
        "passport-demo",
    }
