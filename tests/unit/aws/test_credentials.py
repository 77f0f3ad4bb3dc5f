"""Cached role credentials: renewed in time, asked for once, never shown."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from builders_aws import ManualClock

from aft.aws.credentials import CredentialCache, Credentials
from aft.errors import Denied


def hour_from(clock: ManualClock, number: int) -> Credentials:
    return Credentials(
        access_key=f"ASIA{number}",
        secret_key=f"secret-{number}",
        token=f"token-{number}",
        expires_at=clock.now() + timedelta(hours=1),
    )


def test_credentials_are_kept_until_shortly_before_they_expire() -> None:
    clock, made = ManualClock(), 0

    def assume(_: str) -> Credentials:
        nonlocal made
        made += 1
        return hour_from(clock, made)

    cache = CredentialCache(assume, clock=clock)
    first = cache.get("a")
    clock.sleep(54 * 60)
    assert cache.get("a") is first
    clock.sleep(2 * 60)
    renewed = cache.get("a")
    assert renewed.access_key == "ASIA2"
    assert renewed.expires_at > clock.now()


def test_many_threads_ask_once_per_identity() -> None:
    clock, asked, lock = ManualClock(), [], threading.Lock()

    def assume(identity: str) -> Credentials:
        with lock:
            asked.append(identity)
            return hour_from(clock, len(asked))

    cache = CredentialCache(assume, clock=clock)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(cache.get, ["a", "b"] * 50))
    assert sorted(asked) == ["a", "b"]
    assert len(set(map(id, found))) == 2


def test_the_cache_is_bounded() -> None:
    clock, asked = ManualClock(), []

    def assume(identity: str) -> Credentials:
        asked.append(identity)
        return hour_from(clock, len(asked))

    cache = CredentialCache(assume, clock=clock, size=2)
    for identity in ("a", "b", "a", "c", "a", "b"):
        cache.get(identity)
    assert asked == ["a", "b", "c", "b"]  # b was the one least lately used when c came


def test_a_refused_role_is_asked_again() -> None:
    clock, answers = ManualClock(), [Denied("not yet"), None]

    def assume(_: str) -> Credentials:
        refusal = answers.pop(0)
        if refusal is not None:
            raise refusal
        return hour_from(clock, 1)

    cache = CredentialCache(assume, clock=clock)
    with pytest.raises(Denied):
        cache.get("a")
    assert cache.get("a").access_key == "ASIA1"


def test_secrets_do_not_show() -> None:
    shown = repr(hour_from(ManualClock(), 7))
    assert "secret" not in shown.replace("secret_key", "")
    assert "token-7" not in shown
    assert "ASIA7" not in shown
