"""HTML as a reader has it: its words, and the tags for those who wonder."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    """Text outside of style sheets, tags, and what was left open."""

    inline = frozenset({"b", "code", "span"})

    def __init__(self):
        super().__init__()
        self.words, self.tags, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.words.append("" if tag in self.inline else " ")
        if tag not in {"img", "meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.words.append("" if tag in self.inline else " ")

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def read(html):
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    return " ".join("".join(reader.words).split()), reader.tags
