"""The hooks a plugin may implement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from .channel import ChannelType
    from .scenario import Scenario

GROUP = "civicloop"
"""The entry-point group under which plugins are found."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """Every hook with its exact signature; a plugin implements those it needs."""

    @hookspec
    def civicloop_scenarios(self) -> list[type[Scenario[Any, Any]]]:  # type: ignore[empty-body]  # a specification
        """The scenario classes this plugin brings."""

    @hookspec
    def civicloop_channels(self) -> Mapping[str, ChannelType]:  # type: ignore[empty-body]  # a specification
        """Channel classes by the ``kind`` that streets write in ``[channels.NAME]``."""
