"""Hostile pull requests whose texts and paths would speak to the runner, or be more than text in a
comment. Python, the YAML parser, git and aft itself print them or quote them in messages."""

from __future__ import annotations

from builders_hostile import Case, asks, customization, request
from builders_markdown import HOSTILE_TEXTS
from builders_trees import Entry

COMMANDS = (
    b"::notice title=Security review::Approved by @acme security",
    b"::add-mask::aft",
    b"::error file=aft.yaml::pwned",
    b"##[add-mask]shop",
    b"##[error]pwned",
    b"::stop-commands::pwned",
)
WARNS = "1if 1else 2\nx = '\\d'\nassert (1, 'x')\n0x1for x in ()\n"
"""Python's parser has something to say on each line, and says it with the path."""
ENDINGS = {
    "line feeds": b"\n",
    "carriage returns": b"\r",
    "both": b"\r\n",
    "line separators": "\u2028".encode(),
    "next lines": "\x85".encode(),
    "colours": b"\n\x1b[31m\x1b[0m",
    "wide blanks": "\n\u3000\u00a0\t".encode(),
    "nothing before": b"",
}


def steps(ending: bytes) -> dict[bytes | str, Entry]:
    """Steps and a request whose paths hold a command each, with ``ending`` before it."""
    found: dict[bytes | str, Entry] = {
        b"customizations/global/%d-x%s%s%s.py" % (10 + number, ending, command, ending): WARNS
        for number, command in enumerate(COMMANDS)
    }
    return {**found, b"account-requests/%s%s.yaml" % (ending, COMMANDS[1]): "x: 1\n", **asks()}


def quoted(text: str) -> str:
    """A scalar of YAML with everything escaped that it can escape."""
    inner = "".join(
        letter
        if letter.isascii() and letter.isprintable() and letter not in '"\\'
        else _code(letter)
        for letter in text
    )
    return f'"{inner}"'


def _code(letter: str) -> str:
    return f"\\U{ord(letter):08X}"


def says(text: str) -> dict[bytes | str, Entry]:
    """Everything that a plan shows of a request says it, and nothing of that is refused."""
    line = quoted(" ".join("".join(filter(str.isprintable, text)).split())[:200])
    return asks(reason=line, ticket=line, owner=f"{{team: {line}, email: shop@example.com}}")


TEXT_CASES: dict[str, Case] = {
    **{f"commands in paths: {name}": Case(entries=steps(it)) for name, it in ENDINGS.items()},
    "commands in a folder's name": Case(
        entries={
            b"customizations/accounts/a\n::add-mask::aft\n/10-x.py": WARNS,
            b"customizations/accounts/##[add-mask]aft/10-x.py": WARNS,
            b"customizations/baselines/x\n::error::pwned\n.yaml": "a: [",
        },
        codes=(3,),
    ),
    "commands in keys, tags and anchors": Case(
        entries={
            "account-requests/shop.yaml": request()
            + '"\\n::error::pwned": 1\n"##[add-mask]aft": 2\n'
            + '? "##[error]x ]"\n: "\\r::add-mask::b"\n',
            "account-requests/b.yaml": "!<::error::x> a: &::add-mask::aft b\n",
            "account-requests/c.yaml": "a: *##[error]x\n::error::pwned\n##[add-mask]aft]: b\n",
        },
        codes=(3,),
    ),
    "commands in source that is not valid": Case(
        entries=customization(
            {
                "10-x.py": "def (\n::error::pwned\n##[add-mask]aft\n",
                "20-y.cfn.yaml": "::error::pwned: [\n##[add-mask]aft: {{ x }\n",
                "30-z.cfn.yaml": "{{ '::error::pwned' ##[add-mask]aft }}\n",
                "terraform/main.tf": '::error::pwned {\n##[add-mask]aft\n"${',
            }
        )
    ),
    "commands in what aft.yaml says": Case(
        entries={
            "aft.yaml": 'version: 1\n"::add-mask::aft": "##[error]x"\nhome_region: "##[error]"\n'
        }
    ),
    "a traceback in a field": Case(
        entries=says("""Traceback: File "aft.yaml", line 1, in pwned raise Pwned('owned')""")
    ),
    **{f"markup: {text[:30]!r}": Case(entries=says(text)) for text in HOSTILE_TEXTS[::6]},
    "markup in the names of files and folders": Case(
        entries={
            "account-requests/`@mallory` ![](b.png) :tada:.yaml": "x: 1\n",
            "account-requests/[x](www.evil.example)/$x$ GH-1.yaml": request(),
            "customizations/accounts/<img src=x>|`|`/10-@mallory.py": WARNS,
        },
        codes=(3,),
    ),
    "markup in the names of OUs": Case(
        entries={
            "customizations/organization/organization.yaml": "organizational_units:\n"
            "  - {name: Sandbox}\n  - {name: Workloads, children: [{name: Prod}, {name: Dev}]}\n"
            '  - name: "[x](https:evil) @mallory :tada: `|` <b>"\n'
            '  - name: "www.evil.example #1 $x$"\n',
            **asks(),
        }
    ),
    "markup in tags": Case(
        entries=asks(
            tags='{"@mallory": ":tada:", "a/b": "https://evil.example/x", "d": "+=-:/@_ www.x.y"}'
        )
    ),
}
