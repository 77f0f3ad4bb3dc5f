from __future__ import annotations

import json

import pytest
from builders_inside import facts

from aft.customizations.model import StepInputs
from aft.customizations.step_inputs_json import decode_inputs, encode_inputs
from aft.organization.model import Contact


@pytest.mark.parametrize("account_id", ["012345678901", None])
def test_inputs_survive_the_way_through_json(account_id: str | None) -> None:
    inputs = StepInputs(
        account=facts(
            account_id,
            contacts={"billing": Contact(name="B", title="T", email="b@example.com", phone="1")},
            custom_fields={"vpc": {"cidr": "10.0.0.0/16"}, "zones": ["a"], "none": None},
        ),
        outputs={"web/10-a.cfn.yaml": {"Arn": "arn"}},
    )
    assert decode_inputs(json.loads(json.dumps(encode_inputs(inputs)))) == inputs
