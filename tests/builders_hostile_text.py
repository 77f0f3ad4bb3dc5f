"""Pull requests that read differently than they run: characters that no one sees or can tell apart.

Each row says where the finding is; validate's annotation has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from builders_trees import PROGRAM, Entry

REQUEST = "account-requests/shop.yaml"
ORGANIZATION = "customizations/organization/organization.yaml"
EVIL = "customizations/accounts/evil/"
STACK = (
    "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      TopicName: shop{}\n"
)
PYTHON = "def customize(context):\n    pass\n"
UNITS = "organizational_units:\n  - name: Sandbox\n  - name: Prod\n"
FIELDS = "name: shop\nemail: aws+shop@example.com\nou: Sandbox\n"


class Row(NamedTuple):
    """``code`` is validate's exit code."""

    entries: Mapping[bytes | str, Entry]
    says: str
    code: int = 3


def _row(path: str, line: int, column: int, code: str, entries: Mapping[bytes | str, Entry]) -> Row:
    return Row(entries, f"file={path},line={line},col={column},title={code} ")


def request(text: str, line: int, column: int, code: str = "AFT109") -> Row:
    """A request of the three fields, and ``text`` below them."""
    return _row(REQUEST, line, column, code, {REQUEST: FIELDS + text})


def instead(old: str, new: str, line: int, column: int, code: str = "AFT109") -> Row:
    return _row(REQUEST, line, column, code, {REQUEST: FIELDS.replace(old, new)})


def units(text: str, line: int, column: int, code: str = "AFT109") -> Row:
    return _row(ORGANIZATION, line, column, code, {ORGANIZATION: UNITS + text})


def step(name: str, content: Entry, line: int, column: int, code: str = "AFT809") -> Row:
    """A customization that a new account gets, with this file next to a sound step."""
    entries: dict[bytes | str, Entry] = {
        REQUEST: FIELDS + "customizations: [evil]\n",
        f"{EVIL}90-sound.py": PYTHON,
        f"{EVIL}{name}": content,
    }
    return _row(f"{EVIL}{name}", line, column, code, entries)


def path(name: str, shown: str, code: str = "AFT805") -> Row:
    return _row(shown, 1, 1, code, {name.encode(errors="surrogateescape"): FIELDS, REQUEST: FIELDS})


