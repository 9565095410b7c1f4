"""Keys on real tokens (SoftHSM2): what goes wrong with tokens, PINs and modules, and is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokens import PIN, TOKENS, tokens

from healthpassport import suites
from healthpassport.errors import KeyMaterialError
from healthpassport.keys import load_signer

pkcs11 = pytest.importorskip("pkcs11")
# Python warns of forks beside threads; that a fork is survived is what is looked at here.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def refuses(code: str):
    return pytest.raises(KeyMaterialError, match=f"^{code}:")


@pytest.fixture(scope="module")
def key() -> str:
    return tokens().make("spare", "lasting")


def good(signer, message: bytes = b"a record") -> bool:
    suites.verify(signer.public_key, signer.algorithm, signer.sign(message), message)
    return True


def test_a_key_is_found_by_its_id_as_well_as_by_its_name(key):
    uri = tokens().make("spare", "numbered;id=%ab%01")
    by_id = load_signer(uri.replace("object=numbered;", ""))
    assert by_id.public_key == load_signer(uri).public_key
    assert good(by_id)


def test_the_pin_may_come_from_the_settings_instead_of_the_address(key):
    assert good(load_signer(key.partition("&pin-source")[0], PIN.encode()))


def test_one_pin_is_given_and_no_more(key):
    with refuses("key.pin_missing"):
        load_signer(key.partition("&pin-source")[0])
    with refuses("key.pin_missing"):
        load_signer(key, PIN.encode())


def test_a_key_that_is_there_is_never_made_again(key):
    with refuses("key.exists"):
        tokens().make("spare", "lasting")


def test_a_private_key_cannot_be_read_out_of_its_token(key):
    session = load_signer(key).session
    with session.module.use(), pytest.raises(pkcs11.PKCS11Error):
        session.key()[pkcs11.Attribute.VALUE]


@pytest.mark.parametrize(
    ("code", "part", "instead"),
    [
        ("key.token", "token=spare", "token=stolen"),
        ("key.token", "token=spare", "token=spare;serial=0"),
        ("key.token", "token=spare", "token=spare;model=another"),
        ("key.token", "token=spare", "token=spare;slot-id=4294967295"),
        ("key.missing", "object=lasting", "object=absent"),
        ("key.missing", "object=lasting", "object=lasting;id=%00"),
        ("key.module", "/libsofthsm2.so", "/absent.so"),
        ("key.secret", "/pin", "/absent"),
    ],
)
def test_what_is_not_there_is_told_by_name(key, code, part, instead):
    assert part in key
    with refuses(code):
        load_signer(key.replace(part, instead))


def test_a_file_that_is_no_module_is_told(key, tmp_path):
    (tmp_path / "module.so").write_text("no library")
    with refuses("key.module"):
        load_signer(key.replace(tokens().module, str(tmp_path / "module.so")))


def test_a_module_is_found_by_its_name_where_distributions_put_it(key):
    assert good(load_signer(key.replace(f"module-path={tokens().module}", "module-name=softhsm2")))
    with refuses("key.module"):
        load_signer(key.replace(f"module-path={tokens().module}", "module-name=absent"))


def test_a_pin_file_that_others_can_read_is_refused(key, tmp_path):
    path = tmp_path / "pin"
    path.write_text(PIN)
    path.chmod(0o644)
    with refuses("key.permissions"):
        load_signer(tokens().uri("spare", "lasting", pin_file=path))


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"1" * 5000])
def test_a_pin_file_without_a_pin_is_refused(key, tmp_path, content):
    path = tmp_path / "pin"
    path.write_bytes(content)
    path.chmod(0o600)
    with refuses("key.secret"):
        load_signer(tokens().uri("spare", "lasting", pin_file=path))


def test_a_wrong_pin_is_tried_once_and_not_by_the_next_start_either(tmp_path):
    uri = tokens().make("bad pin", "k")
    path = tmp_path / "pin"
    path.write_text("0000-wrong")
    path.chmod(0o600)
    wrong = tokens().uri("bad pin", "k", pin_file=path)
    assert started(wrong) == "key.pin"
    assert started(uri) == "key.pin_not_tried"
    assert started(uri, "by hand") == "signed"


def test_sessions_that_are_lost_are_opened_again(key):
    signer = load_signer(key)
    assert good(signer)
    with signer.session.module.use():
        signer.session.key().session.close()
    assert good(signer)


def test_a_token_that_goes_away_is_told_and_one_that_is_back_signs_at_the_next_start(tmp_path):
    place = tokens().places["loose"]
    signer = load_signer(tokens().make("loose", "k"))
    assert good(signer)
    shutil.move(place, tmp_path / "away")
    with refuses("key.token"):
        signer.sign(b"a record")
    shutil.move(tmp_path / "away", place)
    # This module looks for a token that it lost when it starts, as a new process does.
    assert started(tokens().uri("loose", "k")) == "signed"


def test_a_process_that_was_forked_is_refused_and_its_parent_goes_on(key):
    signer = load_signer(key)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            signer.sign(b"a record")
            said = "signed"
        except KeyMaterialError as error:
            said = error.code
        os.write(writing, said.encode())
        os._exit(0)
    assert os.read(reading, 100) == b"key.forked"
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    assert good(signer)


def test_many_threads_use_two_keys_of_one_token_at_once(key):
    signers = [load_signer(key), load_signer(tokens().make("spare", "second"))]
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(lambda n: good(signers[n % 2], b"%d" % n), range(200)))


START = """
import sys
from healthpassport.errors import KeyMaterialError
from healthpassport.keys.pkcs11.address import parse
from healthpassport.keys.pkcs11.opening import open_signer
try:
    open_signer(parse(sys.argv[1]), after_wrong_pin=len(sys.argv) > 2).sign(b"x")
    print("signed")
except KeyMaterialError as error:
    print(error.code)
"""


def started(*args: str) -> str:
    """What becomes of a service that starts: login holds in one process only."""
    done = subprocess.run(
        [sys.executable, "-c", START, *args],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.strip()


def test_every_token_of_these_tests_is_there():
    said = tokens().util("--show-slots")
    assert all(f"Label:            {name}" in said for name in TOKENS)
