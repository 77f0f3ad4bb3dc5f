"""What a step reads from outside, as data: the name, and where it is written. Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One name a step reads, such as ``("custom_fields", "vpc", "cidr")``.

    ``is_certain`` is false where it may not be read, or may be absent: behind ``default`` or
    ``is defined``, in a branch, in a loop. ``file`` is the path in the repository, empty while
    only one file is looked at.
    """

    path: tuple[str, ...]
    line: int
    column: int
    is_certain: bool
    file: str = ""

    def __str__(self) -> str:
        return self.path[0] + "".join(
            f".{part}" if part.isidentifier() else f"[{part!r}]" for part in self.path[1:]
        )
