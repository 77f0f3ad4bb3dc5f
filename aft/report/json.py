"""Every machine-readable shape aft promises, by name: the door for the command line.

Shapes only grow; a key is never renamed or given another meaning without a new ``format``.
"""

from __future__ import annotations

from aft.plan.codec import plan_to_json
from aft.report.findings.text import findings_json
from aft.report.history import history_json
from aft.report.status import status_json

__all__ = ["findings_json", "history_json", "plan_to_json", "status_json"]
