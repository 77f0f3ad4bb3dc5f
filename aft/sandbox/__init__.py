"""A simulated AWS organization on this machine: moto, extended from here and made strict.

``Sandbox`` is the door. Nothing here reaches a network, and nothing outside of this package
knows that it is not AWS.
"""

from __future__ import annotations

from aft.sandbox.faults import (
    Action,
    FaultKind,
    Gate,
    Rule,
    cut_reply,
    error,
    exit_before,
    exit_process,
    held,
    latency,
    lost_reply,
    page,
    reset,
    throttle,
)
from aft.sandbox.profiles import Behaviour, Profile
from aft.sandbox.sandbox import Sandbox
from aft.sandbox.seed import AccountSpec
from aft.sandbox.wire import ConnectionBroken

__all__ = [
    "AccountSpec",
    "Action",
    "Behaviour",
    "ConnectionBroken",
    "FaultKind",
    "Gate",
    "Profile",
    "Rule",
    "Sandbox",
    "cut_reply",
    "error",
    "exit_before",
    "exit_process",
    "held",
    "latency",
    "lost_reply",
    "page",
    "reset",
    "throttle",
]
