"""One address may come only so often, whatever cookies it drops; where it is, only a trusted proxy may say."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from studio.bench.server import free_port
from studio.limits import AddressLimits, Allowance, Allowances, address_of
from studio.rate import Rate
from studio.serve import configured
from studio.settings import Settings
from studio.visitors import VisitorCookies

FEW = Allowances(pages=Allowance(3, 60), uploads=Allowance(2, 6), visitors=Allowance(5, 6), sockets=2)


@contextmanager
def door(most: Allowances = FEW, proxies: tuple[str, ...] = (), profile: str = "spaces", clock: list[float] | None = None) -> Iterator[str]:
    """A real server behind real sockets that lets in as the studio does; its address."""
    settings = Settings(profile=profile, folder=Path("unused"), proxies=proxies)  # type: ignore[arg-type]
    web = FastAPI()
    web.add_middleware(VisitorCookies, settings=settings)
    web.add_middleware(AddressLimits, settings=settings, most=most, clock=(lambda: clock[0]) if clock else time.monotonic)

    @web.get("/")
    @web.get("/page/studio.js")
    @web.post("/tray")
    async def told(request: Request) -> str:
        return address_of(request.scope)

    @web.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"type": "hello"})
        await socket.receive()

    port = free_port()
    config = configured(web, settings)
    config.port = port
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def ask(url: str, cookie: str = "", method: str = "GET", **headers: str) -> tuple[int, str, str]:
    """Status, body, and the cookie that was given; of a refusal Retry-After in its place."""
    told = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Cookie": cookie} if cookie else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=told)) as answer:
            return answer.status, answer.read().decode(), answer.headers.get("set-cookie", "").partition(";")[0]
    except urllib.error.HTTPError as error:
        assert "set-cookie" not in error.headers, "who is refused gains nothing"
        return error.code, error.read().decode(), error.headers["Retry-After"]


def test_dropping_the_cookie_gains_nothing_and_time_heals() -> None:
    clock = [0.0]
    with door(Allowances(pages=Allowance(100, 60), visitors=Allowance(3, 6)), clock=clock) as url:
        cookies = {ask(url)[2] for _ in range(3)}
        assert len(cookies) == 3
        status, said, wait = ask(url)
        assert (status, wait) == (429, "10")
        assert json.loads(said)["fault"]["code"] == "fault.address_visitors"
        assert ask(url, cookie=cookies.pop())[0] == 200, "who is known comes in"
        assert ask(url, method="POST")[0] == 429 and ask(f"{url}/tray", method="POST")[0] == 429
        clock[0] += 10
        assert ask(url)[0] == 200
        assert ask(url)[0] == 429


def test_pages_and_uploads_are_counted_and_what_a_page_reads_is_not() -> None:
    with door() as url:
        cookie = ask(url)[2]
        assert [ask(f"{url}/page/studio.js", cookie)[0] for _ in range(40)] == [200] * 40
        assert [ask(f"{url}/page/studio.js")[0] for _ in range(40)] == [200] * 40, "nor without a cookie, where a browser keeps none"
        assert [ask(f"{url}/tray", cookie, "POST")[0] for _ in range(3)] == [200, 200, 429]
        assert [ask(url, cookie)[0] for _ in range(3)] == [200, 200, 429]
        status, said, _ = ask(url, cookie, accept="text/html,*/*")
        assert status == 429
        assert "Your network opens this studio very often." in said and "过于频繁" in said


def test_a_socket_is_refused_in_the_words_of_the_page() -> None:
    with door(Allowances(pages=Allowance(100, 60), visitors=Allowance(100, 60), sockets=1)) as url:
        address = url.replace("http", "ws") + "/live"
        with connect(address) as first:
            assert json.loads(first.recv())["type"] == "hello"
            with connect(address) as second:
                told = json.loads(second.recv())
                assert (told["type"], told["fault"]["code"]) == ("error", "fault.address_sockets")
                with pytest.raises(ConnectionClosed) as ended:
                    second.recv()
                assert ended.value.rcvd and ended.value.rcvd.code == 1013
        for _ in range(50):  # until the server has noticed that the first is gone
            with connect(address) as third:
                if json.loads(third.recv())["type"] == "hello":
                    return
            time.sleep(0.02)
        pytest.fail("a closed socket still counts")


def test_who_says_to_come_from_elsewhere_is_believed_from_a_trusted_proxy_alone() -> None:
    with door() as url:
        assert ask(url, X_Forwarded_For="1.2.3.4")[1] == '"127.0.0.1"'
    with door(proxies=("10.0.0.0/8",)) as url:
        assert ask(url, X_Forwarded_For="1.2.3.4")[1] == '"127.0.0.1"'
    with door(proxies=("127.0.0.1", "10.0.0.0/8")) as url:
        assert ask(url, X_Forwarded_For="6.6.6.6, 1.2.3.4, 10.0.0.7")[1] == '"1.2.3.4"', "what a visitor writes stands to the left"
        assert ask(url, X_Forwarded_For="2001:db8:1:2:3:4:5:6")[1] == '"2001:db8:1:2::/64"'
        assert ask(url, X_Forwarded_For="nonsense")[0] == 200
        assert ask(url)[1] == '"127.0.0.1"'


def test_behind_a_proxy_each_address_has_its_own_allowance() -> None:
    with door(proxies=("127.0.0.1",)) as url:
        assert [ask(url, X_Forwarded_For="1.1.1.1")[0] for _ in range(4)] == [200, 200, 200, 429]
        assert ask(url, X_Forwarded_For="2.2.2.2")[0] == 200
        assert ask(url, X_Forwarded_For="9.9.9.9, 1.1.1.1")[0] == 429, "forging more gains nothing"


def test_at_home_nobody_is_counted() -> None:
    with door(profile="local") as url:
        assert {ask(url)[0] for _ in range(20)} == {200}


def test_addresses_are_forgotten_once_they_have_all_back() -> None:
    clock = [0.0]
    limits = AddressLimits(FastAPI(), Settings(profile="spaces"), FEW, lambda: clock[0])
    for number in range(50):
        limits._comer(f"a{number}").pages.allows()
    assert len(limits._comers) == 50
    clock[0] += 3600
    limits._comer("b")
    assert list(limits._comers) == ["b"]


@pytest.mark.parametrize(
    ("client", "address"),
    [(None, ""), (("testclient", 1), "testclient"), (("::ffff:1.2.3.4", 1), "1.2.3.4"), (("fe80::1%eth0", 1), "fe80::/64")],
)
def test_an_address_is_always_something(client: tuple[str, int] | None, address: str) -> None:
    assert address_of({"type": "http", "client": client}) == address


def test_a_rate_tells_how_long_it_takes() -> None:
    clock = [0.0]
    rate = Rate(2, 1, lambda: clock[0])
    assert (rate.wait, rate.full) == (0, True)
    assert rate.allows()
    assert (rate.wait, rate.full) == (0.5, False)
    clock[0] = 0.25
    assert rate.wait == 0.25
