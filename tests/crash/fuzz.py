"""Coverage-guided fuzzing of the parsers with atheris, for as long as you like; not part of the gate.

``pip install 'civicloop[fuzz]'``, then ``python tests/crash/fuzz.py event -max_total_time=600``, or another of
``TARGETS``. Every option of libFuzzer may follow. It ends with a traceback and the input where a parser raises what
it should not.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Final

import atheris

with atheris.instrument_imports(include=["civicloop"]):
    from civicloop.core.engine.answering import read_answer
    from civicloop.core.engine.receipt import InvalidAnswer
    from civicloop.core.gateway.cloudevents import EnvelopeError, parse, read_event, read_json
    from civicloop.core.gateway.cloudevents_http import BATCH_TYPE, read_request
    from civicloop.core.model.limit import Limit
    from civicloop.core.street.complaint import Complaints
    from civicloop.core.street.tables import parse_toml


def binary(data: bytes) -> None:
    """Headers, one a line, then an empty line and the body."""
    head, _, body = data.partition(b"\n\n")
    lines = (line.partition(b":") for line in head.split(b"\n"))
    headers = {name.decode("latin-1"): value.decode(errors="surrogateescape") for name, _, value in lines}
    read_request(headers, body)


def answer(data: bytes) -> None:
    """The data of an answer."""
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "loop.report", "data": parse(data)}
    read_answer(read_event(event))


TARGETS: Final[dict[str, Callable[[bytes], object]]] = {
    "event": read_json,
    "batch": lambda data: read_request({"Content-Type": BATCH_TYPE}, data),
    "binary": binary,
    "answer": answer,
    "limit": lambda data: Limit.parse(data.decode(errors="surrogateescape")),
    "toml": lambda data: parse_toml("civicloop.toml", data, Complaints()),
}
REFUSALS: Final[dict[str, type[Exception]]] = {"limit": ValueError}


def main() -> None:
    """Fuzz the parser that is named first."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name one of {', '.join(TARGETS)}")
    name = sys.argv.pop(1)
    read, refusal = TARGETS[name], REFUSALS.get(name, EnvelopeError)

    def once(data: bytes) -> None:
        with contextlib.suppress(refusal, InvalidAnswer):
            read(data)

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
