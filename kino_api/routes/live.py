"""`/ws`: an open page hears what happens to what it shows."""

import asyncio
import re
import uuid
from contextlib import suppress

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketState

from kino_api.access import sees_project
from kino_api.authentication import bearer_token, socket_visitor
from kino_api.live import Close, Listener
from kino_api.permissions import Action, Permission, Resource, check_permission
from kino_api.resources import Resources, resources_of
from kino_api.users import User
from kino_api.watching import note
from kino_core.errors import KinoError
from kino_core.live import PORTFOLIO, project_topic
from kino_core.origins import is_own_origin
from kino_core.watch import Suspicion

router = APIRouter()

HEARTBEAT_SECONDS = 15.0
MOST_TOPICS = 20
LONGEST_MESSAGE = 4096
HEARTBEAT = '{"kind":"heartbeat"}'
SUBSCRIBED = '{"kind":"subscribed"}'
WATCH = Permission(Resource.ACTIVITY, Action.READ)

_PROJECT = re.compile(r"project:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class _Wish(msgspec.Struct, forbid_unknown_fields=True):
    subscribe: list[str]


@router.websocket("/ws")
async def live(socket: WebSocket) -> None:
    """Send the messages of the topics that the page subscribes to, until it leaves or its session ends."""
    resources = resources_of(socket)
    # A page of another site may open sockets to us, and the browser would add our cookies.
    if bearer_token(socket) is None and not is_own_origin(
        socket.headers.get("origin", ""), socket.headers.get("host", "")
    ):
        note(socket, Suspicion.CROSS_SITE)
        await socket.close(Close.REFUSED)
        return
    try:
        visitor = await run_in_threadpool(socket_visitor, socket)
        check_permission(visitor.user, WATCH)
    except KinoError:
        await socket.close(Close.SIGNED_OUT)
        return
    await socket.accept()
    listener = resources.hub.join(visitor.user, visitor.session_id)
    receiving = asyncio.create_task(_receive(socket, resources, listener))
    try:
        await _send(socket, listener)
    except WebSocketDisconnect:
        pass
    finally:
        resources.hub.leave(listener)
        receiving.cancel()
        with suppress(asyncio.CancelledError):
            await receiving


async def _send(socket: WebSocket, listener: Listener) -> None:
    """Send what is queued, or a heartbeat in a quiet time, until the queue says how to close."""
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                next_thing = await listener.queue.get()
        except TimeoutError:
            next_thing = HEARTBEAT
        if isinstance(next_thing, Close):
            if socket.client_state is WebSocketState.CONNECTED:
                await socket.close(next_thing)
            return
        await socket.send_text(next_thing)


async def _receive(socket: WebSocket, resources: Resources, listener: Listener) -> None:
    """Do what the page asks until it leaves."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            listener.close(Close.SHUTTING_DOWN)
            return
        text = message.get("text") or ""
        if len(text) > LONGEST_MESSAGE:
            listener.close(Close.TOO_BIG)
            return
        topics = read_wish(text)
        try:
            heard = None if topics is None else await run_in_threadpool(_heard, resources, listener.user, topics)
        except KinoError:
            # Whether the projects exist cannot be told now; the page tries again.
            listener.close(Close.NO_LIVE_CHANNEL)
            return
        if heard is None:
            listener.close(Close.REFUSED)
            return
        resources.hub.subscribe(listener, heard)
        listener.offer(SUBSCRIBED)


def read_wish(text: str) -> list[str] | None:
    """Return the topics that a page asks for, None when it asks for anything else."""
    try:
        topics = msgspec.json.decode(text, type=_Wish).subscribe
    except msgspec.MsgspecError:
        return None
    known = all(topic == PORTFOLIO or _PROJECT.fullmatch(topic) for topic in topics)
    return topics if known and len(topics) <= MOST_TOPICS else None


def _heard(resources: Resources, user: User, topics: list[str]) -> set[str] | None:
    """Return the topics that the page will hear, None when it asks for a project that the user does not see.

    The portfolio of somebody without a role for everything is their own projects.
    """
    wanted = {uuid.UUID(found[1]) for topic in topics if (found := _PROJECT.fullmatch(topic))}
    heard = set(topics)
    if user.role is None and PORTFOLIO in heard:
        heard = (heard - {PORTFOLIO}) | {project_topic(project_id) for project_id in user.memberships}
    if not wanted:
        return heard
    with resources.database.read() as session:
        return heard if all(sees_project(session, user, project_id) for project_id in wanted) else None
