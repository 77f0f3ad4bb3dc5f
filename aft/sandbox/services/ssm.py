"""Parameter Store's limits: names, depth, sizes, types, patterns.

Facts: botocore's ``ssm`` model and the Parameter Store quotas (4,096 characters standard, 8,192
advanced, 15 levels, 1,011 characters of name, 10,000 standard parameters a region). Everything
else of Systems Manager is moto's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import moto.ssm.urls as ssm_urls
from moto.core.responses import ActionResult
from moto.ssm.models import (
    Parameter,
    ParameterDict,
    SimpleSystemManagerBackend,
    ssm_backends,
)
from moto.ssm.responses import SimpleSystemManagerResponse

from aft.sandbox.services.constraints import ModelConstraints
from aft.sandbox.services.moto_seams import Refusal, use_backend, use_responses

STANDARD_VALUE = 4096
ADVANCED_VALUE = 8192
MAX_DEPTH = 15
MAX_NAME = 1011
MAX_STANDARD_PARAMETERS = 10_000

_NAME = re.compile(r"[a-zA-Z0-9_.\-/]+")
_BAD_NAME = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it '
    "can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of "
    "letters, numbers and the following 3 symbols .-_"
)


class SavedParameters(ParameterDict):
    """moto's parameters, but they can be pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        parameters: Iterator[Any] = iter(list(dict.items(self)))
        return SavedParameters, (self.account_id, self.region_name), vars(self), None, parameters


class StrictSsmBackend(SimpleSystemManagerBackend):
    """moto's Systems Manager with Parameter Store's limits."""

    _url_module = property(lambda _: ssm_urls)

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._parameters = SavedParameters(account_id, region_name)
        # moto's own factory is a lambda, which cannot be saved.
        self._resource_tags: defaultdict[str, Any] = defaultdict(partial(defaultdict, dict))

    def put_parameter(
        self,
        name: str,
        description: str,
        value: str,
        parameter_type: str,
        allowed_pattern: str,
        keyid: str,
        overwrite: bool,  # noqa: FBT001 - moto's signature
        tags: list[dict[str, str]],
        data_type: str,
        tier: str | None = None,
        policies: str | None = None,
    ) -> Parameter:
        check_name(name)
        earlier = self._parameters.get(name)
        self._check_earlier(name, earlier[-1] if earlier else None, parameter_type, overwrite)
        self._check_pattern(value, allowed_pattern)
        return super().put_parameter(
            name=name,
            description=description,
            value=value,
            parameter_type=parameter_type,
            allowed_pattern=allowed_pattern,
            keyid=keyid,
            overwrite=overwrite,
            tags=tags,
            data_type=data_type,
            tier=fitting_tier(value, tier or (earlier[-1].tier if earlier else None)),
            policies=policies,
        )

    def get_parameter(self, name: str) -> Parameter | None:
        """moto reads ``…:parameter/token`` as ``/token`` alone, and not as ``token``."""
        found = super().get_parameter(name)
        top = name.partition(":parameter/")[2]
        is_own = name.startswith(f"arn:aws:ssm:{self.region_name}:{self.account_id}:parameter/")
        return super().get_parameter(top) if found is None and is_own and "/" not in top else found

    def _check_earlier(
        self,
        name: str,
        earlier: Parameter | None,
        parameter_type: str,
        overwrite: bool,  # noqa: FBT001 - passed on as moto has it
    ) -> None:
        if earlier is None:
            if len(self._parameters) >= MAX_STANDARD_PARAMETERS:
                raise Refusal(
                    "ParameterLimitExceeded",
                    "You have exceeded the number of parameters for this Amazon Web Services "
                    "account.",
                )
        # Without Overwrite, moto answers ParameterAlreadyExists, as AWS does.
        elif overwrite and parameter_type and earlier.parameter_type != parameter_type:
            raise Refusal(
                "HierarchyTypeMismatchException",
                f"The parameter type cannot be changed from {earlier.parameter_type} "
                f"to {parameter_type}: {name}.",
            )

    @staticmethod
    def _check_pattern(value: str, allowed_pattern: str | None) -> None:
        if not allowed_pattern:
            return
        try:
            matches = re.search(allowed_pattern, value) is not None
        except re.error:
            raise Refusal(
                "InvalidAllowedPatternException",
                f"The request does not meet the regular expression requirement: {allowed_pattern}",
            ) from None
        if not matches:
            raise Refusal(
                "ParameterPatternMismatchException",
                f"Parameter value, cannot be validated against allowedPattern: {allowed_pattern}",
            )


def check_name(name: str) -> None:
    """Raise what PutParameter answers to a bad name."""
    if "/" in name and not name.startswith("/"):
        raise Refusal("ValidationException", "Parameter name must be a fully qualified name.")
    if len(name) > MAX_NAME:
        raise Refusal(
            "ValidationException",
            f"Parameter name cannot be longer than {MAX_NAME} characters.",
        )
    levels = [part for part in name.split("/") if part]
    well_formed = _NAME.fullmatch(name) and "//" not in name and not name.endswith("/") and levels
    if not well_formed or levels[0].lower().startswith("ssm"):
        raise Refusal("ValidationException", _BAD_NAME)
    if len(levels) > MAX_DEPTH:
        raise Refusal(
            "HierarchyLevelLimitExceededException",
            f"Parameter name is more than {MAX_DEPTH} levels deep.",
        )


def fitting_tier(value: str, tier: str | None) -> str:
    """The tier a value of this size gets; raises where AWS refuses the size."""
    size = len((value or "").encode())
    if tier == "Intelligent-Tiering":
        tier = "Standard" if size <= STANDARD_VALUE else "Advanced"
    chosen = tier or "Standard"
    if chosen == "Standard" and size > STANDARD_VALUE:
        raise Refusal(
            "ValidationException",
            "Standard tier parameters support a maximum parameter value of "
            f"{STANDARD_VALUE} characters. To create a larger parameter value, upgrade the "
            "parameter to use the advanced-parameter tier. For more information, see "
            "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
            "parameter-store-advanced-parameters.html",
        )
    if size > ADVANCED_VALUE:
        raise Refusal(
            "ValidationException",
            "Advanced tier parameters support a maximum parameter value of "
            f"{ADVANCED_VALUE} characters.",
        )
    return chosen


class StrictSsmResponse(ModelConstraints, SimpleSystemManagerResponse):
    """moto's answers, after the model's constraints."""

    def get_parameters_by_path(self) -> ActionResult:
        path = self._get_param("Path")
        if not path.startswith("/"):
            raise Refusal(
                "ValidationException",
                "The parameter doesn't meet the parameter name requirements. The parameter name "
                'must begin with a forward slash "/". It can\'t be prefixed with \\"aws\\" or '
                '\\"ssm\\" (case-insensitive).',
            )
        return super().get_parameters_by_path()


def install() -> None:
    """Make moto's Parameter Store strict in this process; again changes nothing."""
    use_backend(ssm_backends, StrictSsmBackend)
    use_responses(ssm_urls, StrictSsmResponse)
