"""A desk's days without a network, run where there is none: ``offline_days.py FOLDER``.

Started in a network namespace that has no route, only loopback. The lists are fetched while surgery
and authority still run on this machine; then both stop, the clock goes on, and patients share. Each
line of the output is what the desk said on one day, as JSON; the last names everything that the
desk's process connected to while it verified.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from healthpassport.credential import Rule
from healthpassport.errors import ServiceError

HERE = Path(__file__).resolve()
PATIENT = HERE.parents[2] / "demo" / "patients" / "rowan-ashdown.json"
DAYS = (0, 2, 5, 8)
SIOCSIFFLAGS = 0x8914  # netdevice(7)
IFF_UP_RUNNING = 0x41
OUTSIDE = ("192.0.2.1", 443)  # RFC 5737: documentation only
DESK = "desk-1"


class Clock:
    """The real time, moved by whole days."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Connections:
    """Every address that this process asks for, while ``watching``."""

    def __init__(self) -> None:
        self.watching = False
        self.seen: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.watching and event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            self.seen.append(f"{event} {arguments[1:]}")


def loopback_up() -> None:
    """A new namespace has a loopback device that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        wanted = struct.pack("16sH14x", b"lo", IFF_UP_RUNNING)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, wanted)


def no_route() -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        try:
            probe.connect(OUTSIDE)
        except OSError:
            return True
    return False


def main(folder: Path) -> None:
    from demo.world import Ports, World  # noqa: PLC0415 - after loopback is up: it looks for ports
    from wallet.service import Surroundings, Wallet  # noqa: PLC0415

    clock = Clock()
    world = World(folder, ports=Ports.free(), patience=60, clock=clock)
    patient = Surroundings.of(world.wallet_settings)  # a patient whose own list may be older
    patient = replace(patient, clock=clock, trust_max_age=timedelta(days=30))
    world.__dict__["wallet"] = Wallet(patient)
    world.start()
    fill_wallet(world)
    world.desk.update()
    world.issuer_server.stop()
    world.authority_server.stop()
    connections = Connections()
    say({"no_route": no_route()})
    for days in DAYS:
        clock.ahead = timedelta(days=days)
        say({"day": days, **one_patient(world, connections)})
    say({"connections": connections.seen})
    world.stop()


def fill_wallet(world) -> None:
    from issuer import service  # noqa: PLC0415 - as above

    world.wallet.init(world.passphrase)
    world.wallet.update_trust()
    offer = service.offer_bundle(
        world.issuer_app.state.issuer, client="practice", bundle=PATIENT.read_bytes()
    )
    world.wallet.accept(world.wallet.add_offer(offer.link), offer.pin)


def one_patient(world, connections) -> dict[str, object]:
    """One patient's visit; only what the desk does with the answer is watched."""
    world.wallet.lock()  # days have passed
    world.wallet.unlock(world.passphrase)
    view = world.desk.ask("emergency_admission", desk=DESK)
    question = world.wallet.prepare(view.link)
    receive = world.desk.receive

    def watched(*arguments):
        connections.watching = True
        try:
            return receive(*arguments)
        finally:
            connections.watching = False

    world.desk.receive = watched
    try:
        world.wallet.share(question)
    except ServiceError as error:
        if error.code != "wallet.not_accepted":  # the desk judges the lists, and says so
            raise
    finally:
        world.desk.receive = receive
    seen = world.desk.look(view.id, desk=DESK)
    summary = seen.summary
    allergies = summary.section("AllergySummary")
    return {
        "verdict": summary.verdict.value,
        "state": allergies.state.value,
        "items": len(allergies.items),
        "codes": list(summary.codes),
        "rules": [fired.rule.value for fired in allergies.rules if fired.rule in LISTS],
        "trust_days": summary.trust_list_age.days,
        "status_days": allergies.status_list_age.days,
    }


LISTS = (Rule.TRUST_LIST_AGE, Rule.STATUS_LIST_AGE)


def say(value: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    loopback_up()
    main(Path(sys.argv[1]))
