"""What a page must keep to in a browser: scripts that look for what does not, and the Tab key."""

from __future__ import annotations

import os

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSABLE = (
    "a[href], button:not([tabindex='-1']), input:not([type=hidden]), select, textarea, summary"
)
# Of each element that can be seen: whether anything around it looks different with the focus.
UNSEEN_FOCUS = """selector => {
  const parts = e => [[e, null], [e, '::before'], [e, '::after'],
    [e.nextElementSibling, null], [e.nextElementSibling, '::before'],
    [e.firstElementChild, null], [e.parentElement, null]];
  const look = e => parts(e).filter(([p]) => p).map(([p, pseudo]) => {
    const s = getComputedStyle(p, pseudo);
    return [s.outline, s.boxShadow, s.backgroundColor, s.border, s.color].join();
  }).join('|');
  return [...document.querySelectorAll(selector)].filter(e => e.checkVisibility()).filter(e => {
    e.blur();
    const before = look(e);
    e.focus();
    return document.activeElement !== e || look(e) === before;
  }).map(e => e.outerHTML.slice(0, 120));
}"""
MARK = """selector => [...document.querySelectorAll(selector)]
  .filter(e => e.checkVisibility() && !e.disabled)
  .filter((e, _, all) => e.type !== 'radio' || e === (all.find(
     o => o.name === e.name && o.type === 'radio' && o.checked)
     || all.find(o => o.name === e.name)))
  .map((e, i) => { e.dataset.tab = i; return i; }).length"""
# Text whose colour is that of what lies behind it.
LOST_TEXT = """() => [...document.querySelectorAll('main *')].filter(e => e.checkVisibility()
  && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).filter(e => {
    let behind = e;
    while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)')
      behind = behind.parentElement;
    return behind && getComputedStyle(e).color === getComputedStyle(behind).backgroundColor;
  }).map(e => e.outerHTML.slice(0, 120))"""


# Holding the key down moves on as pressing it does; the page itself notes where the focus came by.
NOTE = """() => {
  const came = window.cameBy = new Set();
  document.addEventListener('focusin', e => came.add(e.target.dataset.tab));
}"""


def reached_by_keyboard(page):
    """What cannot be reached with the Tab key from the top of the page."""
    count = page.evaluate(MARK, FOCUSABLE)
    page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
    page.evaluate(NOTE)
    for _ in range(count + 4):
        page.keyboard.down("Tab")
    page.keyboard.up("Tab")
    reached = {int(found) for found in page.evaluate("[...window.cameBy]") if found is not None}
    return sorted(set(range(count)) - reached)


def seen_whole(language):
    """Whether a page is seen whole in ``language``: in English; with PASSPORT_WALK=all in each."""
    return language == "en" or os.environ.get("PASSPORT_WALK") == "all"


def stands_without_mouse_or_colours(page):
    """By keyboard with a focus that shows, in forced colours, and from right to left."""
    assert reached_by_keyboard(page) == []
    assert page.evaluate(UNSEEN_FOCUS, FOCUSABLE) == []
    page.emulate_media(forced_colors="active")
    assert page.evaluate(LOST_TEXT) == []
    page.emulate_media(forced_colors="none")
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.evaluate(OVERFLOW) == 0
    page.evaluate("document.documentElement.dir = 'ltr'")
