"""Reading translations: what stands in a file, and what no file may hold."""

from __future__ import annotations

import pytest

from healthpassport.languages import merged, read_po

HEADER = 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


def test_a_message_may_run_over_lines_and_hold_quotes():
    found = read_po('# a note\nmsgid "say \\"yes\\""\nmsgstr ""\n"dywed"\n"wch\\n"\n')
    assert found.gettext('say "yes"') == "dywedwch\n"
    assert found.gettext("unknown") == "unknown"


def test_a_number_chooses_its_form():
    found = read_po(HEADER + 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "un"\nmsgstr[1] "dau"\n')
    assert [found.ngettext("a", "b", n) for n in (1, 2, 7)] == ["un", "dau", "dau"]
    assert [found.ngettext("x", "y", n) for n in (1, 2)] == ["x", "y"]


@pytest.mark.parametrize(
    "text",
    [
        'msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"\n',
        '#, fuzzy\nmsgid "a"\nmsgstr "b"\n',
        'msgctxt "x"\nmsgid "a"\nmsgstr "b"\n',
        '"alone"\n',
        "msgid a\n",
        'msgid "\\x41"\nmsgstr "b"\n',
    ],
)
def test_a_file_that_is_not_understood_ends_the_reading(text):
    with pytest.raises(ValueError, match=r"understood|twice|fuzzy"):
        read_po(text)


def test_catalogues_of_one_language_become_one():
    one = read_po(HEADER + 'msgid "a"\nmsgstr "b"\n')
    two = read_po(HEADER + 'msgid "c"\nmsgstr "d"\n')
    both = merged([one, two])
    assert (both.gettext("a"), both.gettext("c")) == ("b", "d")
    assert merged([]).gettext("a") == "a"
