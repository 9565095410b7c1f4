"""The command that answers a hospital: who asks, why, which values, and then yes or no."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from . import people, session
from .past import judged
from .question import listed, show_question

if TYPE_CHECKING:
    from wallet.consent import ConsentQuestion, Tick
    from wallet.service import ShareReceipt, Wallet

Choices = Annotated[
    list[str] | None,
    typer.Option("--untick", help="A box to leave out, by number or name. May be given again."),
]
Ways = Annotated[
    list[str] | None,
    typer.Option("--choose", help="Another way to answer, as --look shows it: CHOICE=OPTION."),
]
More = Annotated[
    list[str] | None,
    typer.Option("--tick", help="A box to tick, by number or name. May be given again."),
]


def present(
    request: Annotated[
        str, typer.Argument(help="The request: its link, or the code below the picture.")
    ] = "",
    *,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="A photo of the hospital's code.", exists=True)
    ] = None,
    choose: Ways = None,
    untick: Choices = None,
    tick: More = None,
    share: Annotated[
        bool, typer.Option("--share", "--yes", help="Share what is ticked without asking again.")
    ] = False,
    decline: Annotated[bool, typer.Option("--decline", help="Share nothing.")] = False,
    look: Annotated[bool, typer.Option("--look", help="Only show the question.")] = False,
    person: session.Person = None,
    passphrase_file: session.PassphraseFile = None,
    as_json: session.AsJson = False,
) -> None:
    """Look at a hospital's request, choose what to share, and share it."""
    if share + decline + look > 1:
        raise typer.BadParameter("choose one of --share, --decline and --look")
    if (picture is None) == (not request):
        raise typer.BadParameter("give a request, or a photo of one with --picture")
    with session.unlocked(passphrase_file) as wallet:
        text = request if picture is None else wallet.read_picture(picture.read_bytes())
        question = _prepared(wallet, text, person, asking=not (share or decline or look))
        if choose:
            question = wallet.choose(question, _ways(choose))
        numbers = _chosen(question, question.ticked, untick or (), tick or ())
        question = question.after(numbers)
        if look:
            show_question(question, wallet.preview(question), as_json=as_json)
            return
        if not (share or decline):
            answer = _converse(wallet, question)
            question = question.after(answer or ())
            decline = answer is None
        if decline:
            _decline(wallet, question)
        receipt = wallet.share(question)
    _show_receipt(receipt, as_json=as_json)


def _prepared(wallet: Wallet, request: str, person: str | None, *, asking: bool) -> ConsentQuestion:
    """The question about one person; whose it is, is asked for where somebody can answer."""
    from wallet.service import WhichPersonError  # noqa: PLC0415 - heavy: only when it runs

    try:
        return wallet.prepare(request, person)
    except WhichPersonError as error:
        session.say("Whose records do you want to show?")
        lines = [people.choice_line(choice) for choice in error.choices]
        session.say(*(f"  {number}. {words}" for number, words in enumerate(lines, start=1)))
        if not asking:
            raise
        number = session.pick(len(lines))
        return wallet.prepare(request, error.choices[number - 1].id)


def _decline(wallet: Wallet, question: ConsentQuestion) -> None:
    from healthpassport.errors import ServiceError  # noqa: PLC0415

    wallet.decline(question)
    raise ServiceError("consent.declined")


def _ways(given: Collection[str]) -> dict[str, str]:
    """``CHOICE=OPTION`` as the question names them."""
    pairs = [way.rpartition("=") for way in given]
    if not all(name and option for name, _, option in pairs):
        raise typer.BadParameter("a way is CHOICE=OPTION, as --look shows it")
    return {name: option for name, _, option in pairs}


def _converse(wallet: Wallet, question: ConsentQuestion) -> frozenset[int] | None:
    """Show and change ticks until the person says yes (the numbers) or no (None)."""
    while True:
        show_question(question, wallet.preview(question), as_json=False)
        words = _typed(question)
        if words == ["yes"]:
            return question.ticked
        if words == ["no"]:
            return None
        numbers = set(question.ticked)
        for word in words:
            numbers ^= {int(word)}
        question = question.after(numbers)


def _typed(question: ConsentQuestion) -> list[str]:
    """``yes`` or ``no``, alone, or numbers of boxes; asked again until it is one of them."""
    boxes = {str(tick.number) for tick in question.ticks}
    while True:
        words = _asked().casefold().replace(",", " ").split()
        unknown = [word for word in words if word not in boxes]
        if not unknown or words in (["yes"], ["no"]):
            return words
        session.say(f"There is no box {listed(unknown)}. Nothing was changed or sent.")


def _asked() -> str:
    """The person's word; where nobody can answer, nothing is shared (``consent.required``)."""
    try:
        answer: str = typer.prompt(
            "Numbers to change, yes to share, no to keep it all", default="no", err=True
        )
    except typer.Abort as error:
        from healthpassport.errors import RequestError  # noqa: PLC0415

        raise RequestError("consent.required") from error
    return answer


def _chosen(
    question: ConsentQuestion,
    numbers: Collection[int],
    untick: Collection[str],
    tick: Collection[str],
) -> frozenset[int]:
    chosen = set(numbers)
    chosen -= {_find(question, name).number for name in untick}
    chosen |= {_find(question, name).number for name in tick}
    return frozenset(chosen)


def _find(question: ConsentQuestion, name: str) -> Tick:
    """The box with this number, or the first with this name."""
    wanted = name.strip().casefold()
    for tick in question.ticks:
        if wanted == str(tick.number) or wanted == tick.label.casefold():
            return tick
    raise typer.BadParameter(f"there is no box {name}")


def _show_receipt(receipt: ShareReceipt, *, as_json: bool) -> None:
    if as_json:
        session.answer(
            {
                "asker": receipt.asker,
                "shared": list(receipt.what),
                "shownBefore": list(receipt.reused),
                "redirect": receipt.redirect,
                "redirectBlocked": receipt.redirect_blocked,
                "confirmCode": receipt.confirm_code,
                "receipt": receipt.receipt.value,
                "problems": list(receipt.problems),
            }
        )
    else:
        for line in receipt.what:
            session.show(line)
    session.say(f"Shared with {receipt.asker}.", *judged(receipt.receipt, receipt.problems))
    if receipt.confirm_code:
        session.say(f"Tell this number to the staff, and to no one else: {receipt.confirm_code}")
    if receipt.reused:
        names = listed(receipt.reused)
        session.say(
            f"{names}: all your copies were shown before.",
            "Those who saw one could tell that it was you.",
            "Your surgery can give you more of them.",
        )
    if receipt.redirect_blocked:
        session.say("Their page was not safe, so we did not open it.")


COMMANDS: Final[dict[str, Callable[..., None]]] = {"present": present}
