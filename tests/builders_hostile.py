"""Hostile pull requests as data: the files somebody may put into one, and what must come of it.

``CANARY`` stands for a file that any execution would make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from builders_hostile_git import GIT_TREES, GIT_TRICKS
from builders_hostile_text import ROWS
from builders_trees import LINK, MODULE, PROGRAM, Entry

ANYTHING = (0, 3, 5)
"""A plan, findings, or a refusal: never a crash, never an error of another kind."""
EVIL = (
    "{{ 7*7 }}{{ self.__init__.__globals__ }}{% for x in ().__class__.__base__.__subclasses__() %}"
    "{{ x }}{% endfor %}{id.__class__.__mro__} $(touch CANARY) `touch CANARY` ; touch CANARY "
    "${{ secrets.AWS }} ${{ github.token }} %{system} <!-- aft:plan --> @mallory "
    "[x](https://evil.example) <script>touch('CANARY')</script>"
)
LINES = "first\\n::set-output name=x::y\\n::add-mask::aft\\n::error file=aft.yaml::pwned\\n# pwned"


@dataclass(frozen=True, kw_only=True)
class Case:
    """``codes`` are the exit codes of validate that are right; ``says`` is in its output."""

    entries: Mapping[bytes | str, Entry]
    codes: tuple[int, ...] = ANYTHING
    says: str = ""
    comment_says: str = ""
    comment_hides: str = "\0"


def request(**fields: str) -> str:
    """A request whose fields are what they are in YAML."""
    values = {"name": "shop", "email": "aws+shop@example.com", "ou": "Sandbox", **fields}
    return "".join(f"{name}: {value}\n" for name, value in values.items())


def quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def asks(**fields: str) -> dict[bytes | str, Entry]:
    return {"account-requests/shop.yaml": request(**fields)}


def customization(files: Mapping[str, Entry]) -> dict[bytes | str, Entry]:
    """One that the new account asks for, with these files."""
    folder = "customizations/accounts/evil/"
    return {**asks(customizations="[evil]"), **{folder + k: v for k, v in files.items()}}


FIELDS = {
    "name": "{}",
    "email": "{}",
    "ou": "{}",
    "owner": "{{team: {}, email: {}}}",
    "reason": "{}",
    "ticket": "{}",
    "tags": "{{{}: {}}}",
    "custom_fields": "{{{}: {}}}",
    "budget": "{{monthly_usd: 1, subscribers: [{}]}}",
    "contacts": "{{billing: {{name: {}, title: {}, email: {}, phone: {}}}}}",
    "baseline": "{}",
    "customizations": "[{}]",
    "depends_on": "[{}]",
    "regions": "[{}]",
    "expires": "{}",
    "account_id": "{}",
    "previously": "{}",
    "access": "[{{group: {}, permission_set: {}}}]",
    "unknown_key": "{}",
}


def filled(template: str, text: str) -> str:
    return template.replace("{}", quoted(text)).replace("{{", "{").replace("}}", "}")


def fields_with(text: str) -> dict[str, Case]:
    return {
        name: Case(entries=asks(**{name: filled(template, text)}))
        for name, template in FIELDS.items()
    }


PYTHON = """\
import os
os.system('touch CANARY')
open('CANARY', 'w')

def customize(context):
    os.system('touch CANARY')
