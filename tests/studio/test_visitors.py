"""Visitors of a hosted studio are told apart by a cookie nobody else can make; elsewhere everyone is local."""

from pathlib import Path

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from studio.settings import Settings
from studio.visitors import COOKIE, VisitorCookies, visitor_of

LOCAL = Settings()
HOSTED = Settings(profile="spaces", folder=Path("unused"))


def client_of(settings: Settings) -> TestClient:
    async def whoami(request: Request) -> JSONResponse:
        return JSONResponse([visitor_of(request, settings), visitor_of(gr.Request(request), settings)])

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(visitor_of(socket, settings))
        await socket.close()

    inner = Starlette(routes=[Route("/", whoami)])
    routes = [Route("/", whoami), WebSocketRoute("/live", live), Mount("/inside", inner)]
    app = Starlette(routes=routes, middleware=[Middleware(VisitorCookies, settings=settings)])
    return TestClient(app, base_url="https://studio")


def heard(client: TestClient) -> str:
    with client.websocket_connect("wss://studio/live") as socket:
        return socket.receive_text()


@pytest.mark.parametrize("profile", ["local", "kiosk"])
def test_at_home_and_in_the_kiosk_everyone_is_local_and_no_cookie_is_set(profile):
    with client_of(Settings(profile=profile)) as client:
        answer = client.get("/", headers={"cookie": f"{COOKIE}=anything"})
        assert answer.json() == ["local", "local"]
        assert "set-cookie" not in answer.headers
        assert heard(client) == "local"


def test_a_visitor_is_the_same_from_the_first_request_on_and_through_every_door():
    with client_of(HOSTED) as client:
        first = client.get("/")
        (visitor,) = set(first.json())
        second = client.get("/")
        assert second.json() == client.get("/inside/").json() == [visitor, visitor]
        assert "set-cookie" not in second.headers
        assert heard(client) == visitor


def test_visitors_differ():
    with client_of(HOSTED) as one, client_of(HOSTED) as other:
        assert one.get("/").json() != other.get("/").json()
        assert heard(one) != heard(other)


def test_the_cookie_works_in_a_frame_and_cannot_be_read_by_scripts():
    with client_of(HOSTED) as client:
        said = client.get("/").headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/"} <= set(said.split("; "))


@pytest.mark.parametrize("forgery", ["", "x", "../../etc.passwd", f"{'0' * 32}.{'0' * 64}", f"{'0' * 32}.{'é' * 64}", "a" * 100_000])
def test_a_cookie_that_we_did_not_sign_makes_a_new_visitor(forgery):
    with client_of(HOSTED) as client:
        answer = client.get("/", headers=[(b"cookie", f"{COOKIE}={forgery}".encode())])
        (visitor,) = set(answer.json())
        assert visitor != "0" * 32
        assert len(visitor) == 32
        assert visitor in answer.headers["set-cookie"]


def test_a_cookie_signed_with_another_secret_is_not_ours():
    with client_of(HOSTED) as client:
        client.get("/")
        theirs = client.cookies[COOKIE]
    with client_of(Settings(profile="spaces")) as client:
        assert theirs[:32] not in client.get("/", headers={"cookie": f"{COOKIE}={theirs}"}).json()


def test_without_the_middleware_the_cookie_still_counts_and_nobody_is_shared():
    with client_of(HOSTED) as client:
        visitor, _ = client.get("/").json()
        cookie = f"{COOKIE}={client.cookies[COOKIE]}".encode()
    bare = {"type": "http", "headers": []}
    assert visitor_of(Request({**bare, "headers": [(b"cookie", cookie)]}), HOSTED) == visitor
    assert visitor_of(Request(bare), HOSTED) != visitor_of(Request(bare), HOSTED)
    assert visitor_of(gr.Request(cookies={COOKIE: cookie.decode().partition("=")[2]}), HOSTED) == visitor
