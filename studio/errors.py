"""What goes wrong in a way that a visitor can read and act upon."""

from __future__ import annotations

from typing import Any

from studio.words import say


class Fault(Exception):
    """A fault with its remedy, as a code in studio/text/ and what fills its placeholders.

    `status` is the HTTP status that a door to the outside answers with. str(fault) is the English sentence;
    the page says the code in the visitor's own language.
    """

    def __init__(self, code: str, /, *, status: int = 400, **params: str | int | float) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        # Lone surrogates, which JSON from outside may hold, can be sent to nobody.
        self.params = {name: one.encode("utf-8", "replace").decode() if isinstance(one, str) else one for name, one in params.items()}

    def __str__(self) -> str:
        return say("en", self.code, **self.params)

    def as_json(self) -> dict[str, Any]:
        """{"code", "params", "text": the English sentence}"""
        return {"code": self.code, "params": self.params, "text": str(self)}
