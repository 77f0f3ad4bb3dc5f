"""Baseline setting ``account-alias``: the name in the account's sign-in address.

AWS (IAM User Guide, "Your AWS account ID and its alias"; API ``CreateAccountAlias``): an account
has at most one alias, and creating another one replaces it. An alias is 3 to 63 lowercase letters,
digits and single hyphens, does not start or end with a hyphen, must not look like an account id,
and is unique among *all* AWS accounts of a partition: ``EntityAlreadyExists`` if it is in use. IAM
is eventually consistent, so a read right after a change may return the old alias.
"""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Routine
from aft.baselines.model import Published, SettingInputs, SettingParameters
from aft.errors import Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs

MAX_LENGTH = 63
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
_TAKEN = frozenset({"EntityAlreadyExists", "EntityAlreadyExistsException"})


class AccountAliasParameters(SettingParameters):
    """Parameters of ``account-alias``."""

    weakens: ClassVar[Directions] = {"alias": Routine("a name for people, which protects nothing")}

    alias: str | None = Field(
        default=None,
        min_length=1,
        description="The alias; placeholders such as in `acme-{id}` are replaced. Uppercase "
        "letters become lowercase, and other characters become hyphens. Without it, "
        "the account's name is used. An alias is unique in all of AWS, so start it "
        "with your organization's name.",
    )


def alias_from(text: str) -> str:
    """``text`` in the characters an alias may have: ``Payments (Prod)`` gives ``payments-prod``."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_LENGTH].rstrip("-")


Inputs = SettingInputs[AccountAliasParameters]


class AccountAlias(Setting[AccountAliasParameters, str | None]):
    """The account has the alias."""

    name = "account-alias"
    description = "The account's alias, the name in its sign-in URL."

    def facts(self, account: AccountFacts) -> object:
        return {"name": account.name}

    def published(
        self, account: AccountFacts, parameters: AccountAliasParameters
    ) -> tuple[Published, ...]:
        """The alias as AWS takes it."""
        field = () if parameters.alias else ("name",)
        value = alias_from(parameters.alias or account.name)
        return (Published(name="alias", value=value, field=field),)

    def read(self, inputs: Inputs, session: AccountSession) -> str | None:
        return next(iter(session.client("iam").list_account_aliases()["AccountAliases"]), None)

    def differences(self, inputs: Inputs, observed: str | None) -> Differences:
        wanted = _wanted(inputs)
        if observed != wanted:
            was = f"is {observed!r}" if observed else "is not set"
            yield differs(f"account alias {was}, should be {wanted!r}", observed, wanted)

    def fix(self, inputs: Inputs, observed: str | None, session: AccountSession) -> None:
        wanted = _wanted(inputs)
        if not _ALIAS.fullmatch(wanted) or re.fullmatch(r"[0-9]{12}", wanted):
            raise Terminal(
                f"{wanted!r} cannot be an account alias: AWS takes 3 to 63 lower-case letters, "
                "digits and single hyphens that do not look like an account id",
                hint="give `alias` in the baseline, for example `acme-{id}`",
            )
        iam = session.client("iam")
        try:
            iam.create_account_alias(AccountAlias=wanted)
        except Terminal as error:
            if error.code not in _TAKEN:
                raise
            if wanted in iam.list_account_aliases()["AccountAliases"]:
                return  # an earlier run of ours set it, and the read was stale
            raise Terminal(
                f"the account alias {wanted!r} is taken by another AWS account",
                hint="choose another `alias` in the baseline, for example with your "
                "organization's name in front",
                code="EntityAlreadyExists",
            ) from error


def _wanted(inputs: Inputs) -> str:
    return alias_from(inputs.parameters.alias or inputs.account.name)
