"""``aft explain --action``: what is possible, and the statements that decide it."""

from __future__ import annotations

from collections.abc import Iterator

from aft.plan.access import Explained, ExplainedAccess
from aft.policy_language.cases import answer_json
from aft.policy_language.evaluate import Answer, Decision, Trace
from aft.report.plain import json_text, one_line

_TYPES = {"scp": "SCP", "rcp": "RCP"}


def access_text(access: ExplainedAccess) -> str:
    """One paragraph per action."""
    lines = [f"{access.request_id}  {access.account_id}  {access.ou}"]
    who = access.principal or "any role or user"
    lines.append(f"{one_line(who)} on {one_line(access.resource or 'any resource')}")
    for item in access.answers:
        lines += ["", f"{item.action}: {_verdict(item, access)}", *_traces(item.answer)]
    return "\n".join(lines) + "\n"


def access_json(access: ExplainedAccess) -> str:
    """The same for tools."""
    shape = {
        "id": access.request_id,
        "account_id": access.account_id,
        "principal": access.principal,
        "resource": access.resource,
        "answers": [{"action": item.action, **answer_json(item.answer)} for item in access.answers],
    }
    return json_text(shape)


def _verdict(item: Explained, access: ExplainedAccess) -> str:
    answer: Answer = item.answer
    if item.always:
        return "allowed; policies do not apply to this action"
    match answer.decision:
        case Decision.DENIED if answer.explicit:
            return "denied by an explicit Deny"
        case Decision.DENIED:
            return "denied, because nothing allows it"
        case Decision.DEPENDS:
            keys = ", ".join(one_line(key) for key in sorted(answer.keys, key=str.lower))
            return f"depends on {keys}"
    if access.is_management:
        return "allowed by the ceiling; no SCP or RCP binds the management account"
    return "allowed by the ceiling; IAM must grant it still"


def _traces(answer: Answer) -> Iterator[str]:
    for trace in answer.traces:
        yield f"  {_trace(trace)}"
        if trace.keys:
            yield f"      asks for {', '.join(sorted(trace.keys, key=str.lower))}"


def _trace(trace: Trace) -> str:
    kind = _TYPES.get(trace.source, trace.source)
    if not trace.policy:
        return f"at {trace.level} no {kind} allows it"
    sid = f" ({one_line(trace.sid)})" if trace.sid else ""
    number = (trace.statement or 0) + 1
    name = one_line(trace.policy)
    return f"{trace.effect} by {kind} {name} at {trace.level}, statement {number}{sid}"
