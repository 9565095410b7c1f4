"""Commands start quickly: what a command does not need is not loaded (docs/performance.md)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from repository import ROOT

SERVERS = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic", "jinja2", "structlog")
OTHERS = (
    "tuf",
    "securesystemslib",
    "pyld",
    "jwcrypto",
    "segno",
    "sqlite_utils",
    "py_arkworks_bls12381",
)
APPS = ("issuer", "wallet", "verifier", "authority", "demo")
PATIENT = next((ROOT / "demo" / "patients").glob("*.json"))

SCRIPT = """
import sys
from {app}.cli import main
sys.argv = {arguments!r}
sys.stdout = open(__import__("os").devnull, "w")
try:
    main()
except SystemExit as error:
    assert not error.code, error.code
print(*sys.modules, file=sys.__stdout__)
"""


def loaded(app: str, *arguments: str) -> set[str]:
    script = SCRIPT.format(app=app, arguments=["command", *arguments])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT, text=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("app", APPS)
def test_help_loads_no_server_no_database_and_no_pydantic(app):
    assert not loaded(app, "--help") & {*SERVERS, *OTHERS, "pydantic", "nacl"}


def test_extracting_a_record_loads_no_server_no_database_and_no_cryptography():
    assert not loaded("issuer", "extract", str(PATIENT)) & {*SERVERS, *OTHERS, "cryptography"}


def test_the_format_of_records_loads_nothing_that_only_services_need():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, healthpassport.formats.sd_jwt_vc; print(*sys.modules)"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    )
    names = {name.partition(".")[0] for name in done.stdout.split()}
    assert not names & {*SERVERS, *OTHERS, "pydantic", "nacl"}
