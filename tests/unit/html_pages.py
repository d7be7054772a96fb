"""Reads a page as a browser would, and fails on what it would fetch or run."""

import re
from html.parser import HTMLParser
from pathlib import Path

EVIL = '"><script>alert(1)</script>&../'


class Page(HTMLParser):
    """The tags, the text and the links of a page; fails on what it would fetch or run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "object")
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "src":
                assert (value or "").startswith("data:image/")
            if name == "href":
                self.links.append(value or "")
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))
