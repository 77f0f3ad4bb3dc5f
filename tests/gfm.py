"""What GitHub makes of Markdown: its own parser, and the second reading of the text that follows.

The parser (cmark-gfm) knows links, addresses, images, tables, footnotes and HTML. Mentions,
references, emoji, formulas and alerts are found afterwards, in the text of the result outside code:
``SECOND_READING`` recognizes more of them than GitHub does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

OURS = frozenset(
    "h2 h3 h4 p ul ol li strong em code pre br blockquote sub details summary".split()  # noqa: SIM905
)
"""The elements that pages of aft consist of."""
OUR_COMMENT = re.compile(r" aft:[a-z]+ ")
OPEN = "<!-- aft:open -->"
OUR_LANGUAGES = frozenset({"diff", "yaml"})
OUR_ALERTS = ("[!CAUTION]", "[!WARNING]")
SECOND_READING = {
    "mention": r"@[A-Za-z0-9_]",
    "issue": r"#[A-Za-z0-9_]|\b(?i:gh-[0-9])",
    "link": r"(?i)[a-z]://|www\.[a-z]|mailto:|xmpp:",
    "emoji": r":[A-Za-z0-9_+-]+:",
    "formula": r"\$",
    "commit": r"(?i)(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])",
    "advisory": r"(?i)\b(?:ghsa|cve)-",
    "alert": r"\[![A-Za-z]",
    "GitLab's": r"(?<!\w)[!~%&^][A-Za-z0-9_]",
}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problems: list[str] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.comments: list[str] = []
        self.elements: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag not in OURS:
            self.problems.append(f"<{tag}>")
        for name, value in attrs:
            is_language = (tag, name) == ("pre", "lang") and value in OUR_LANGUAGES
            is_start = (tag, name) == ("ol", "start")
            if not (is_language or is_start):
                self.problems.append(f"<{tag} {name}={value}>")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> ends nothing")

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.open), data))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_decl(self, decl: str) -> None:
        self.problems.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.problems.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.problems.append(f"<![{data}]>")


def rendered(markdown: str) -> str:
    """HTML as cmark-gfm makes it, with all that GitHub's sanitizer would only take out later."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    html: str = cmarkgfm.github_flavored_markdown_to_html(
        markdown, options | Options.CMARK_OPT_GITHUB_PRE_LANG
    )
    return html


def parsed(markdown: str) -> _Page:
    page = _Page()
    page.feed(rendered(markdown))
    page.close()
    return page


def shown(markdown: str) -> str:
    """The text that people see."""
    return "".join(text for _, text in parsed(markdown).texts)


def problems(markdown: str, *, ours: tuple[str, ...] = ()) -> list[str]:
    """Everything in the page that is not text, or not aft's. ``ours`` are words of aft's own that
    GitHub shall make something of."""
    page = parsed(markdown)
    found = [*page.problems, *(f"<{tag}> is open" for tag in page.open)]
    found += [f"<!--{it}-->" for it in page.comments if not OUR_COMMENT.fullmatch(it)]
    if re.search(r"(?m)^\s*/[a-z]", re.sub(r"(?ms)^(`{3,})[a-z]+$.*?^\1$", "", markdown)):
        found.append("a quick action of GitLab's")
    head = (f"<!-- aft:apply -->\n\n{OPEN}\n", "<!-- aft:")
    marks = 2 if markdown.startswith(head[0]) else 1
    if len(page.comments) > marks or (page.comments and not markdown.startswith(head)):
        found.append("a comment that is not the marker")
    for inside, text in page.texts:
        if "code" not in inside and "pre" not in inside:
            found += made_of(text, ours)
    return found


def made_of(text: str, ours: tuple[str, ...] = ()) -> Iterator[str]:
    """What the second reading makes of a text outside code."""
    for word in (*ours, *OUR_ALERTS):
        text = text.replace(word, "", 1)
    for what, pattern in SECOND_READING.items():
        if match := re.search(pattern, text):
            yield f"{what}: {match[0]!r} in {text!r}"
