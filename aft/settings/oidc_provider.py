"""Baseline setting ``oidc-provider``: the account trusts an OpenID Connect provider.

AWS (IAM User Guide, "Create an OpenID Connect (OIDC) identity provider"): one provider per URL in
an account, at most 100 providers, each with up to 100 client ids (audiences). Roles name it as a
federated principal (setting ``iam-roles``). Thumbprints are optional: without them, IAM retrieves
the one of the top certificate authority; for providers with certificates of well-known authorities
(GitHub, GitLab, …) IAM does not use them. IAM returns the URL without ``https://``.

A provider that someone else made is taken over when all its clients are wanted; else it is left
alone, for taking a client away locks out its users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from aft.baselines.directions import Directions, Weaker
from aft.baselines.model import SettingInputs, SettingParameters
from aft.errors import NotFound, Terminal
from aft.sessions import AccountSession
from aft.settings.shapes.setting import Differences, Setting, differs
from aft.settings.shapes.tags import OWNER_TAG, tag_list, tags_of
from aft.values.regions import partition_of


class OidcProviderParameters(SettingParameters):
    """Parameters of ``oidc-provider``."""

    weakens: ClassVar[Directions] = {
        "url": Weaker.TRUST,
        "client_ids": Weaker.TRUST,
        "thumbprints": Weaker.ANY,
    }

    url: Annotated[str, Field(max_length=255, pattern=r"^https://[^\s?#]+[^\s?#/]$")] = Field(
        description="The provider, such as `https://token.actions.githubusercontent.com`."
    )
    client_ids: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=255)], ...],
        Field(min_length=1, max_length=100),
    ] = Field(default=("sts.amazonaws.com",), description="Allowed audiences of its tokens.")
    thumbprints: (
        Annotated[
            tuple[Annotated[str, Field(pattern=r"^[0-9a-fA-F]{40}$")], ...],
            Field(min_length=1, max_length=5),
        ]
        | None
    ) = Field(
        default=None,
        description="SHA-1 thumbprints of certificates; without them, IAM retrieves them.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedProvider:
    """The provider there is. ``ours`` when aft made or took it."""

    client_ids: frozenset[str]
    thumbprints: frozenset[str]
    ours: bool


Inputs = SettingInputs[OidcProviderParameters]
Observed = ObservedProvider | None


class OidcProvider(Setting[OidcProviderParameters, Observed]):
    """The provider is there, with these clients."""

    name = "oidc-provider"
    description = "An OpenID Connect provider whose tokens roles can trust."
    stays = "the provider stays, with the trust of roles in it"

    def read(self, inputs: Inputs, session: AccountSession) -> Observed:
        iam = session.client("iam")
        try:
            found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=_arn(inputs, session))
        except NotFound:
            return None
        return ObservedProvider(
            client_ids=frozenset(found.get("ClientIDList", ())),
            thumbprints=frozenset(item.lower() for item in found.get("ThumbprintList", ())),
            ours=tags_of(found).get(OWNER_TAG) == self.name,
        )

    def differences(self, inputs: Inputs, observed: Observed) -> Differences:
        wanted = inputs.parameters
        if observed is None:
            yield differs(f"OIDC provider {wanted.url} is not there", None, wanted.url)
            return
        for what, is_now, desired in (
            ("clients", observed.client_ids, frozenset(wanted.client_ids)),
            ("thumbprints", observed.thumbprints, _thumbprints(inputs)),
        ):
            if desired is not None and is_now != desired:
                was, should = ", ".join(sorted(is_now)) or "none", ", ".join(sorted(desired))
                words = f"OIDC provider {wanted.url} has {what} {was}, should have {should}"
                yield differs(words, was, should)

    def refuse(self, inputs: Inputs, observed: Observed) -> None:
        if observed is None or observed.ours:
            return
        extra = sorted(observed.client_ids - set(inputs.parameters.client_ids))
        if extra:
            raise Terminal(
                f"the OIDC provider {inputs.parameters.url} was not created by this setting, with "
                f"clients the baseline does not list: {', '.join(extra)}",
                hint="list them in `client_ids`, or delete the provider if it is not needed",
            )

    def fix(self, inputs: Inputs, observed: Observed, session: AccountSession) -> None:
        iam, wanted, thumbprints = session.client("iam"), inputs.parameters, _thumbprints(inputs)
        owner = tag_list({OWNER_TAG: self.name})
        if observed is None:
            iam.create_open_id_connect_provider(
                Url=wanted.url,
                ClientIDList=list(wanted.client_ids),
                Tags=owner,
                **({"ThumbprintList": sorted(thumbprints)} if thumbprints else {}),
            )
            return
        provider: Any = {"OpenIDConnectProviderArn": _arn(inputs, session)}
        desired = frozenset(wanted.client_ids)
        for client in sorted(desired - observed.client_ids):
            iam.add_client_id_to_open_id_connect_provider(**provider, ClientID=client)
        for client in sorted(observed.client_ids - desired):
            iam.remove_client_id_from_open_id_connect_provider(**provider, ClientID=client)
        if thumbprints is not None and observed.thumbprints != thumbprints:
            prints = sorted(thumbprints)
            iam.update_open_id_connect_provider_thumbprint(**provider, ThumbprintList=prints)
        if not observed.ours:
            iam.tag_open_id_connect_provider(**provider, Tags=owner)


def _arn(inputs: Inputs, session: AccountSession) -> str:
    partition = partition_of(inputs.account.home_region)
    name = inputs.parameters.url.removeprefix("https://")
    return f"arn:{partition}:iam::{session.account_id}:oidc-provider/{name}"


def _thumbprints(inputs: Inputs) -> frozenset[str] | None:
    given = inputs.parameters.thumbprints
    return None if given is None else frozenset(item.lower() for item in given)
