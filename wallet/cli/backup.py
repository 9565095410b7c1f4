"""Commands about backups: make, test, restore, split, join, sheet, due, lost; and erase."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from . import session

if TYPE_CHECKING:
    from healthpassport.encoding import Json
    from wallet.service import Wallet
    from wallet.service.recipients import HelpersParts
    from wallet.service.sheets import Sheet
    from wallet.vault import Way

STYLE: Final = Path(__file__).resolve().parent.parent / "static" / "printed.css"

app = typer.Typer(help="Keep a copy of your wallet away from here.", no_args_is_help=True)

BackupFile = Annotated[Path, typer.Argument(help="The backup file.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        help="File with what opens the backup: its passphrase, 12 words or a sheet's code.",
        exists=True,
    ),
]
PartFiles = Annotated[
    list[Path] | None,
    typer.Option("--part-file", help="File with a helper's part. Give two.", exists=True),
]
OutFile = Annotated[
    Path, typer.Option("--out", help="File to write the page to, to be printed. It must be new.")
]


@app.command()
def make(
    file: BackupFile,
    passphrase_file: session.PassphraseFile = None,
    with_history: Annotated[
        bool, typer.Option("--with-history", help="Also keep who has seen your records.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over any file of this name.")
    ] = False,
    as_json: session.AsJson = False,
) -> None:
    """Make a backup of all that is in your wallet, as one locked file."""
    with session.unlocked_by(passphrase_file) as (wallet, way):
        made = wallet.backups.make(file, way=way, with_history=with_history, replace=replace)
    session.say(*made.lines)
    if as_json:
        kinds: list[Json] = list(made.opens_with)
        session.answer(
            {
                "file": str(made.path),
                "made": made.made.isoformat(),
                "bytes": made.size,
                "opensWith": kinds,
            }
        )
    else:
        session.show(str(made.path))


@app.command("test")
def try_out(
    file: BackupFile,
    passphrase_file: session.PassphraseFile = None,
    key_file: KeyFile = None,
    part_file: PartFiles = None,
    as_json: session.AsJson = False,
) -> None:
    """See that a backup opens, and what is newer in your wallet. Your wallet stays as it is."""
    with session.unlocked_by(passphrase_file) as (wallet, given):
        key = _key(wallet, key_file, part_file) if key_file or part_file else given
        found = wallet.backups.test(file, key)
    if as_json:
        parts: dict[str, Json] = {
            "rows": dict(found.rows),
            "added": dict(found.added),
            "changed": dict(found.changed),
            "removed": dict(found.removed),
        }
        session.answer({"made": found.made.isoformat(), "newest": found.newest, **parts})
    else:
        for line in found.lines:
            session.show(line)


@app.command()
def restore(
    file: BackupFile,
    *,
    key_file: KeyFile = None,
    part_file: PartFiles = None,
    new_passphrase_file: Annotated[
        Path | None,
        typer.Option("--new-passphrase-file", help="File with the new passphrase.", exists=True),
    ] = None,
    stop_old: Annotated[
        bool | None,
        typer.Option(
            "--stop-old-device/--keep-old-device",
            help="Have your surgeries stop the device that the backup is from, without asking.",
        ),
    ] = None,
    as_json: session.AsJson = False,
) -> None:
    """Bring a wallet back from a backup, on a new device or in a new folder."""
    wallet = session.wallet()
    if wallet.exists:
        from healthpassport.errors import BackupError  # noqa: PLC0415

        raise BackupError("backup.wallet_here")
    key = _key(wallet, key_file, part_file)
    words = "Choose a passphrase for this device"
    new = session.passphrase(new_passphrase_file, words=words, confirm=True)
    restored = wallet.backups.restore(file, key, new=new)
    session.say(*restored.lines)
    if stop_old is None and not as_json:
        stop_old = _asked("Stop your old device now?")
    stopped: list[Json] = []
    if stop_old:
        wallet.unlock(new)
        stopped = _stop(wallet)
    else:
        session.say("You can do it later: passport-wallet stop-old-device")
    wallet.close()
    if as_json:
        told: dict[str, Json] = {"made": restored.made.isoformat(), "records": restored.records}
        session.answer({**told, "oldDevice": stopped})


@app.command()
def split(
    passphrase_file: session.PassphraseFile = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="New folder to write a page for each helper to."),
    ] = None,
    as_json: session.AsJson = False,
) -> None:
    """Make three parts of a key for three people. Any two of them open your later backups."""
    from wallet.service.sheets import part_sheet  # noqa: PLC0415

    with session.unlocked_by(passphrase_file) as (wallet, way):
        if out is not None:
            _new_folder(out)
        parts = wallet.backups.split(way=way)
    sheets = [part_sheet(share) for share in parts.shares]
    session.say(*parts.lines)
    if out is not None:
        for number, sheet in enumerate(sheets, start=1):
            _print(out / f"part-{number}.html", [sheet])
    if as_json:
        texts: list[Json] = [sheet.text for sheet in sheets]
        session.answer({"parts": texts})
    elif out is None:
        for sheet in sheets:
            session.show(sheet.text)


@app.command()
def join(
    file: BackupFile,
    part_file: PartFiles = None,
    as_json: session.AsJson = False,
) -> None:
    """Try two helpers' parts with a backup. This opens all of it and keeps nothing."""
    wallet = session.wallet()
    lines = wallet.backups.join(file, _parts(part_file))
    session.say(*lines)
    if as_json:
        session.answer({"opens": True})


