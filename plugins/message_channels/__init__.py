"""How notices leave: on the console, to a webhook, as files for a gateway, or nowhere."""

from collections.abc import Mapping

from civicloop import ChannelType, hookimpl

from .console import Console
from .file_drop import FileDrop
from .nowhere import Nowhere
from .webhook import Webhook


@hookimpl
def civicloop_channels() -> Mapping[str, ChannelType]:
    """The channel kinds of this plugin."""
    return {"console": Console, "webhook": Webhook, "file_drop": FileDrop, "null": Nowhere}