ROWS: Mapping[str, Row] = {
    # --- names that look like others
    "an OU with a zero-width space": units('  - name: "Prod\u200b"\n', 4, 16),
    "an OU with an escaped one": units('  - name: "Prod\\u200b"\n', 4, 11),
    "an OU that begins with a mark": units("  - name: \u200eProd\n", 4, 11),
    "an OU with a Hangul filler": units("  - name: Prod\u3164\n", 4, 15),
    "an OU with a blank braille pattern": units("  - name: Prod\u2800\n", 4, 15),
    "an OU with a no-break space": units("  - name: 'Prod EU'\n  - name: 'Prod\u00a0EU'\n", 5, 16),
    "an OU with an escaped no-break space": units('  - name: "Prod\\_"\n', 4, 11),
    "an OU with a line end": units('  - name: ["Prod\\n"]\n', 4, 11, "AFT406"),
    "an OU with a tab": units('  - name: ["Prod\\tEU"]\n', 4, 11, "AFT406"),
    "an OU in Cyrillic": units("  - name: Рrod\n", 4, 11, "AFT808"),
    "an OU in Cyrillic, capitals": units("  - name: РRОD\n", 4, 11, "AFT808"),
    "an OU in mathematical letters": units("  - name: 𝐏𝐫𝐨𝐝\n", 4, 11, "AFT808"),
    "an OU in fullwidth letters": units("  - name: Ｐｒｏｄ\n", 4, 11, "AFT808"),
    "an OU in a decomposed form": units("  - name: Zu\u0308rich\n", 4, 12),
    "an OU of an unassigned character": units("  - name: Prod\u0378\n", 4, 15),
    "an OU with a joiner": units("  - name: Prod\u200d\n", 4, 15),
    "an OU with an emoji selector": units("  - name: Prod\ufe0f\n", 4, 15),
    "children that look alike": units(
        "    children:\n      - name: Data\n      - name: Dаta\n", 6, 15, "AFT808"
    ),
    "a request for such an OU": instead("Sandbox", '"Sandbox\u200b"', 3, 13),
    "a request for it as a list": instead("Sandbox", '["Sandbox\\u2060"]', 3, 6),
    "an address with a zero-width space": instead("+shop", "+shop\u200b", 2, 16),
    "an address with a soft hyphen": instead("+shop", "+sh\u00adop", 2, 14),
    "an address in Cyrillic": instead("aws+", "аws+", 2, 8, "AFT204"),
    "an address at another domain": instead("example", "exаmple", 2, 8, "AFT204"),
    "an address with a quote": instead("aws+shop", "\"'a'@b.c\"#", 2, 8, "AFT204"),
    "an address AWS would not take": instead("aws+shop@", ".aws%shop@", 2, 8, "AFT204"),
    "an account's name with a filler": instead("name: shop", "name: shop\uffa0", 1, 11),
    "a tag's key with a tag character": request("tags: {team\U000e0061: a}\n", 4, 12),
    "tags' keys that look alike": request("tags: {team: a, tеam: b}\n", 4, 17, "AFT808"),
    "a tag's value with a wide blank": request('tags: {team: "a\u3000b"}\n', 4, 16),
    "fields' keys that look alike": request(
        "custom_fields: {a: {id: 1, іd: 2}}\n", 4, 28, "AFT808"
    ),
    "a team with a variation selector": request(
        "owner: {team: 'A\U000e0100', email: a@b.de}\n", 4, 17
    ),
    "a team on two lines": request('owner: {team: "A\\nB", email: a@b.de}\n', 4, 15, "AFT204"),
    # --- the text of a file
    "a key that no one sees": request("\u2063reason: x\n", 4, 1),
    "a comment that reads backwards": request("# \u202eesaelp egrem\u202c\n", 4, 3),
    "an isolate in a comment": request("tags: {a: b}  # \u2066x\u2069\n", 4, 17),
    "letters of Arabic direction": request("reason: a\u061cb\n", 4, 10),
    "a private character": request("reason: a\ue000b\n", 4, 10),
    "a stack of marks": request("reason: a" + "\u0315\u0323" * 400 + "\n", 4, 10),
    "a carriage return alone": request("reason: a\rou: Prod\n", 4, 10),
    "a carriage return in a comment": request("# all is well\rou: Prod\n", 4, 14),
    "mixed line ends": request("reason: a\r\nticket: b\r\r\n", 5, 10),
    "the next line of YAML 1.1": request("reason: a\x85ou: Prod\n", 4, 10),
    "a line separator": request("# x\u2028ou: Prod\n", 4, 4),
    "a byte order mark inside": request("reason: \ufeffa\n", 4, 9),
    "two byte order marks": _row(REQUEST, 1, 1, "AFT109", {REQUEST: "\ufeff\ufeff" + FIELDS}),
    "an anchor no one sees": request("reason: &\u200b a\n", 4, 10),
    "a tag no one sees": request("reason: !\u2060 a\n", 4, 10),
    "an escaped override in a key": request('tags: {"a\\u202eb": c}\n', 4, 8),
    "an escaped tag character": request('reason: "a\\U000E0041"\n', 4, 9),
    "half an escaped letter and a mark": request('tags: {a: "e\\u0301"}\n', 4, 12),
    "UTF-16": _row(REQUEST, 1, 1, "AFT109", {REQUEST: FIELDS.encode("utf-16")}),
    "UTF-16 without a mark": _row(REQUEST, 1, 2, "AFT109", {REQUEST: FIELDS.encode("utf-16-le")}),
    "UTF-7 of sorts, with bytes": _row(
        REQUEST, 4, 9, "AFT109", {REQUEST: (b"100644", FIELDS.encode() + b"reason: \xc0\xae\n")}
    ),
    "half a surrogate pair": _row(
        REQUEST, 4, 9, "AFT109", {REQUEST: (b"100644", FIELDS.encode() + b"reason: \xed\xa0\x80\n")}
    ),
    "a defaults file": _row(
        "account-requests/_defaults.yaml",
        1,
        16,
        "AFT109",
        {"account-requests/_defaults.yaml": "owner: {team: a\u200c, email: a@b.de}\n"},
    ),
    "the configuration": _row(
        "aft.yaml", 2, 26, "AFT109", {"aft.yaml": "version: 1\nhome_region: eu-central-1\u2064\n"}
    ),
    "a baseline": _row(
        "customizations/baselines/production.yaml",
        1,
        15,
        "AFT109",
        {"customizations/baselines/production.yaml": "description: a\u00ad\nsettings: []\n"},
    ),
    # --- what is executed or rendered
    "python that reads backwards": step(
        "10-x.py", "def customize(context):\n    x = 'a\u202e' # \u2066\n", 2, 11
    ),
    "python under another encoding": step("10-x.py", "# -*- coding: utf-7 -*-\n" + PYTHON, 1, 15),
    "python of escapes": step("10-x.py", "#!x\n# coding=unicode_escape\n" + PYTHON, 2, 10),
    "python with a line end for Python alone": step(
        "10-x.py", "# fine\rimport os\n" + PYTHON, 1, 7
    ),
    "python with a form feed": step("10-x.py", PYTHON + "#\x0cimport os\n", 3, 2),
    "python with a filler for a name": step(
        "10-x.py", PYTHON + "ㅤ = 1\n".replace("ㅤ", "\u3164"), 3, 1
    ),
    "a module next to a step": step("_helper.py", "A = 'x\u200b'\n", 1, 7),
    "shell that reads backwards": step("10-x.sh", "echo a\necho \u2067b\n", 2, 6),
    "shell with a mark first": step("10-x.sh", "\ufeffecho a\n", 1, 1),
    "shell that is no UTF-8": step("10-x.sh", (b"100644", b"echo \xff\xe2\x80\xae\n"), 1, 6),
    "a program without an ending": step(
        "lib/tool", (PROGRAM, "#!/bin/sh\n# \u202e\n".encode()), 2, 3
    ),
    "a stack with a zero-width space": step("10-x.cfn.yaml", STACK.format("\u200b"), 5, 22),
    "a stack that reads backwards": step("10-x.cfn.yaml", "# \u202e\n" + STACK.format(""), 1, 3),
    "a stack in JSON": step(
        "10-x.cfn.json", '{"Resources": {"T\u2060": {"Type": "AWS::SNS::Topic"}}}', 1, 18
    ),
    "a stack's template": step("10-x.cfn.yaml", STACK.format("{{ id\u00ad }}"), 5, 27),
    "terraform": step("terraform/main.tf", '# \u202e\nlocals {\n  a = "b"\n}\n', 1, 3),
    "terraform with a tag character": step(
        "terraform/main.tf", 'locals {\n  a = "b\U000e0001"\n}\n', 2, 9
    ),
    "terraform's variables": step("terraform/x.tfvars", 'a = "b\u200b"\n', 1, 7),
    "terraform's template": step("terraform/backend.jinja", "# \u2069\n", 1, 3),
    "a template of terraform's": step(
        "terraform/files/user_data.tftpl", "#!/bin/sh\n\u200f\n", 2, 1
    ),
    "a module of terraform": step("terraform/modules/m/main.tf", "# \u200e\n", 1, 3),
    "a policy": step("terraform/policies/p.json", '{"Action": "s3:*\u200b"}', 1, 17),
    "packages of helpers": step("api_helpers/python/requirements.txt", "boto3\u200b==1\n", 1, 6),
    "a program that awk reads": step("lib/x.awk", "BEGIN { x\u202e }\n", 1, 10),
    "data that is carried along": step("_regions.csv", "a;b\u200b\n", 1, 4)._replace(code=0),
    "notes that are carried along": step("_notes.txt", "x\u202e\n", 1, 2)._replace(code=0),
    # --- names of files
    "a file's name with a zero-width space": path(
        "account-requests/shop\u200b.yaml", "account-requests/shop⟨U+200B⟩.yaml"
    ),
    "a file's name with a filler": path(
        "customizations/accounts/web\u3164/10-x.py", "customizations/accounts/web⟨U+3164⟩/10-x.py"
    ),
    "a folder's name with a no-break space": path(
        "account-requests/a\u00a0b/x.yaml", "account-requests/a⟨U+00A0⟩b/x.yaml"
    ),
    "a folder's name in a decomposed form": path(
        "account-requests/u\u0308/x.yaml", "account-requests/u⟨U+0308⟩/x.yaml"
    ),
    "folders that look alike": _row(
        "account-requests/tеam/b.yaml",
        1,
        1,
        "AFT808",
        {
            "account-requests/team/a.yaml": FIELDS,
            "account-requests/tеam/b.yaml": FIELDS.replace("shop", "other"),
        },
    ),
    "support files that look alike": _row(
        f"{EVIL}lib/hеlper.py",
        1,
        1,
        "AFT808",
        {
            REQUEST: FIELDS + "customizations: [evil]\n",
            f"{EVIL}90-sound.py": PYTHON,
            f"{EVIL}lib/helper.py": "",
            f"{EVIL}lib/hеlper.py": "",
        },
    ),
}
