"""The server's own endpoints under ``/_sandbox/``: health, calls, clock, faults, save.

They change a simulated AWS and take no keys, so a web page must not reach them: besides what
``Guard`` refuses, every request needs the header ``x-aft-sandbox``, which no form or image can
send. Speaks JSON only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aft.errors import AftError
from aft.sandbox.faults import Action, FaultKind, Rule
from aft.sandbox.sandbox import Sandbox

PREFIX = "/_sandbox/"
HEADER = "x-aft-sandbox"
_MOST_CALLS = 1000
_RULE_KEYS = frozenset({"service", "operation", "action", "after", "every", "times", "account_id"})
_ACTION_KEYS = frozenset({"kind", "code", "message", "status", "seconds", "share"})


class BadRequest(Exception):
    """The caller's mistake; the text says what was expected."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAnswer:
    """A status and a JSON document."""

    status: int
    document: Mapping[str, Any]

    @property
    def body(self) -> bytes:
        return json.dumps(self.document, indent=1, default=str).encode() + b"\n"


class Admin:
    """Answers admin requests for one sandbox."""

    def __init__(self, sandbox: Sandbox, *, save: Callable[[], None]):
        self._sandbox = sandbox
        self._save = save
        self._routes: Mapping[tuple[str, str], Callable[[str, Mapping[str, Any]], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "calls"): self._calls,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._advance,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_faults,
            ("POST", "save"): self._save_now,
        }

    def answer(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> AdminAnswer:
        """Answer one request; mistakes become a status and a sentence."""
        try:
            parts = urlsplit(url)
            route = self._route(method, parts.path.removeprefix(PREFIX), headers)
            return AdminAnswer(status=200, document=route(parts.query, _document(body)))
        except BadRequest as mistake:
            return AdminAnswer(status=mistake.status, document={"error": str(mistake)})
        except AftError as error:
            return AdminAnswer(status=500, document={"error": str(error), "hint": error.hint})

    def _route(
        self, method: str, name: str, headers: Mapping[str, str]
    ) -> Callable[[str, Mapping[str, Any]], Any]:
        if HEADER not in headers:
            raise BadRequest(f"the header {HEADER}: 1 is required", status=403)
        route = self._routes.get((method, name))
        if route is None:
            known = ", ".join(f"{verb} {PREFIX}{path}" for verb, path in self._routes)
            raise BadRequest(f"no such endpoint; there are {known}", status=404)
        return route

    # --- the endpoints -----------------------------------------------------------------

    def _health(self, _query: str, _document: Mapping[str, Any]) -> Mapping[str, Any]:
        sandbox = self._sandbox
        return {
            "status": "ok",
            "organization": sandbox.organization_id,
            "management_account": sandbox.management_account_id,
            "home_region": sandbox.home_region,
            "profile": sandbox.profile.value,
            "calls": sandbox.calls,
            "now": sandbox.clock.now().isoformat(),
        }

    def _calls(self, query: str, _document: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = parse_qs(query)
        try:
            since = int(asked.get("since", ["-1"])[0])
            limit = min(int(asked.get("limit", ["100"])[0]), _MOST_CALLS)
        except ValueError:
            raise BadRequest("since and limit must be numbers") from None
        log = list(self._sandbox.log)
        found = [call for call in log if call.index > since]
        shown = found[:limit] if "since" in asked else found[-limit:]
        return {
            "total": len(log),
            "calls": [
                {
                    "index": call.index,
                    "service": call.service,
                    "operation": call.operation,
                    "account_id": call.account_id,
                    "region": call.region,
                    "request_id": call.request_id,
                    "error": call.error_code,
                }
                for call in shown
            ],
        }

    def _clock(self, _query: str, _document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"now": self._sandbox.clock.now().isoformat()}

    def _advance(self, query: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        seconds = document.get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
            raise BadRequest('expected {"advance": seconds}, seconds not negative')
        self._sandbox.clock.advance(seconds)
        return self._clock(query, document)

    def _faults(self, _query: str, _document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"rules": [_shown(rule) for rule in self._sandbox.faults.rules]}

    def _add_faults(self, query: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        unknown = sorted(set(document) - {"rules", "clear"})
        if unknown:
            raise BadRequest(f'expected {{"rules": […]}} or {{"clear": true}}, not {unknown[0]!r}')
        rules = [_rule(item) for item in document.get("rules", [])]
        if document.get("clear"):
            self._sandbox.faults.clear()
        for rule in rules:
            self._sandbox.faults.add(rule)
        return self._faults(query, document)

    def _save_now(self, _query: str, _document: Mapping[str, Any]) -> Mapping[str, Any]:
        self._save()
        return {"saved": str(self._sandbox.path) if self._sandbox.path else None}


def _document(body: bytes) -> Mapping[str, Any]:
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except ValueError as broken:
        raise BadRequest(f"the body is not JSON: {broken}") from broken
    if not isinstance(found, dict):
        raise BadRequest("the body must be a JSON object")
    return found


def _rule(item: Any) -> Rule:
    kinds = ", ".join(kind.value for kind in FaultKind)
    example = '{"service": "organizations", "operation": "*", "action": {"kind": "throttle"}}'
    if (
        not isinstance(item, dict)
        or set(item) - _RULE_KEYS
        or not isinstance(item.get("action"), dict)
    ):
        raise BadRequest(f"a rule looks like {example}; keys: {', '.join(sorted(_RULE_KEYS))}")
    action = item["action"]
    if set(action) - _ACTION_KEYS or action.get("kind") not in set(FaultKind):
        raise BadRequest(f"an action needs a kind out of {kinds}")
    try:
        return Rule(
            service=str(item.get("service", "*")),
            operation=str(item.get("operation", "*")),
            action=Action(
                kind=FaultKind(action["kind"]),
                code=str(action.get("code", "InternalFailure")),
                message=str(action.get("message", "Injected by a fault rule.")),
                status=int(action.get("status", 400)),
                seconds=float(action.get("seconds", 0.0)),
                share=float(action.get("share", 0.5)),
            ),
            after=int(item.get("after", 0)),
            every=max(1, int(item.get("every", 1))),
            times=int(item["times"]) if item.get("times") is not None else None,
            account_id=str(item.get("account_id", "*")),
        )
    except (TypeError, ValueError) as broken:
        raise BadRequest(f"a rule has a value of the wrong type: {broken}") from broken


def _shown(rule: Rule) -> Mapping[str, Any]:
    return {
        "service": rule.service,
        "operation": rule.operation,
        "action": {"kind": rule.action.kind.value, "code": rule.action.code},
        "after": rule.after,
        "every": rule.every,
        "times": rule.times,
        "account_id": rule.account_id,
    }
