"""What lies in this repository's own .github/ and is made from its other files is current."""

from __future__ import annotations

from pathlib import Path

from aft.app.issue_requests import form_choices
from aft.app.requesting import RequestDesk
from aft.app.workspace import Workspace
from aft.requests.issue_form import FORM_PATH, form_yaml

ROOT = Path(__file__).parents[2]


def test_the_issue_form_is_current() -> None:
    desk = RequestDesk.open(Workspace.find(ROOT))
    assert (ROOT / FORM_PATH).read_text() == form_yaml(form_choices(desk))