"""
SHADOWS = (
    *("sitecustomize.py", "usercustomize.py", "aft/__init__.py", "aft/cli/main.py"),
    *("conftest.py", "setup.py", "yaml.py", "click.py"),
)
STACK = """\
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: "{{ %s }}"
"""
MORE_THAN_A_PARSER_TAKES: Mapping[str, Mapping[bytes | str, Entry]] = {
    # --- YAML: what a second reading would stumble over, or grow with
    **{
        f"yaml: {text[:30]!r}": {"account-requests/shop.yaml": text}
        for text in (
            "{a, a, [b]",
            "a: 1\na: 2\n? [b]\n: d",
            "a: 1\na: 1\n? ? ",
            "a: 1\na: 1\n? []",
            "a: 1\na: 2\nb: " + "[" * 40_000,
            "a: 1\na: 2\n" + "? " * 100_000,
            "a: [" + "b," * 120_000 + "]",
            "a: [\n" + "\t1,\n" * 50_000,
            "a: 1\n" * 50_000,
            "a: [" + "&a b," * 40_000 + "]",
        )
    },
    "yaml: many defaults": {
        **asks(),
        **{f"account-requests/{'d/' * n}_defaults.yaml": "{a, a, [b]" for n in range(30)},
    },
    # --- many findings, each with a price
    "unknown requests": asks(depends_on="[" + ", ".join(f"x{n}" for n in range(12_000)) + "]"),
    "unknown customizations": asks(customizations=str([f"x{n}" for n in range(12_000)])),
    "unknown keys": asks(**{f"key{n}": "1" for n in range(12_000)}),
    "unknown regions": asks(regions=str([f"eu-{n}" for n in range(12_000)])),
    "a baseline of nothing": {
        "customizations/baselines/standard.yaml": "settings: []\nselect: {requests: ["
        + ", ".join(f"x{n}" for n in range(12_000))
        + "]}\n"
    },
    "regions in aft.yaml": {
        "aft.yaml": "version: 1\nhome_region: eu-central-1\ngoverned_regions: "
        + str([f"eu-{n}" for n in range(12_000)])
        + "\n"
    },
    # --- templates
    **{
        f"template: {text[:30]}": customization({"10-x.cfn.yaml": "Resources: {}\n" + text})
        for text in (
            "{% if 1 %}" * 200 + "{% endif %}" * 200,
            "{% for a in [1] %}" * 25 + "{% endfor %}" * 25,
            "{{ " + "(" * 1000 + "1" + ")" * 1000 + " }}",
            "{{ " + "not " * 5000 + "1 }}",
            "{{ account" + ".a" * 5000 + " }}",
            "{{ 1" + "|abs" * 5000 + " }}",
            "{{ " + "[[" * 1000,
            "{{ " + "9" * 10_000 + " }}",
            "{% if 1 %}" + "{% elif 1 %}" * 3000 + "{% endif %}",
            "{% macro m(a, a) %}{% endmacro %}{{ range(a=1, a=2) }}",
        )
    },
    **{
        f"rendered: {text[:30]}": customization({"10-x.cfn.yaml": STACK % text})
        for text in (
            "('{0:999}' * 140000).format('a')",
            "([[0] * 1000] * 1000) | sum(start=[])",
            "(['x' * 1000] * 1000) | tojson",
            "('{' + ':' * 100000).format('a')",
            "('x' * 100000).replace('', 'y' * 100000)",
        )
    },
    # --- other languages
    "json without an end": customization({"10-x.cfn.json": "[" * 200_000}),
    "json with a number": customization({"10-x.cfn.json": '{"Resources": ' + "9" * 5_000 + "}"}),
    "python in brackets": customization({"10-x.py": "(" * 50_000}),
    "python of minus signs": customization({"10-x.py": "-" * 100_000 + "1"}),
    "python that warns": customization({"10-x.py": "1if 1else 2\nx = '\\d'\n"}),
    "terraform on a line": customization({"terraform/main.tf": "a{}" * 30_000}),
    "terraform in quotes": customization({"terraform/main.tf": '"${' * 400}),
    "terraform in json": customization({"terraform/main.tf.json": "[" * 200_000}),
    "terraform of blank lines": customization({"terraform/main.jinja": "\n" * 200_000}),
    "a customization that is odd": customization(
        {"customization.yaml": "{a, a, [b]", "10-x.sh": "true\n"}
    ),
}
"""Each is a finding, or nothing at all, soon."""
CASES: dict[str, Case] = {
    **{
        name: Case(entries=row.entries, says=row.says, codes=(row.code,))
        for name, row in ROWS.items()
    },
    **{name: Case(entries={**asks(), **tree}, codes=(3,)) for name, tree in GIT_TREES.items()},
    **{name: Case(entries={**asks(), **tree}) for name, tree in GIT_TRICKS.items()},
    **{name: Case(entries=entries) for name, entries in MORE_THAN_A_PARSER_TAKES.items()},
    **{f"template in {name}": case for name, case in fields_with(EVIL).items()},
    **{f"lines in {name}": case for name, case in fields_with(LINES).items()},
    # --- what would be executed -----------------------------------------------------------
    "python in a customization": Case(entries=customization({"10-x.py": PYTHON}), codes=(0,)),
    "python that is found broken": Case(entries=customization({"10-x.py": PYTHON + "def ("})),
    "shell in a customization": Case(
        entries=customization({"pre-api-helpers.sh": (PROGRAM, b"#!/bin/sh\ntouch CANARY\n")})
    ),
    "terraform in a customization": Case(
        entries=customization(
            {
                "terraform/main.tf": 'data "external" "x" { program = ["touch", "CANARY"] }\n',
                "terraform/aft-providers.jinja": "{{ cycler.__init__.__globals__.os }}",
            }
        )
    ),
    **{
        f"jinja: {code[:40]}": Case(entries=customization({"10-x.cfn.yaml": STACK % code}))
        for code in (
            "cycler.__init__.__globals__.os.popen('touch CANARY').read()",
            "self._TemplateReference__context",
            "''.__class__.__mro__[1].__subclasses__()",
            "namespace.__init__.__globals__",
            "range(10**9) | list",
            "('x' * 10**9) | length",
        )
    },
    "python modules beside aft's": Case(
        entries=dict.fromkeys(SHADOWS, "import os; os.system('touch CANARY')\n")
    ),
    "a package with a plug-in": Case(
        entries={
            "pyproject.toml": '[project.entry-points."aft.baseline_settings"]\nx = "evil:X"\n',
            "evil.py": "open('CANARY', 'w')\n",
            "aft-1.dist-info/entry_points.txt": "[aft.baseline_settings]\nx = evil:X\n",
            "customizations/baselines/standard.yaml": "select: {organizational_units: [Sandbox]}\n"
            "settings: [{setting: x}]\n",
        },
        codes=(3,),
    ),
    "yaml that makes objects": Case(
        entries=asks(reason="!!python/object/apply:os.system ['touch CANARY']"), codes=(3,)
    ),
    # --- who and where to -----------------------------------------------------------------
    "another role, ledger and program": Case(
        entries={
            "aft.yaml": "version: 1\nhome_region: eu-central-1\n"
            "roles: {member: Evil, management: 'arn:aws:iam::210987654321:role/Evil'}\n"
            "ledger: {branch: evil, remote: evil}\n"
            "terraform: {binary: ./evil.sh}\n"
            "github: {require_signatures: false}\n",
            "evil.sh": (PROGRAM, b"#!/bin/sh\ntouch CANARY\n"),
            **asks(),
        },
        says="takes effect after the merge",
    ),
    "a program as remote": Case(
        entries={
            "aft.yaml": "version: 1\nhome_region: eu-central-1\n"
            'ledger: {remote: "ext::sh -c touch% CANARY"}\n'
            'worker: {remote: "--upload-pack=touch% CANARY"}\n',
            **asks(),
        },
        codes=(3,),
        says="is not the name of a remote",
    ),
    "everything unmasked": Case(
        entries={
            "aft.yaml": "version: 1\nhome_region: eu-central-1\nreport: {mask: []}\n",
            **asks(),
        },
        says="takes effect after the merge",
        comment_hides="aws+shop@example.com",
    ),
    "a configuration of aft's own": Case(
        entries={".aft/config.yaml": "roles: {member: Evil}\n", ".aft/cache": "x", **asks()},
        codes=(0,),
    ),
    "another simulated organization": Case(
        entries={".env": "AFT_SANDBOX_STATE=/tmp/evil\nAWS_ENDPOINT_URL=http://evil.example\n"},
        codes=(0,),
    ),
    # --- git --------------------------------------------------------------------------------
    "a link to a file of the machine": Case(
        entries={"account-requests/shop.yaml": (LINK, b"/proc/self/environ")}
    ),
    "a link out of the repository": Case(
        entries={"account-requests/shop.yaml": (LINK, b"../../../../etc/passwd")}
    ),
    "a folder that is a link": Case(entries={"account-requests": (LINK, b"/etc")}),
    "a link as aft.yaml": Case(entries={"aft.yaml": (LINK, b"/etc/passwd")}),
    "links in a circle": Case(
        entries={
            "account-requests/a.yaml": (LINK, b"b.yaml"),
            "account-requests/b.yaml": (LINK, b"a.yaml"),
        }
    ),
    "a link in a customization": Case(
        entries=customization({"10-x.cfn.yaml": (LINK, b"/proc/self/environ")})
    ),
    "a submodule": Case(
        entries={
            ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% CANARY\n',
            "account-requests/x": (MODULE, b"1" * 40),
            "customizations/accounts/x": (MODULE, b"2" * 40),
            **asks(),
        }
    ),
    "filters, hooks and attributes": Case(
        entries={
            ".gitattributes": "* filter=evil diff=evil merge=evil working-tree-encoding=UTF-16\n",
            ".gitconfig": '[filter "evil"]\n\tsmudge = touch CANARY\n',
            ".githooks/post-checkout": (PROGRAM, b"#!/bin/sh\ntouch CANARY\n"),
            ".lfsconfig": "[lfs]\n\turl = http://evil.example\n",
            **asks(),
        },
        codes=(0,),
    ),
    "a .git folder in the tree": Case(
        entries={
            b".git/config": "[core]\n\tfsmonitor = touch CANARY\n",
            b".git/hooks/post-checkout": (PROGRAM, b"#!/bin/sh\ntouch CANARY\n"),
            b"account-requests/.GIT/config": "x",
            b"account-requests/git~1/config": "x",
            **asks(),
        }
    ),
    "parents in paths": Case(
        entries={b"account-requests/../shop.yaml": "x: 1\n", b"../CANARY": "x", b"./x.yaml": "x"}
    ),
    "absolute and empty names": Case(
        entries={b"account-requests//shop.yaml": "x: 1\n", b"/CANARY": "x"}
    ),
    "control characters in names": Case(
        entries={
            b"account-requests/a\n::error file=aft.yaml::pwned.yaml": "x: 1\n",
            b"account-requests/a\r::add-mask::aft.yaml": "x: 1\n",
            b"account-requests/\x1b]0;pwned\x07.yaml": "x: 1\n",
            b"account-requests/%0A::error::pwned.yaml": "x: 1\n",
        },
        codes=(3,),
    ),
    "names that are no UTF-8, or read backwards": Case(
        entries={
            b"account-requests/\xff\xfe.yaml": "x: 1\n",
            "account-requests/\u202egpj.yaml": "x: 1\n",
        },
        codes=(3,),
    ),
    "names that differ in case alone": Case(
        entries={
            "account-requests/Shop.yaml": request(),
            "account-requests/shop.yaml": request(),
            "Account-Requests/x.yaml": request(),
        },
        codes=(3,),
    ),
    "markup in a name": Case(
        entries={
            "account-requests/<img src=x> @mallory [x](https:evil.example).yaml": "x: 1\n",
        },
        codes=(3,),
    ),
    # --- more than anybody can read ---------------------------------------------------------
    "a huge file": Case(entries=asks(reason="x" * 8_000_000), codes=(3,)),
    "a huge name": Case(entries={f"account-requests/{'x' * 4000}.yaml": request()}),
    "a billion laughs": Case(
        entries={
            "account-requests/shop.yaml": "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
                for old, new in zip("abcdefgh", "bcdefghi", strict=True)
            )
        },
        codes=(3,),
    ),
    "deep nesting": Case(entries=asks(custom_fields="[" * 50_000), codes=(3,)),
    "deep nesting in blocks": Case(
        entries={"account-requests/shop.yaml": "".join(f"{' ' * n}a:\n" for n in range(1500))},
        codes=(3,),
    ),
    "a number without end": Case(entries=asks(custom_fields="{n: " + "9" * 100_000 + "}")),
    "an expression that backtracks": Case(
        entries=asks(email=quoted("a." * 50_000 + "@"), name=quoted("a-" * 50_000))
    ),
    "NUL, marks and other encodings": Case(
        entries={
            "account-requests/a.yaml": b"name: a\0b\n",
            "account-requests/b.yaml": "name: b\n".encode("utf-16"),
            "account-requests/c.yaml": b"\xff\xfe\x00name",
            "account-requests/d.yaml": b"\xef\xbb\xbfname: d\n",
        },
        codes=(3,),
    ),
    "keys that come twice": Case(
        entries={"account-requests/shop.yaml": request() + "ou: Workloads/Prod\n<<: {a: b}\n"},
        codes=(3,),
    ),
    "many findings": Case(
        entries={f"account-requests/x{n}.yaml": "ou: Nowhere\n" for n in range(300)}, codes=(3,)
    ),
    "everything taken away": Case(
        entries={"aft.yaml": "", "customizations": "x", "account-requests": "y"}
    ),
    "the ledger's files on main": Case(
        entries={
            "bindings/lab.json": '{"account_id": "000000000001"}',
            "events/0.json": "{}",
            "snapshot.json": "{}",
            **asks(),
        },
        codes=(0,),
        comment_says="1 to create",
    ),
    "a spoofed review": Case(
        entries={"reviewed.json": '{"changes": []}', "comment.md": "<!-- aft:plan --> pwned"},
        codes=(0,),
    ),
}

_COLLIDES = {"account-requests/b.yaml": request(email="b@example.com")}
_YAML_OF_STRANGERS = {
    "an open list": "name: [\n",
    "brackets": "a: " + "[" * 40_000,
    "brackets behind a duplicate": "a: 1\na: 2\nb: " + "[" * 40_000,
    "a list as a key": "a: 1\na: 2\n? [b]\n: d",
    "an open key": "a: 1\na: 1\n? ? ",
    "a duplicate in a flow": "{a, a, [b]",
    "keys in keys": "a: 1\na: 2\n" + "? " * 100_000,
    "tabs": "a: [\n" + "\t1,\n" * 50_000,
    "aliases": "a: &a [x]\nb: [*a, *a]\nc: [" + "*a," * 40_000 + "]",
    "tags": "a: !!python/object/apply:os.system ['touch CANARY']\n",
    "a number": "name: " + "9" * 10_000 + "\n",
    "half a character": 'name: "\\ud800"\nemail: "\\ud800@example.com"\n',
    "what no one sees": 'name: "sh\\u200bop"\n',
    "bytes": "\x00\x01",
    "commands": request(name=quoted("shop" + LINES), email="c@example.com"),
    "code": request(name=quoted(EVIL), email="c@example.com"),
    "another type everywhere": "name: {a: 1}\nemail: 3\nou: []\nid: [x]\ntags: 1\n",
    "more than is read": "name: " + "x" * 300_000,
}
_ELSEWHERE = ("an open list", "brackets behind a duplicate", "aliases", "another type everywhere")
PAIRS: dict[str, tuple[Mapping[bytes | str, Entry], Mapping[bytes | str, Entry], list[str]]] = {
    # --- ours is sound, and asks for what a stranger asks for, whose other files are hostile
    **{
        name: (asks(), {**_COLLIDES, "account-requests/x.yaml": text}, ["AFT342"])
        for name, text in _YAML_OF_STRANGERS.items()
    },
    **{
        f"{name} in {where}": (
            asks(),
            {**more, f"account-requests/{path}": _YAML_OF_STRANGERS[name]},
            codes,
        )
        for name in _ELSEWHERE
        for where, path, more, codes in (
            ("defaults", "_defaults.yaml", _COLLIDES, ["AFT342"]),
            ("the same file", "shop.yaml", {}, []),
        )
    },
    "a link": (
        asks(),
        {**_COLLIDES, "account-requests/x.yaml": (LINK, b"/etc/passwd")},
        ["AFT342"],
    ),
    "a module": (asks(), {**_COLLIDES, "account-requests/x": (MODULE, b"1" * 40)}, ["AFT342"]),
    "names of files": (
        asks(),
        {**_COLLIDES, b"account-requests/\n::error::x\xff.yaml": request(name="x")},
        ["AFT342"],
    ),
    # --- ours is hostile, and a stranger's is sound
    **{
        f"our own {name}": (
            {"account-requests/shop.yaml": _YAML_OF_STRANGERS[name]},
            _COLLIDES,
            ["AFT"],
        )
        for name in _ELSEWHERE
    },
}
"""Our pull request and a stranger's, and what ours is warned of; ``AFT``: has findings itself."""
