"""What a stack tells: its status, the states of its resources, and the events of its life.

An operation's events are held back while it is in progress; the first look finds it so, the
next one its end. Knows nothing of templates or resources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from moto.cloudformation.models import Event
from moto.core.utils import utcnow

LOOKS_IN_PROGRESS = 1
_USER = "User Initiated"


@dataclass(slots=True, kw_only=True)
class ResourceState:
    """What DescribeStackResources says about one resource."""

    logical_resource_id: str
    physical_resource_id: str
    resource_type: str
    resource_status: str
    resource_status_reason: str | None = None
    timestamp: datetime = field(default_factory=utcnow)


@dataclass(slots=True, kw_only=True)
class _Ending:
    """What an operation came to, until it is shown."""

    status: str
    reason: str | None
    events: list[Event]
    looks: int = LOOKS_IN_PROGRESS


class Chronicle:
    """Mixin for a stack, before moto's class."""

    stack_id: str
    name: str
    status: str
    events: list[Event]
    resource_states: dict[str, ResourceState]

    def begin_chronicle(self) -> None:
        self.stack_status_reason: str | None = None
        self._journal: list[Event] = []
        self._ending: _Ending | None = None

    # --- looking -----------------------------------------------------------------------

    @property
    def in_progress(self) -> bool:
        return self._ending is not None

    def look(self) -> None:
        """Somebody looks at the stack; what is in progress ends at the next look."""
        if self._ending is not None:
            self._ending.looks -= 1
            if self._ending.looks < 0:
                self.settle()

    def settle(self) -> None:
        """Show what the last operation came to."""
        ending, self._ending = self._ending, None
        if ending is not None:
            self.status = ending.status
            self.stack_status_reason = ending.reason
            self.events.extend(ending.events)

    # --- telling -----------------------------------------------------------------------

    def _start(self, status: str) -> None:
        self._journal = []
        self.status = status
        self.stack_status_reason = _USER
        self.events.append(self._event(status, reason=_USER))

    def _say(self, status: str, reason: str | None = None) -> None:
        self._journal.append(self._event(status, reason=reason))

    def _end(self, status: str, reason: str | None = None) -> None:
        self._say(status, reason)
        self._ending = _Ending(status=status, reason=reason, events=self._journal)
        self._journal = []

    def _event(self, status: str, *, reason: str | None = None) -> Event:
        return Event(
            stack_id=self.stack_id,
            stack_name=self.name,
            logical_resource_id=self.name,
            physical_resource_id=self.stack_id,
            resource_type="AWS::CloudFormation::Stack",
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )

    def _tell(self, state: ResourceState) -> None:
        self.resource_states[state.logical_resource_id] = state
        self._journal.append(
            Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=state.logical_resource_id,
                physical_resource_id=state.physical_resource_id,
                resource_type=state.resource_type,
                resource_status=state.resource_status,
                resource_status_reason=state.resource_status_reason,
                resource_properties=None,
            )
        )

    def _note(
        self, name: str, status: str, *, kind: str, physical: str = "", reason: str | None = None
    ) -> None:
        self._tell(
            ResourceState(
                logical_resource_id=name,
                physical_resource_id=physical,
                resource_type=kind,
                resource_status=status,
                resource_status_reason=reason,
            )
        )
