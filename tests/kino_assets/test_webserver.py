"""Who may speak to Dagster's user interface, which takes commands without any sign-in."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from kino_assets.own_pages import OwnPagesOnly

HERE = {"host": "localhost:3000"}
EVIL = {"origin": "http://evil.example"}
OWN = {"origin": "http://localhost:3000"}


async def dagster(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        await socket.close()
    else:
        await PlainTextResponse("done")(scope, receive, send)


@pytest.fixture
def client() -> TestClient:
    return TestClient(OwnPagesOnly(dagster, "https://kino.example"), base_url="http://localhost:3000")


@pytest.mark.parametrize(
    ("method", "path", "headers", "passes"),
    [
        pytest.param("POST", "/graphql", OWN | {"sec-fetch-site": "same-origin"}, True, id="its own page"),
        pytest.param("POST", "/graphql", OWN, True, id="its own page in an old browser"),
        pytest.param("POST", "/graphql", {}, True, id="a program on this machine"),
        pytest.param("POST", "/graphql", {"host": "kino.example"}, True, id="the host people use"),
        pytest.param("POST", "/graphql", EVIL, False, id="another site"),
        pytest.param("POST", "/graphql?query=x", EVIL | {"sec-fetch-site": "cross-site"}, False, id="no preflight"),
        pytest.param("POST", "/graphql", {"sec-fetch-site": "same-site"}, False, id="another port of this machine"),
        pytest.param("POST", "/report_asset_materialization/x", EVIL, False, id="a made-up materialisation"),
        pytest.param("GET", "/graphql?query=x", {"sec-fetch-site": "cross-site"}, False, id="a command in a picture"),
        pytest.param(
            "GET",
            "/graphql?query=x",
            {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
            False,
            id="a command in a mail",
        ),
        pytest.param(
            "GET", "/runs/1", {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"}, True, id="a link from Kino"
        ),
        pytest.param("GET", "/runs/1", {"host": "evil.example"}, False, id="a name that somebody resolved to us"),
    ],
)
def test_only_its_own_pages_and_local_programs_command_it(
    client: TestClient, method: str, path: str, headers: dict[str, str], passes: bool
) -> None:
    answer = client.request(method, path, headers=HERE | headers)
    assert (answer.status_code, answer.text == "done") == ((200, True) if passes else (403, False))


@pytest.mark.parametrize(("headers", "passes"), [(OWN, True), (EVIL, False), ({"host": "evil.example"}, False)])
def test_sockets_open_to_its_own_pages_alone(client: TestClient, headers: dict[str, str], passes: bool) -> None:
    if passes:
        with client.websocket_connect("/graphql", headers=HERE | headers):
            pass
    else:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/graphql", headers=HERE | headers):
            pass
