"""Numbers in another number's type: in compiled code a plain 1 or 0.5 would make float32 expressions float64."""

from __future__ import annotations

from typing import Any

from backpath.engines.compiled.pointers import emitted


@emitted
def typed(typing: Any, x: Any, value: Any) -> Any:
    """``value`` in the type of ``x``."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[1], signature.args[1], signature.return_type)

    return x(x, value), emit
