"""Whatever aft writes passes ``aft.redaction``: every place that writes is listed here."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from source_graph import covers, modules, nodes

PASS_THE_GATE = (
    "aft.app.apply.run_logs",
    "aft.app.text_files",
    "aft.git.ledger.commits",
    "aft.github.actions",
)
"""These call ``redact`` on what they write."""

WRITE_NOTHING_THAT_LEAVES: Mapping[str, str] = {
    "aft.app.apply.run_logs": "makes a file private before it is written",
    "aft.app.workspace": "the cache of parsed files: what git has already",
    "aft.cli.interrupts": "fixed words, from a signal handler",
    "aft.cli.main": "the operating system's words, when the streams are gone",
    "aft.cli.outlets": "the gate of standard output and error itself",
    "aft.cli.policy": "standard output, which is behind the gate",
    "aft.cli.workflow_commands": "a filter between a command and that gate",
    "aft.git.conversation": "a folder for one conversation with a remote, which is deleted",
    "aft.git.ledger.cache": "the cache of the ledger's records: what the ledger has already",
    "aft.runners": "what a step gets, in a scratch folder that is deleted; a step's own output",
    "aft.sandbox": "the simulated organization's own files and server",
}

_WRITERS = {"write_text", "write_bytes", "create_blob", "create_commit", "writelines"}
_STREAM = re.compile(r"\b(?:stdout|stderr|file|stream)\.write$|^(?:os\.write|print)$")


def _writes(node: ast.AST) -> bool:
    """As a method (``path.write_text``): a function of that name is ``aft.app.text_files``'s."""
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    owner, _, name = called.rpartition(".")
    return bool(owner and name in _WRITERS) or bool(_STREAM.search(called))


def test_all_that_writes_passes_the_gate_or_says_why_not() -> None:
    found = {module.name for module, node in nodes(ast.Call) if _writes(node)}
    known = (*PASS_THE_GATE, *WRITE_NOTHING_THAT_LEAVES)
    assert {name for name in found if not any(covers(row, name) for row in known)} == set()
    assert {row for row in known if not any(covers(row, name) for name in found)} == set()


def test_what_is_at_the_gate_calls_it() -> None:
    for name in PASS_THE_GATE:
        targets = {item.target for item in modules()[name].imports}
        assert any(target.startswith("aft.redaction.") for target in targets), name
