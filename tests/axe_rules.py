"""What axe finds wrong with a page: its rules run where the page has loaded.

The library goes to the browser in one message with the question, and only what is wrong comes
back: what passed is hundreds of elements that nobody reads.
"""

from __future__ import annotations

import json

from axe_playwright_python.base import AXE_SCRIPT

ALL_RULES = {"resultTypes": ["violations"]}
# Rules of axe that words can break; the rest does not depend on the language.
OF_WORDS = {
    **ALL_RULES,
    "runOnly": [
        "cat.language",
        "cat.name-role-value",
        "cat.text-alternatives",
        "cat.forms",
        "cat.tables",
    ],
}


def faults(page, rules=ALL_RULES):
    """Each rule that the page breaks, with the elements that break it.

    A run in which no rule at all passed did not look at the page, and fails.
    """
    page.wait_for_load_state()
    question = f"""axe.run({json.dumps(rules)}).then(found => [found.passes.length,
      found.violations.map(v => [v.id, v.help, ...v.nodes.map(n => n.html.slice(0, 200))])])"""
    session = page.context.new_cdp_session(page)
    answer = session.send(
        "Runtime.evaluate",
        {"expression": f"{AXE_SCRIPT};{question}", "awaitPromise": True, "returnByValue": True},
    )
    session.detach()
    assert "exceptionDetails" not in answer, answer
    passed, found = answer["result"]["value"]
    assert passed
    return found
