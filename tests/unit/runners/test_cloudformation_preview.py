"""Ten thousand accounts that get one template are compared once, if they are alike."""

from __future__ import annotations

import pytest

from aft.cloudformation.stored import stored_form
from aft.runners.cloudformation.preview import MOST_KEPT, compare_rendered
from aft.values.parts import Comparison, PartOutcome

TOPIC = "Resources: {T: {Type: AWS::SNS::Topic, Properties: {TopicName: %s}}}"
ACCOUNT = '!Sub "news-${AWS::AccountId}"'
REGION = '!Sub "news-${AWS::Region}"'


def compared(old: str, new: str, account: str, region: str = "eu-central-1") -> Comparison:
    pseudo = {"AWS::AccountId": account, "AWS::Region": region}
    return compare_rendered(stored_form(TOPIC % old), TOPIC % new, pseudo)


def test_accounts_whose_template_reads_nothing_of_them_are_compared_once() -> None:
    first = compared("news", "headlines", "111122223333")
    assert [part.outcome for part in first.parts] == [PartOutcome.REPLACED]
    assert compared("news", "headlines", "444455556666") is first
    assert compared("news", "headlines", "444455556666", "us-east-1") is first


@pytest.mark.parametrize(("old", "new"), [(ACCOUNT, "news"), ("news", ACCOUNT)])
def test_accounts_whose_template_reads_their_id_are_compared_each(old: str, new: str) -> None:
    for account in ("111122223333", "444455556666", "111122223333"):
        (part,) = compared(old, new, account).parts
        (item,) = part.properties
        assert {item.before, item.after} == {"news", f"news-{account}"}


def test_what_is_read_alone_decides() -> None:
    first = compared("news", REGION, "111122223333")
    assert compared("news", REGION, "444455556666") is first
    (part,) = compared("news", REGION, "444455556666", "us-east-1").parts
    assert part.properties[0].after == "news-us-east-1"


def test_a_new_stack_and_one_of_which_nothing_was_kept_are_not_alike() -> None:
    text = TOPIC % "news"
    assert [part.outcome for part in compare_rendered(None, text, {}).parts] == [PartOutcome.ADDED]
    assert compare_rendered("", text, {}).unknown
    assert compare_rendered(stored_form(text), text, {}) == Comparison()


def test_templates_that_are_all_different_are_not_kept_for_long() -> None:
    first = compared("news", "headlines", "111122223333")
    for number in range(MOST_KEPT):
        compared("news", f"topic-{number}", "111122223333")
    again = compared("news", "headlines", "111122223333")
    assert again == first
    assert again is not first
