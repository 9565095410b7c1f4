"""Pages of the console beside the work with one offer: reports, keys, lists, the trail, cards."""

from __future__ import annotations

import html
import re

from console_reports import reported

from healthpassport.encoding import dump_json
from issuer.service.reports import answer_report, parse_answer

KEPT = ("keys", "trust", "lists", "audit", "reports", "report", "report answered")
CARDS = (
    "card", "card choose", "card print", "card large", "card aloud", "card lost", "card too much",
)  # fmt: skip


def kept_pages(practice, of):
    """The path of each page of ``KEPT``, and whose cookies open it."""
    paths = {name: (f"/{name}", of["admin"]) for name in ("keys", "trust", "lists", "audit")}
    names = ("report-that-waits-here", "report-that-is-so-late", "report-with-an-answer")
    for name, days in zip(names, (0, 40, 27), strict=True):
        reported(practice, name, days_ago=days)
    told = parse_answer(dump_json({"outcome": "corrected", "words": "Thank you."}))
    answer_report(practice.issuer, names[2], told)
    return paths | {
        "reports": ("/reports?answered=1", of["corrections"]),
        "report": (f"/reports/{names[1]}", of["corrections"]),
        "report answered": (f"/reports/{names[2]}", of["corrections"]),
    }


def ticked(page):
    """The ticks of a page of choices, without those that could be left off to give room."""
    off = set(re.findall(r'href="#tick-(\d+)"', page))
    boxes = re.findall(r'id="tick-(\d+)" name="tick" value="([^"]+)" checked', page)
    return [("tick", html.unescape(key)) for number, key in boxes if number not in off]


def card_pages(walk):
    """The path of each page of ``CARDS``, made by whoever walks there."""
    where = walk.opened()
    walk.identified(where)
    choose = f"{where}/card"
    browser = walk.browser
    made = browser.post(choose, ticked(browser.get(choose).text), do="make")
    assert made.status == 303, made.text
    card = made.headers["location"]
    return {
        "card": card,
        "card choose": choose,
        "card too much": choose,
        "card print": f"{card}/print",
        "card large": f"{card}/large",
        "card aloud": f"{card}/aloud",
        "card lost": "/cards/lost",
    }
