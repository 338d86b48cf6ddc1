"""The headers that every answer carries, and whose page may show ours."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from studio.headers import SafeHeaders
from studio.settings import Settings


def answer(settings: Settings, **own: str) -> dict[str, str]:
    """The headers of an answer that has these of its own."""

    def plain(_: Request) -> Response:
        return PlainTextResponse("x", headers={name.replace("_", "-"): value for name, value in own.items()})

    return dict(TestClient(SafeHeaders(Starlette(routes=[Route("/", plain)]), settings)).get("/").headers)


def test_every_answer_says_what_to_refuse() -> None:
    headers = answer(Settings())
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "object-src 'none'" in headers["content-security-policy"]
    assert headers["content-security-policy"].endswith("frame-ancestors 'self'")
    for used in ("camera=(self)", "microphone=(self)", "midi=(self)", "geolocation=()"):
        assert used in headers["permissions-policy"]


def test_frames_are_those_that_are_set() -> None:
    policy = answer(Settings(frames=("'self'", "https://a.org")))["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://a.org")


def test_a_stricter_policy_of_an_answer_s_own_is_kept() -> None:
    headers = answer(Settings(), content_security_policy="default-src 'none'", referrer_policy="no-referrer")
    assert (headers["content-security-policy"], headers["referrer-policy"]) == ("default-src 'none'", "no-referrer")
