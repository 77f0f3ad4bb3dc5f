"""The process apart of this process: one, regardless of how many repositories are read."""

from __future__ import annotations

from aft.confined.child import Works
from aft.confined.confinement import Confinement

WORKS: Works = {
    **{name: f"aft.confined.document_works:{name}" for name in ("documents", "places", "section")},
    **{name: f"aft.confined.step_works:{name}" for name in ("step", "judge", "render")},
    "trial": "aft.app.trial_works:trial",
}

CONFINEMENT = Confinement(WORKS)
"""Started with the first document that no cache holds. A run that is not the last of its process
closes it; otherwise it ends with the process."""
