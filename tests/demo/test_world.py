from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509

from demo.folders import MARK, DemoFolders
from demo.running import _file_notes
from demo.script import PATIENT, half_of
from demo.servers import LoopbackServer, free_ports
from demo.tls import make_tls_files
from healthpassport.errors import ServiceError, SettingsError
from issuer.client import Person
from issuer.client.folder import FolderSource


def tick(number: int, *place: str | int, parent: int | None = None) -> SimpleNamespace:
    return SimpleNamespace(number=number, parent=parent, targets=(SimpleNamespace(place=place),))


def test_half_leaves_out_every_second_entry_with_what_hangs_on_it():
    ticks = (
        tick(1),
        tick(2, "familyName", parent=1),
        tick(3, "items", 0, parent=1),
        tick(4, "items", 1, parent=1),
        tick(5, "items", 1, "onset", parent=4),
        tick(6, "items", 2, parent=1),
    )
    assert half_of(SimpleNamespace(ticks=ticks)) == {1, 2, 3, 6}


def test_ports_are_all_different():
    assert len(set(free_ports(8))) == 8


def test_a_port_in_use_is_told_and_not_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = LoopbackServer("test", None, taken.getsockname()[1])
        with pytest.raises(ServiceError, match=r"demo\.server"):
            server.start()


def test_the_demo_s_https_is_for_this_machine_alone(tmp_path):
    files = make_tls_files(tmp_path, now=datetime.now(UTC))
    ssl.create_default_context(cafile=files.ca)
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    limits = ca.extensions.get_extension_for_class(x509.NameConstraints).value
    assert "localhost" in {str(name.value) for name in limits.permitted_subtrees or ()}
    assert ca.not_valid_after_utc - ca.not_valid_before_utc < timedelta(days=100)
    assert files.key.stat().st_mode & 0o077 == 0


def test_a_new_world_takes_the_place_of_an_old_one(tmp_path):
    folders = DemoFolders(tmp_path / "demo")
    folders.make()
    (folders.wallet / "old").touch()
    folders.make()
    assert not (folders.wallet / "old").exists()
    assert (folders.top / MARK).exists()
    folders.remove()
    assert not folders.top.exists()


def test_a_folder_without_the_mark_stays(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"demo\.folder"):
        DemoFolders(tmp_path).remove()


def test_the_surgerys_console_finds_each_made_up_patient_and_the_record_that_was_brought(tmp_path):
    brought = tmp_path / "brought.json"
    text = PATIENT.read_text("utf-8")
    brought.write_text(text.replace("9990000018", "9990000999").replace("Ashdown", "Ashup"))
    folder = tmp_path / "source"
    for bundle in (PATIENT, brought, PATIENT):
        _file_notes(SimpleNamespace(issuer_settings=SimpleNamespace(source_folder=folder)), bundle)
    source = FolderSource(folder)
    assert len(source.names()) == 6
    assert len(source.find(Person(nhs_number="9990000018"))) == 1
