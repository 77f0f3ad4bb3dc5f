"""Our world and moto's backends as one pickle.

moto's objects pickle but for a few (locks, private keys, weak dictionaries, functions made in
functions), which are rebuilt here. References to moto's global registries stay references.
"""

from __future__ import annotations

import functools
import importlib
import io
import marshal
import pickle
import sys
import threading
import types
import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.moto_api._internal import mock_random

from aft.sandbox.world import World

_PRIVATE_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)
_PUBLIC_KEYS = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)
_REGISTRY_EXTRAS = ("bucket_accounts",)
"""State that moto keeps on a registry itself instead of in a backend."""
_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


def dump(world: World) -> bytes:
    """Everything, as bytes."""
    names = _registry_names()
    backends: dict[str, dict[str, dict[str, Any]]] = {}
    extras: dict[str, dict[str, Any]] = {}
    for registry in list(BackendDict._instances):  # noqa: SLF001 - moto has no public list
        name = names[id(registry)]
        backends[name] = {account: dict(regions) for account, regions in registry.items()}
        extras[name] = {
            extra: getattr(registry, extra)
            for extra in _REGISTRY_EXTRAS
            if hasattr(registry, extra)
        }
    stream = io.BytesIO()
    pickle.dump(sorted(backends), stream, protocol=5)
    graph = {
        "world": world,
        "backends": backends,
        "extras": extras,
        "random": mock_random.getstate(),
    }
    _Pickler(stream, names).dump(graph)
    return stream.getvalue()


def load(content: bytes) -> World:
    """Put moto's backends back and return the world."""
    stream = io.BytesIO(content)
    # Services first, in the ordinary way: an import begun by the pickle would begin in the middle.
    for name in pickle.load(stream):  # noqa: S301 - the caller has checked whose file it is
        _registry(name)
    graph = pickle.load(stream)  # noqa: S301 - as above
    for name, accounts in graph["backends"].items():
        registry = _registry(name)
        for account_id, regions in accounts.items():
            for region, backend in regions.items():
                dict.__setitem__(registry[account_id], region, backend)
        for extra, value in graph["extras"].get(name, {}).items():
            setattr(registry, extra, value)
    mock_random.setstate(graph["random"])
    world: World = graph["world"]
    return world


_names: dict[int, str] = {}
"""Registries live as long as the process, so that their names need be found only once."""


def _registry_names() -> Mapping[int, str]:
    """``module:attribute`` of every registry moto has loaded."""
    if any(id(registry) not in _names for registry in BackendDict._instances):  # noqa: SLF001
        _names.update(_find_registry_names())
    return _names


def _find_registry_names() -> Mapping[int, str]:
    """By looking: their own ``service_name`` does not do, several say ``ec2``."""
    names: dict[int, str] = {}
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("moto.") and module_name.endswith(".models"):
            for attribute, value in list(vars(module).items()):
                # The defining module has the shortest claim: others import it by name.
                defines = attribute.endswith("_backends") and isinstance(value, BackendDict)
                if defines and value.backend.__module__ == module_name:
                    names[id(value)] = f"{module_name}:{attribute}"
                elif defines:
                    names.setdefault(id(value), f"{module_name}:{attribute}")
    return names


def _registry(name: str) -> Any:
    module, _, attribute = name.partition(":")
    importlib.import_module(module.removesuffix(".models"))
    return getattr(importlib.import_module(module), attribute)


def _account_registry(name: str, account_id: str) -> Any:
    return _registry(name)[account_id]


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, names: Mapping[int, str]) -> None:
        super().__init__(stream, protocol=5)
        self._names = names

    def reducer_override(self, obj: Any) -> Any:
        kind: Any = type(obj)
        if _is_ordinary(kind):
            return NotImplemented
        if isinstance(obj, BackendDict):
            return _registry, (self._names[id(obj)],)
        if isinstance(obj, AccountSpecificBackend):
            return _account_registry, (self._registry_of(obj), obj.account_id)
        if obj is mock_random:
            return _moto_random, ()
        if isinstance(obj, types.ModuleType):
            return importlib.import_module, (obj.__name__,)
        if isinstance(obj, _LOCK):
            return threading.Lock, ()
        if isinstance(obj, _RLOCK):
            return threading.RLock, ()
        if isinstance(obj, weakref.WeakValueDictionary):
            return _weak_values, (dict(obj.items()),)
        if isinstance(obj, defaultdict) and type(obj) is not defaultdict:
            # A subclass may want arguments; its own reduction would call it without.
            state = (vars(obj), dict(obj))
            return _new_mapping, (type(obj), obj.default_factory), state, None, None, _fill
        if isinstance(obj, types.FunctionType) and "<" in obj.__qualname__:
            return _reduce_function(obj)
        return _reduce_key(obj)

    def _registry_of(self, backend: Any) -> str:
        for registry in BackendDict._instances:  # noqa: SLF001 - moto has no public list
            if registry.get(backend.account_id) is backend:
                return self._names[id(registry)]
        raise pickle.PicklingError(f"a stray backend of {backend.service_name}")


_SPECIAL = (
    BackendDict,
    AccountSpecificBackend,
    type(mock_random),
    types.ModuleType,
    types.FunctionType,
    *(_LOCK, _RLOCK, weakref.WeakValueDictionary, defaultdict),
    *(*_PRIVATE_KEYS, *_PUBLIC_KEYS),
)


@functools.cache
def _is_ordinary(kind: type) -> bool:
    """``pickle`` can do without us. Asked of each of some thousand objects, once per class."""
    return not issubclass(kind, _SPECIAL)


def _reduce_key(obj: Any) -> Any:
    if isinstance(obj, _PRIVATE_KEYS):
        return _private_key, (_pem_of_private(obj),)
    if isinstance(obj, _PUBLIC_KEYS):
        return _public_key, (_pem_of_public(obj),)
    return NotImplemented


def _moto_random() -> Any:
    return mock_random


def _weak_values(items: Mapping[Any, Any]) -> weakref.WeakValueDictionary[Any, Any]:
    return weakref.WeakValueDictionary(items)


def _new_mapping(kind: Any, factory: Callable[[], Any] | None) -> Any:
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


def _fill(mapping: Any, state: tuple[Mapping[str, Any], Mapping[Any, Any]]) -> None:
    attributes, items = state
    vars(mapping).update(attributes)
    dict.update(mapping, items)


def _reduce_function(function: types.FunctionType) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    cells = tuple(cell.cell_contents for cell in function.__closure__ or ())
    code = marshal.dumps(function.__code__)
    return _function, (code, function.__module__, function.__defaults__, cells)


def _function(
    code: bytes, module: str, defaults: tuple[Any, ...] | None, cells: tuple[Any, ...]
) -> types.FunctionType:
    importlib.import_module(module)
    return types.FunctionType(
        marshal.loads(code),  # noqa: S302 - part of the pickle, see ``load``
        vars(sys.modules[module]),
        argdefs=defaults,
        closure=tuple(types.CellType(cell) for cell in cells) or None,
    )


def _pem_of_private(key: Any) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem


def _pem_of_public(key: Any) -> bytes:
    pem: bytes = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def _private_key(pem: bytes) -> Any:
    # Whether it is a sound key was asked when it was made: to ask again takes a tenth of a second.
    return serialization.load_pem_private_key(
        pem, password=None, unsafe_skip_rsa_key_validation=True
    )


def _public_key(pem: bytes) -> Any:
    return serialization.load_pem_public_key(pem)
