"""The issuer's credential endpoint and the desk's response endpoint, as their applications run.

The issuer: one request with five key proofs, from the first byte of HTTP to the last, with DPoP,
the database and the status entries on disk. The desk: one encrypted answer of three records, read,
verified and kept; HTTP itself is not in it. Beside each stand the bare signatures that it cannot do
without. No peer offers the same service as a library to call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from desk_world import full_wallet, handle_of, make_desk, make_world, opened  # noqa: E402
from measuring import each_once, milliseconds, table  # noqa: E402
from simulated_issuer import Site, Wallet  # noqa: E402

from healthpassport import suites  # noqa: E402
from healthpassport.encoding import dump_json  # noqa: E402
from healthpassport.keys import generate_signer  # noqa: E402
from verifier.service import Desk  # noqa: E402

REQUESTS: Final = 40
COPIES: Final = 5  # key proofs in one credential request
RECORDS: Final = 3  # in one answer to the desk
MESSAGE: Final = b"x" * 1_000
OK: Final = 200


def credential_requests(folder: Path) -> Iterator[Callable[[], object]]:
    """Requests with token and proofs at hand; only what the issuer does is left in each."""
    site = Site(folder)
    for number in range(REQUESTS):
        wallet = Wallet(site, site.offer())
        host = f"198.51.100.{number + 1}"
        if wallet.ask_token(host=host).status != OK:
            raise SystemExit("no token was given")
        nonce = wallet.nonce()
        proofs = [wallet.proof(nonce) for _ in range(COPIES)]
        wanted = {"credential_configuration_id": "AllergySummary", "proofs": {"jwt": proofs}}
        headers = {
            "authorization": f"DPoP {wallet.token}",
            "dpop": wallet.dpop("/credential"),
            "content-type": "application/json",
        }
        yield _posting(site, dump_json(wanted), headers)


def _posting(site: Site, body: bytes, headers: dict[str, str]) -> Callable[[], object]:
    def post() -> None:
        answer = site.call("POST", "/credential", body=body, headers=headers)
        if answer.status != OK:
            raise SystemExit(answer.body.decode())

    return post


def answers(folder: Path, *, look: bool) -> Iterator[Callable[[], object]]:
    """Answers of a wallet to questions of the desk; with ``look``, what staff fetch as well."""
    world = make_world(folder)
    desk, wallet = make_desk(world, folder / "desk"), full_wallet(world)
    desk.lists.views(datetime.now(UTC))  # as its background task has done
    for _ in range(REQUESTS):
        view, request = opened(desk, wallet)
        yield _receiving(desk, view.id, handle_of(view.link), wallet.answer(request), look=look)
    desk.shut()


def _receiving(
    desk: Desk, name: str, handle: str, body: bytes, *, look: bool
) -> Callable[[], object]:
    def receive() -> None:
        desk.receive(handle, body)
        if look and desk.look(name, desk="ward").summary is None:
            raise SystemExit("nothing was shown")

    return receive


def main() -> None:
    """Print both endpoints beside their bare signatures."""
    signer = generate_signer()
    signature, key = signer.sign(MESSAGE), signer.public_key
    sign = milliseconds(lambda: signer.sign(MESSAGE))
    check = milliseconds(lambda: suites.verify(key, "ES256", signature, MESSAGE))
    rows = []
    with TemporaryDirectory() as folder:
        found = each_once(credential_requests(Path(folder)))
        # A signature and a proof for each copy, and the proof of DPoP.
        bare = COPIES * (sign + check) + check
        rows.append(_row("issuer: credential endpoint, 5 copies", found, COPIES, bare))
    for look, words in ((False, "desk: encrypted answer of 3 records"), (True, "and shown")):
        with TemporaryDirectory() as folder:
            found = each_once(answers(Path(folder), look=look))
            # The issuer's signature and the holder's for each record.
            rows.append(_row(words, found, RECORDS, RECORDS * 2 * check))
    columns = ("what", "CPU ms a request", "credentials a CPU-second", "bare signatures, CPU ms")
    table("Services", (*columns, "ours / bare"), rows)


def _row(words: str, found: float, credentials: int, bare: float) -> tuple[str, ...]:
    rate = 1_000 * credentials / found
    return (words, f"{found:.2f}", f"{rate:.0f}", f"{bare:.2f}", f"{found / bare:.1f}")


if __name__ == "__main__":
    main()
