"""What botocore and moto compute again and again, and the suite once: a quarter of what it costs.

Nothing here changes an answer. Everything is a function of a service's model, which no test alters.
"""

from __future__ import annotations

import functools
from typing import Any

from botocore import useragent
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.model import ServiceModel
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker


def remember() -> None:
    """From here on, in this process."""
    _remember_models()
    _remember_names()
    _remember_keys()


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
