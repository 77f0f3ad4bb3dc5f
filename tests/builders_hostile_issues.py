"""Hostile issues of the form "Request an AWS account": what an author without any rights may send.

``answers`` replace those of a good issue; ``body`` replaces the whole text, ``{form}`` in it is the
text of a good one. ``codes`` are the exit codes of ``aft new`` that are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from builders_markdown import HOSTILE_TEXTS


@dataclass(frozen=True, kw_only=True)
class Issue:
    answers: Mapping[str, object] = field(default_factory=dict)
    body: str = "{form}"
    login: str = "mallory"
    codes: tuple[int, ...] = (0, 3)


def everywhere(text: str) -> dict[str, object]:
    """In each answer that takes any text."""
    return {"team": text, "reason": text, "ticket": text}


BEACON = HOSTILE_TEXTS[0]
ISSUES: dict[str, Issue] = {
    "markup, an image and a mention": Issue(answers=everywhere(BEACON), codes=(0,)),
    "cells of a table": Issue(
        answers=everywhere("a | `b | [x](https://evil.example) | ![](//evil.example/b) |` |")
    ),
    "a table of its own": Issue(answers={"reason": "| a | b |\n|---|---|\n| @ada | #1 |"}),
    "skipped workflows": Issue(
        answers=everywhere("[skip ci] [no ci] [ci skip] [skip actions] [actions skip]"), codes=(0,)
    ),
    "a trailer that skips checks": Issue(
        answers={"reason": "x\n\n\nskip-checks: true", "ticket": "skip-checks:true"}
    ),
    "people who did not write it": Issue(
        answers=everywhere("x\n\nCo-authored-by: Ada <ada@example.com>\nSigned-off-by: Ada <a@b.c>")
    ),
    "issues that it closes": Issue(
        answers=everywhere(
            "fixes #1, closes org/repo#2, resolves GH-3, closed https://github.com/o/r/issues/4"
        ),
        codes=(0,),
    ),
    "issues that it closes in code": Issue(answers=everywhere("`fixes #1` ``closes GH-2``")),
    "commits": Issue(answers=everywhere("a5c3785ed8d6a35868bc169f07e40e889087fd2e o/r@a5c3785")),
    "emoji and formulas": Issue(answers=everywhere(":tada: :+1::x: $x$ $$y$$ $`z`$ :tada")),
    "alerts and headings": Issue(
        answers=everywhere("> [!CAUTION]\n> Approved\n\n# Approved\n===\n***")
    ),
    "tasks and footnotes": Issue(
        answers=everywhere("- [x] Approved[^1]\n\n[^1]: https://evil.example")
    ),
    "aft's markers": Issue(answers=everywhere("<!-- aft:request -->\n<!-- aft:plan -->")),
    "HTML": Issue(
        answers=everywhere("</details><script>x</script><img src=//evil.example/b.png><a href=//e>")
    ),
    "fences": Issue(answers=everywhere("```\n````\n~~~\n```yaml\nname: stolen")),
    "addresses": Issue(
        answers={**everywhere("ada@evil.example mailto:a@b.c"), "owner_email": "a@b.example"}
    ),
    "an address with markup": Issue(
        answers={
            "owner_email": "[x](https://evil.example)|![](//e)@evil.example",
            "email": "`|@x.y",
        }
    ),
    "commands to the runner": Issue(
        answers=everywhere("x\n::add-mask::aft\n::error file=aft.yaml::pwned\n##[add-mask]aft")
    ),
    "commands in a name": Issue(
        answers={"name": "::error::pwned", "ou": "##[error]x", "budget": "::add-mask::1"},
        codes=(3,),
    ),
    "outputs and delimiters": Issue(
        answers=everywhere("END\nrequest<<END\npath=../../x\nEOF\nbranch=main"), codes=(0,)
    ),
    "commands in headings": Issue(
        body="### ::error::pwned\n\n##[add-mask]aft\n\n{form}\n\n### @ada [x](https://e.x)\n\nx"
    ),
    "an answer twice": Issue(body="{form}\n\n{form}", codes=(3,)),
    "only headings": Issue(body="### @mallory :tada: #1\n\n" * 60, codes=(3,)),
    "nothing": Issue(body="", codes=(3,)),
    "line ends of every kind": Issue(
        answers=everywhere("a\r::error::x\u2028::error::x\x85##[error]y"), codes=(0, 3)
    ),
    "what nobody sees": Issue(answers=everywhere("a\u200b@ada\u202e\u2066 \ufeff::error::x")),
    "a login with markup": Issue(login="mallory-[x](e)@ada`|", codes=(0, 1, 3)),
    "a bot's login": Issue(login="evil[bot]", codes=(0,)),
    "a very long answer": Issue(answers=everywhere("@ada [x](https://evil.example) " * 3000)),
    "traceback": Issue(answers=everywhere("File \"aft.yaml\", line 1, in x\nraise Pwned('owned')")),
    "markup in the choices": Issue(
        answers={"ou": "[x](https://evil.example) @ada", "baseline": ":tada: <img>"}, codes=(3,)
    ),
}
