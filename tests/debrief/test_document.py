"""What a page or a terminal should not be sent is not sent."""

from parallel_nb.debrief.document import clean


def test_colours_are_left_out_and_other_control_characters_replaced():
    assert clean("\x1b[31mred\x00\x9b \ud800") == "red�� ?"


def test_lines_and_tabs_stay():
    assert clean("a\tb\r\nc") == "a\tb\r\nc"
