"""Baseline setting ``oidc-provider``: the account trusts an OpenID Connect provider.

AWS (IAM User Guide, "Create an OpenID Connect (OIDC) identity provider"): one provider per URL in
an account, 100 in all, each with up to 100 client ids (audiences). Roles name it as a federated
principal (setting ``iam-roles``). Thumbprints are optional: IAM fetches the one of the top
certificate authority when none is given, and for providers with certificates of well-known
authorities (GitHub, GitLab, …) does not look at them. IAM returns the URL without ``https://``.

A provider that somebody else made is taken over when all its clients are wanted; else it is left
alone, for taking a client away locks out whoever uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from aft.baselines.model import SettingDifference, SettingInputs, SettingParameters
from aft.errors import NotFound, Terminal
from aft.organization.model import AccountFacts
from aft.sessions import AccountSession
from aft.values.regions import partition_of

OWNER_TAG = "aft:setting"


class OidcProviderParameters(SettingParameters):
    """Parameters of ``oidc-provider``."""

    url: Annotated[str, Field(max_length=255, pattern=r"^https://[^\s?#]+[^\s?#/]$")] = Field(
        description="The provider, such as `https://token.actions.githubusercontent.com`."
    )
    client_ids: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=255)], ...],
        Field(min_length=1, max_length=100),
    ] = Field(default=("sts.amazonaws.com",), description="Audiences its tokens may be for.")
    thumbprints: (
        Annotated[
            tuple[Annotated[str, Field(pattern=r"^[0-9a-fA-F]{40}$")], ...],
            Field(min_length=1, max_length=5),
        ]
        | None
    ) = Field(
        default=None,
        description="SHA-1 thumbprints of certificates; without them IAM finds its own.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedProvider:
    """The provider there is. ``ours`` when aft made or took it."""

    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    ours: bool


class OidcProvider:
    """The provider is there, with these clients."""

    name: ClassVar[str] = "oidc-provider"
    effect_version: ClassVar[int] = 1
    regional: ClassVar[bool] = False
    description: ClassVar[str] = "An OpenID Connect provider whose tokens roles may trust."
    parameters_model: type[OidcProviderParameters] = OidcProviderParameters

    def facts(self, account: AccountFacts) -> object:  # noqa: ARG002 (the port's signature)
        return {}

    def read(
        self, inputs: SettingInputs[OidcProviderParameters], session: AccountSession
    ) -> ObservedProvider | None:
        try:
            found = session.client("iam").get_open_id_connect_provider(
                OpenIDConnectProviderArn=_arn(inputs, session)
            )
        except NotFound:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
        return ObservedProvider(
            client_ids=tuple(sorted(found.get("ClientIDList", ()))),
            thumbprints=tuple(sorted(item.lower() for item in found.get("ThumbprintList", ()))),
            ours=tags.get(OWNER_TAG) == self.name,
        )

    def compare(
        self, inputs: SettingInputs[OidcProviderParameters], observed: ObservedProvider | None
    ) -> tuple[SettingDifference, ...]:
        url = inputs.parameters.url
        if observed is None:
            return (
                SettingDifference(
                    description=f"OIDC provider {url} is not there", before=None, after=url
                ),
            )
        found = []
        clients = tuple(sorted(inputs.parameters.client_ids))
        if observed.client_ids != clients:
            found.append(_difference(url, "clients", observed.client_ids, clients))
        thumbprints = _thumbprints(inputs)
        if thumbprints is not None and observed.thumbprints != thumbprints:
            found.append(_difference(url, "thumbprints", observed.thumbprints, thumbprints))
        return tuple(found)

    def refuse(
        self, inputs: SettingInputs[OidcProviderParameters], observed: ObservedProvider | None
    ) -> None:
        if observed is None or observed.ours:
            return
        extra = sorted(set(observed.client_ids) - set(inputs.parameters.client_ids))
        if extra:
            raise Terminal(
                f"the OIDC provider {inputs.parameters.url} was made by somebody else, with "
                f"clients the baseline does not list: {', '.join(extra)}",
                hint="list them in `client_ids`, or delete the provider if nobody needs it",
            )

    def change(
        self,
        inputs: SettingInputs[OidcProviderParameters],
        observed: ObservedProvider | None,
        session: AccountSession,
    ) -> None:
        iam, wanted = session.client("iam"), inputs.parameters
        if observed is None:
            thumbprints = _thumbprints(inputs)
            iam.create_open_id_connect_provider(
                Url=wanted.url,
                ClientIDList=list(wanted.client_ids),
                Tags=[{"Key": OWNER_TAG, "Value": self.name}],
                **({"ThumbprintList": list(thumbprints)} if thumbprints else {}),
            )
            return
        self.refuse(inputs, observed)
        arn = _arn(inputs, session)
        extra = sorted(set(observed.client_ids) - set(wanted.client_ids))
        for client in sorted(set(wanted.client_ids) - set(observed.client_ids)):
            iam.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID=client
            )
        for client in extra:
            iam.remove_client_id_from_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, ClientID=client
            )
        thumbprints = _thumbprints(inputs)
        if thumbprints is not None and observed.thumbprints != thumbprints:
            iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=arn, ThumbprintList=list(thumbprints)
            )
        if not observed.ours:
            iam.tag_open_id_connect_provider(
                OpenIDConnectProviderArn=arn, Tags=[{"Key": OWNER_TAG, "Value": self.name}]
            )


def _arn(inputs: SettingInputs[OidcProviderParameters], session: AccountSession) -> str:
    partition = partition_of(inputs.account.home_region)
    name = inputs.parameters.url.removeprefix("https://")
    return f"arn:{partition}:iam::{session.account_id}:oidc-provider/{name}"


def _thumbprints(inputs: SettingInputs[OidcProviderParameters]) -> tuple[str, ...] | None:
    given = inputs.parameters.thumbprints
    return None if given is None else tuple(sorted(item.lower() for item in given))


def _difference(
    url: str, what: str, before: Sequence[str], after: Sequence[str]
) -> SettingDifference:
    was, wanted = ", ".join(before) or "none", ", ".join(after)
    return SettingDifference(
        description=f"OIDC provider {url} has {what} {was}, should have {wanted}",
        before=was,
        after=wanted,
    )
