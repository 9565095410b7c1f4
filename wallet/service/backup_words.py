"""What a person reads about backups, in each language: short, and the next step in it.

What is *not* here: error messages (``schemas/errors/backup.json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from healthpassport.record_words import day

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "whole": {
        "en": "All of this backup can be read. It was made on {day}.",
        "cy": "Gellir darllen popeth yn y copi wrth gefn hwn. Fe'i gwnaed ar {day}.",
    },
    "same": {
        "en": "It holds all that is in your wallet now.",
        "cy": "Mae'n cynnwys popeth sydd yn eich waled nawr.",
    },
    "added": {"en": "Not in it yet: {what}.", "cy": "Ddim ynddo eto: {what}."},
    "changed": {"en": "Changed since then: {what}.", "cy": "Wedi newid ers hynny: {what}."},
    "removed": {
        "en": "In it, but not in your wallet now: {what}.",
        "cy": "Ynddo, ond ddim yn eich waled nawr: {what}.",
    },
    "again": {
        "en": "Make a new backup, so that it holds what you have now.",
        "cy": "Gwnewch gopi newydd, fel ei fod yn cynnwys beth sydd gennych nawr.",
    },
    "made": {
        "en": "Your backup is made. Keep it apart from this device.",
        "cy": "Mae eich copi wrth gefn wedi'i wneud. Cadwch ef ar wahân i'r ddyfais hon.",
    },
    "opens": {"en": "It opens with: {what}.", "cy": "Mae'n agor gyda: {what}."},
    "test_it": {
        "en": "Test it now, to see that it opens.",
        "cy": "Profwch ef nawr, i weld ei fod yn agor.",
    },
    "history_in": {
        "en": "It also holds who has seen your records.",
        "cy": "Mae hefyd yn cynnwys pwy sydd wedi gweld eich cofnodion.",
    },
    "history_out": {
        "en": "Who has seen your records is not in it.",
        "cy": "Nid yw pwy sydd wedi gweld eich cofnodion ynddo.",
    },
    "never": {
        "en": "You have no backup yet. If you lose this device, your records here are gone.",
        "cy": "Nid oes gennych gopi wrth gefn eto. Os collwch y ddyfais hon, collir y cofnodion.",
    },
    "last": {
        "en": "Your last backup is from {day}.",
        "cy": "Mae eich copi wrth gefn diwethaf o {day}.",
    },
    "records_changed": {
        "en": "Your records have changed since then. Make a new one.",
        "cy": "Mae eich cofnodion wedi newid ers hynny. Gwnewch un newydd.",
    },
    "long_ago": {
        "en": "That is a long time ago. Make a new one.",
        "cy": "Mae hynny amser maith yn ôl. Gwnewch un newydd.",
    },
    "restored": {
        "en": "Your wallet is back, as it was on {day}. Records in it: {count}.",
        "cy": "Mae eich waled yn ôl, fel yr oedd ar {day}. Cofnodion ynddi: {count}.",
    },
    "stop_old": {
        "en": "Stop your old device now. Then what is on it is of no use to anyone.",
        "cy": "Stopiwch eich hen ddyfais nawr. Yna ni fydd yr hyn sydd arni o werth i neb.",
    },
    "old_stopped": {
        "en": "Your old device is stopped there.",
        "cy": "Mae eich hen ddyfais wedi'i stopio yno.",
    },
    "no_one_to_tell": {
        "en": "There is no one to tell: no surgery keeps this wallet up to date.",
        "cy": "Nid oes neb i ddweud wrtho: nid oes meddygfa'n diweddaru'r waled hon.",
    },
    "ways_gone": {
        "en": "This wallet now opens with your new passphrase. You can add 12 words again.",
        "cy": "Mae eich cyfrinymadrodd newydd yn agor y waled hon. Gallwch ychwanegu 12 gair eto.",
    },
    "split": {
        "en": "Two of these people together can open everything."
        " Do not choose people who live together.",
        "cy": "Gall dau o'r bobl hyn gyda'i gilydd agor popeth."
        " Peidiwch â dewis pobl sy'n byw gyda'i gilydd.",
    },
    "split_file": {
        "en": "They need your backup file as well. Tell them where to find it.",
        "cy": "Mae angen eich ffeil wrth gefn arnynt hefyd. Dywedwch wrthynt ble mae hi.",
    },
    "split_now": {
        "en": "Make a new backup now. These parts do not open the ones you made before.",
        "cy": "Gwnewch gopi newydd nawr. Nid yw'r rhannau hyn yn agor y rhai cynt.",
    },
    "split_old": {
        "en": "Parts that you gave out before do not open new backups."
        " They still open old ones, so delete those.",
        "cy": "Nid yw rhannau a roesoch o'r blaen yn agor copïau newydd."
        " Maent yn dal i agor hen rai, felly dilëwch y rheini.",
    },
    "joined": {
        "en": "These parts fit this backup, and all of it can be read.",
        "cy": "Mae'r rhannau hyn yn ffitio'r copi hwn, a gellir darllen popeth ynddo.",
    },
    "sheet_made": {
        "en": "Print the sheet, then delete the file. Who has the sheet can open your wallet.",
        "cy": "Argraffwch y daflen, yna dilëwch y ffeil. Mae'r daflen yn agor eich waled.",
    },
    "reissue": {
        "en": "No backup, or no key to it? Start a new wallet. Then ask for your records again"
        " where you got them. Ask them to mark the copies on your old device. Then no one can"
        " use those.",
        "cy": "Dim copi wrth gefn, neu ddim allwedd? Dechreuwch waled newydd. Yna gofynnwch am eich"
        " cofnodion eto gan eich meddygfa. Gofynnwch iddynt farcio'r copïau ar eich hen"
        " ddyfais. Yna ni all neb eu defnyddio.",
    },
}
TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "records": {"en": "records", "cy": "cofnodion"},
    "copies": {"en": "copies of records", "cy": "copïau o gofnodion"},
    "history": {"en": "who has seen it", "cy": "pwy sydd wedi'i weld"},
    "receipts": {"en": "answers from hospitals", "cy": "atebion gan ysbytai"},
    "grants": {"en": "links to your surgeries", "cy": "dolenni i'ch meddygfeydd"},
    "cards": {"en": "emergency cards", "cy": "cardiau argyfwng"},
    "people": {"en": "people in this wallet", "cy": "pobl yn y waled hon"},
    "helpers": {"en": "people who help you", "cy": "pobl sy'n eich helpu"},
    "state": {"en": "settings", "cy": "gosodiadau"},
}
WAYS: Final[Mapping[str, Mapping[str, str]]] = {
    "passphrase": {"en": "your passphrase", "cy": "eich cyfrinymadrodd"},
    "words": {"en": "your 12 words or your sheet", "cy": "eich 12 gair neu eich taflen"},
    "split": {"en": "two of your helpers' parts", "cy": "rhannau dau o'ch helpwyr"},
}


def said(name: str, language: str, **values: str) -> str:
    """The sentence ``name``, with ``values`` in it."""
    return WORDS[name][language].format(**values)


def table_words(table: str, language: str) -> str:
    """What a table holds."""
    return TABLES[table][language]


def way_words(kind: str, language: str) -> str:
    """What opens a backup."""
    return WAYS[kind][language]


def day_words(moment: datetime, language: str) -> str:
    """The day of ``moment``."""
    return day(moment.date(), language)