@app.command()
def sheet(
    out: OutFile,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Make a sheet to print that opens your wallet and your later backups, in place of 12 words."""
    from wallet.service.sheets import own_sheet  # noqa: PLC0415

    with session.unlocked_by(passphrase_file) as (wallet, way):
        _check_free(out)
        groups = wallet.backups.sheet(way=way)
        _print(out, [own_sheet(groups)])
        session.say(wallet.backups.said("sheet_made"))
    if as_json:
        session.answer({"file": str(out)})


@app.command()
def due(passphrase_file: session.PassphraseFile = None, as_json: session.AsJson = False) -> None:
    """Say when the last backup was made, and whether it is time for a new one."""
    with session.unlocked(passphrase_file) as wallet:
        found = wallet.backups.due()
    if as_json:
        last = found.last.isoformat() if found.last else None
        session.answer({"last": last, "due": found.due})
    else:
        for line in found.lines:
            session.show(line)


@app.command()
def lost(as_json: session.AsJson = False) -> None:
    """Say what to do when a backup, or every key to it, is lost."""
    words = session.wallet().backups.said("reissue")
    if as_json:
        session.answer({"words": words})
    else:
        session.show(words)


def erase(
    passphrase_file: session.PassphraseFile = None,
    withdraw_cards: Annotated[
        bool,
        typer.Option(
            "--withdraw-cards",
            help="First have your emergency cards withdrawn. Needs your passphrase.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: session.AsJson = False,
) -> None:
    """Delete your wallet from this device, with all that is in it. This cannot be undone."""
    wallet = session.wallet()
    session.say(*wallet.before_erasing)
    if not yes:
        typer.confirm("Delete it all?", abort=True, err=True)
    withdrawn: tuple[str, ...] = ()
    if withdraw_cards:
        from wallet.service.erasing import withdraw_cards as withdraw  # noqa: PLC0415

        with session.unlocked(passphrase_file) as unlocked:
            withdrawn = withdraw(unlocked.cards)
    erased = wallet.erase()
    session.say(*erased.left)
    files: list[Json] = list(erased.files)
    if as_json:
        session.answer({"deleted": files, "cardsWithdrawn": len(withdrawn)})
    else:
        session.show(f"deleted: {len(files)}")


def _key(
    wallet: Wallet, key_file: Path | None, part_files: list[Path] | None
) -> Way | HelpersParts:
    """What opens the backup: helpers' parts, or what is in a file or typed."""
    if part_files:
        return _parts(part_files)
    words = "What opens the backup: passphrase, 12 words or a sheet's code"
    return wallet.backups.read_way(session.secret(key_file, words=words))


def _stop(wallet: Wallet) -> list[Json]:
    """Tell every surgery, and say how it went."""
    outcomes = wallet.updates.stop_old_device()
    for one in outcomes:
        session.say(f"{one.issuer}: {one.title} {one.next_step}")
        if one.stopped:
            session.say(wallet.backups.said("old_stopped"))
    if not outcomes:
        session.say(wallet.backups.said("no_one_to_tell"))
    return [one.wire() for one in outcomes]


def _asked(words: str) -> bool:
    """The answer of a person; nobody there is no."""
    try:
        return typer.confirm(words, err=True)
    except typer.Abort:
        return False


def _parts(files: list[Path] | None) -> HelpersParts:
    from wallet.service.recipients import HelpersParts  # noqa: PLC0415

    if files:
        return HelpersParts(tuple(session.secret(file, words="Part") for file in files))
    return HelpersParts(
        (session.secret(None, words="First part"), session.secret(None, words="Second part"))
    )


def _new_folder(folder: Path) -> None:
    from healthpassport.errors import BackupError  # noqa: PLC0415

    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise BackupError("backup.in_the_way") from error
    except OSError as error:
        raise BackupError("backup.io") from error


def _check_free(path: Path) -> None:
    from healthpassport.errors import BackupError  # noqa: PLC0415

    if path.exists():
        raise BackupError("backup.in_the_way")


def _print(path: Path, sheets: list[Sheet]) -> None:
    """Write a page that only its owner can read."""
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415

    from healthpassport.errors import BackupError  # noqa: PLC0415

    pages = Environment(loader=PackageLoader("wallet"), autoescape=True, trim_blocks=True)
    style = STYLE.read_text(encoding="utf-8")
    text = pages.get_template("backup/printed.html").render(sheets=sheets, style=style)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise BackupError("backup.in_the_way") from error
    except OSError as error:
        raise BackupError("backup.io") from error
