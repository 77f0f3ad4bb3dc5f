"""The same weather on the wire: the command against a server whose connections break, whose answers
are cut, and which is hidden behind a page in HTML."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders_faults import Morning
from builders_live import live
from builders_weather import KINDS, TENTH

from aft.sandbox import Rule

ON_THE_WIRE = ("throttle", "503", "html", "reset-before", "reset-after", "cut-50")


@pytest.mark.faults
@pytest.mark.parametrize("kind", ON_THE_WIRE)
def test_one_call_in_ten_over_http(tmp_path: Path, kind: str) -> None:
    repo = Morning.begin(tmp_path).repo
    with live() as organization:
        assert organization.sandbox is not None
        repo.environ.update(organization.environ)
        organization.sandbox.faults.add(Rule("*", "*", KINDS[kind]("*"), after=3, every=TENTH))
        applied = repo.aft("apply", "--yes", sandbox=False)
        organization.sandbox.faults.clear()
        said = applied.out + applied.err
        assert applied.code == 0, said
        assert "Traceback" not in said
        assert "bug in aft" not in said
        assert organization.creations() == [("payments", "SUCCEEDED"), ("shop", "SUCCEEDED")]
        assert set(organization.accounts()) == {"payments", "shop"}
        again = repo.aft("plan", "--detailed-exitcode", sandbox=False)
        assert again.code == 0, again.out
