"""The card of Findings: what saves most first, in words and to the eye."""

import parallel_nb as pnb
from parallel_nb import display
from tests.accounting.making import run_of
from tests.reading import read

from .making import on, sick


def test_findings_say_what_to_do_and_what_it_saves():
    found = pnb.findings(sick())
    words, tags = read(display.card(found))
    assert words.split("start-up")[0].strip() == "sick 2 findings · 10 s on 2 workers"
    for finding in found:
        assert f"{finding.name}: 10 s → " in words
        assert f"Do: {finding.remedy}".replace("`", "") in words
    bars = [each for _, each in tags if each.get("class") == "pnb-bar"]
    assert len(bars) == 2
    assert "Next: findings.table, pnb.ledger(run)" in words


def test_what_was_not_examined_is_on_the_card():
    run = run_of(on(0, 0, 4, cpu=float("nan")), on(1, 0, 4))
    words, _ = read(display.card(pnb.findings(run)))
    assert "Not examined: oversubscription, as nobody measured CPU time." in words


def test_findings_of_nothing_have_a_card():
    words, _ = read(display.card(pnb.findings(run_of())))
    assert "nothing ran" in words


def test_the_text_beside_the_card_is_the_findings_in_full():
    found = pnb.findings(sick())
    assert display.bundle(found)["text/plain"] == str(found)
