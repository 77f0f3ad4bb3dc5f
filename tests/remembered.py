"""What botocore and moto compute again and again, and the suite once: a quarter of what it costs.

Nothing here changes an answer. Everything is a function of a service's model, which no test alters.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

from botocore import hooks, httpsession, regions, useragent
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import EventAliaser
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker


def remember() -> None:
    """From here on, in this process."""
    _remember_files()
    _remember_models()
    _remember_rules()
    _remember_handlers()
    _remember_names()
    _remember_keys()
    # How to speak TLS, which is made for every client. Here none does.
    httpsession.create_urllib3_context = functools.cache(httpsession.create_urllib3_context)


def _remember_files() -> None:
    """Every session reads the same files of JSON, where endpoints are alone a megabyte."""
    known: dict[tuple[str, ...], dict[Any, Any]] = {}
    init = Loader.__init__

    def __init__(self: Loader, *arguments: Any, **options: Any) -> None:  # noqa: N807
        init(self, *arguments, **options)
        self._cache = known.setdefault((*self._search_paths, "", *self._extras_types), {})

    Loader.__init__ = __init__


def _remember_models() -> None:
    """The suite makes thousands of clients. For every one, botocore reads the service's model anew,
    all shapes in it, and makes the methods of its class, seven hundred for EC2."""
    models: dict[tuple[str, str | None], ServiceModel] = {}
    methods: dict[tuple[str, str], dict[str, Any]] = {}
    load, make = ClientCreator._load_service_model, ClientCreator._create_methods

    def load_service_model(
        self: ClientCreator, service_name: str, api_version: str | None = None
    ) -> ServiceModel:
        key = (service_name, api_version)
        if key not in models:
            models[key] = load(self, service_name, api_version)
        return models[key]

    def create_methods(self: ClientCreator, model: ServiceModel) -> dict[str, Any]:
        key = (model.service_name, model.api_version)
        if key not in methods:
            methods[key] = make(self, model)
        return dict(methods[key])

    ClientCreator._load_service_model = load_service_model
    ClientCreator._create_methods = create_methods


def _remember_rules() -> None:
    """By which rules a service's endpoints are found: for every client they are read anew."""
    known: dict[tuple[int, int, frozenset[str]], tuple[EndpointProvider, object]] = {}

    def endpoint_provider(
        ruleset_data: Mapping[str, Any],
        partition_data: Mapping[str, Any],
        excluded_params: set[str] | None = None,
    ) -> EndpointProvider:
        key = (id(ruleset_data), id(partition_data), frozenset(excluded_params or ()))
        if key not in known:
            made = EndpointProvider(ruleset_data, partition_data, excluded_params)
            known[key] = (made, (ruleset_data, partition_data))  # whose ids are theirs for good
        return known[key][0]

    regions.EndpointProvider = endpoint_provider


def _remember_handlers() -> None:
    """Every client has its own copy of what handles events, some 400 lists, here only of those it
    adds to; and whether a handler takes any argument is asked for each again."""

    def copied(node: dict[str, Any]) -> dict[str, Any]:
        values, children = node["values"], node["children"]
        return {
            "chunk": node["chunk"],
            "children": {name: copied(child) for name, child in children.items()},
            "values": values and hooks.NodeList(*map(list, values)),
        }

    def added(node: dict[str, Any], below: list[str], handler: object, section: int) -> Any:
        """``node`` with a handler more: what is on the way to it is new, all else is the same."""
        if below:
            name, *rest = below
            empty = {"chunk": name, "children": {}, "values": None}
            child = added(node["children"].get(name, empty), rest, handler, section)
            return {**node, "children": {**node["children"], name: child}}
        values = hooks.NodeList(*map(list, node["values"] or ((), (), ())))
        values[section].append(handler)
        return {**node, "values": values}

    def copy(self: hooks._PrefixTrie) -> hooks._PrefixTrie:
        made = hooks._PrefixTrie()
        made._root = self._root
        return made

    def append_item(
        self: hooks._PrefixTrie, key: str, value: object, section: int = hooks._MIDDLE
    ) -> None:
        self._root = added(self._root, key.split("."), value, section)

    remove = hooks._PrefixTrie.remove_item

    def remove_item(self: hooks._PrefixTrie, key: str, value: object) -> None:
        self._root = copied(self._root)
        remove(self, key, value)

    takes: dict[types.CodeType, bool] = {}
    look = hooks.accepts_kwargs

    def accepts_kwargs(handler: Callable[..., Any]) -> bool:
        code = getattr(handler, "__code__", None)  # a method has its function's
        if not isinstance(code, types.CodeType):
            return bool(look(handler))
        if code not in takes:
            takes[code] = bool(look(handler))
        return takes[code]

    hooks._PrefixTrie.__copy__ = copy
    hooks._PrefixTrie.append_item = append_item
    hooks._PrefixTrie.remove_item = remove_item
    hooks.accepts_kwargs = accepts_kwargs


def _remember_names() -> None:
    """The modern names of events, and what may stand in a user agent, letter by letter."""
    names: dict[str, str] = {}
    name_of = EventAliaser._alias_event_name

    def alias_event_name(self: EventAliaser, name: str) -> str:
        if name not in names:
            names[name] = name_of(self, name)
        return names[name]

    EventAliaser._alias_event_name = alias_event_name
    useragent.sanitize_user_agent_string_component = functools.cache(
        useragent.sanitize_user_agent_string_component
    )


def _remember_keys() -> None:
    """Under which names moto looks for each member of a shape in its own objects."""
    keys: dict[tuple[Any, ...], tuple[str, ...]] = {}
    keys_of = XFormedAttributePicker.get_possible_keys

    def get_possible_keys(
        self: XFormedAttributePicker, context: AttributePickerContext
    ) -> tuple[str, ...]:
        shape = context.shape
        place = (type(self), tuple(self.alias_providers), type(context.obj), context.key)
        key = (*place, shape, getattr(shape, "parent", None))
        if key not in keys:
            keys[key] = tuple(keys_of(self, context))
        return keys[key]

    XFormedAttributePicker.get_possible_keys = get_possible_keys
