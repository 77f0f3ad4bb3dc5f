"""Whether the files of customizations read as they run: by the one rule for text.

What is executed or rendered has no character that people cannot see. A file that is only carried
along (data next to a step, known by its ending) is warned about. Executes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aft.customizations.model import Customization
from aft.findings.model import Finding, Severity, SourceRef, finding_at
from aft.text.policy import Refusal, Use, refused

_DATA = re.compile(
    r"\.(?:txt|csv|tsv|md|rst|adoc|html?|xml|svg|css|pem|crt|cer|pub|asc|log|dat|data|bin|po|eml)$",
    re.IGNORECASE,
)
"""Files that nothing executes or renders."""
_PACKAGES = re.compile(r"(?:^|/)(?:requirements|constraints)[^/]*\.txt$", re.IGNORECASE)
_CODE = re.compile(
    r"\.(?:py|sh|bash|tf|tfvars|hcl|jinja2?|j2|tftpl|json|ya?ml|rego)$", re.IGNORECASE
)
"""Files that are text; of others only those without a zero byte are."""
_PROGRAM = b"#!"
_BOM = "\ufeff"
_DECLARED = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # Python: PEP 263
_SAME = frozenset({b"utf-8", b"utf8", b"utf-8-unix", b"ascii", b"us-ascii"})
_HINT = "save the file as UTF-8"


def check_readable(customization: Customization) -> Iterator[Finding]:
    """What people cannot read in the files of all steps; each file is looked at once."""
    steps = customization.steps
    executed = {step.file.path for step in steps if not step.is_folder}
    contents = {file.path: file.content for step in steps for file in step.files}
    for path, content in contents.items():
        is_program = content.removeprefix(_BOM.encode()).startswith(_PROGRAM)
        is_known = path in executed or is_program or _CODE.search(path) or _PACKAGES.search(path)
        if is_known or b"\0" not in content:
            yield from _check(path, content, is_code=bool(is_known) or not _DATA.search(path))


def _check(path: str, content: bytes, *, is_code: bool) -> Iterator[Finding]:
    if is_code and (path.endswith(".py") or b"python" in content[:128].partition(b"\n")[0]):
        yield from _check_declared(path, content)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        if is_code:
            before = content[: error.start]
            line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
            message = f"byte 0x{content[error.start]:02x} is not UTF-8 text"
            yield finding_at("AFT809", SourceRef(path, line, column), message, _HINT)
        return
    start = 1 if text.startswith(_BOM) and not _is_script(path, text) else 0
    problem = refused(text[start:], Use.CODE)
    if problem is not None:
        yield _finding(path, text[start:], problem, is_code=is_code)


def _is_script(path: str, text: str) -> bool:
    """A shell takes the mark for a part of the first command."""
    return path.endswith(".sh") or text[1:3] == _PROGRAM.decode()


def _finding(path: str, text: str, problem: Refusal, *, is_code: bool) -> Finding:
    at = problem.offset
    source = SourceRef(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    severity = Severity.ERROR if is_code else Severity.WARNING
    return finding_at("AFT809", source, problem.message, problem.hint, severity=severity)


def _check_declared(path: str, content: bytes) -> Iterator[Finding]:
    """Under another encoding Python reads other text than everyone else."""
    head = content[:4096].removeprefix(_BOM.encode())
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", head)[:2], start=1):
        declared = _DECLARED.match(line)
        if declared is not None and declared[1].lower() not in _SAME:
            message = f"the file declares the encoding {declared[1].decode()}; expected UTF-8"
            source = SourceRef(path, number, declared.start(1) + 1)
            yield finding_at("AFT809", source, message, "delete the declaration")
