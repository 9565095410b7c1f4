"""Where a record system is told of events: added, renewed, ended; messages and their fate."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from issuer import service
from issuer.client.api.models import (
    Messages,
    MessageSeen,
    ReceiverAsked,
    ReceiverMade,
    Receivers,
    ReceiverSeen,
    SecretAsked,
    SecretMade,
)
from issuer.service.context import utc
from issuer.service.once import Made
from issuer.service.receivers import (
    add_receiver,
    all_receivers,
    end_receiver,
    latest_messages,
    renew_secret,
    retry_message,
)
from issuer.service.scopes import Scope
from issuer.store.messages import Message
from issuer.store.receivers import Receiver

from . import examples
from .access import SystemRoute, door_of, entered
from .bodies import made_once, read, shown, told
from .describing import Body, operation

Dead = Annotated[bool, Query(description="Only those that were given up.")]

router = APIRouter(tags=["Webhooks"], route_class=SystemRoute)


@router.post(
    "/webhooks",
    summary="Add a receiver",
    **operation(
        "addWebhook",
        scope=Scope.WEBHOOKS,
        status=201,
        answer=ReceiverMade,
        example={**examples.RECEIVER, "secret": examples.SECRET},
        body=Body(ReceiverAsked, examples.RECEIVERS_ASKED),
        refusals=("webhook.host", "api.webhook_events", "api.webhook_many", "issuer.queue_key"),
        idempotent=True,
    ),
)
async def add(request: Request) -> Response:
    """Be told of events at an https address whose host the issuer's settings allow.

    The secret is told once; messages are signed with it as Standard Webhooks has it.
    """
    caller = await entered(request, Scope.WEBHOOKS)
    asked = read(ReceiverAsked, await request.body())

    def work(issuer: service.IssuerContext) -> Made:
        made = add_receiver(issuer, client=caller.name, url=asked.url, events=asked.events)
        return told(ReceiverMade(**dict(seen(made.receiver)), secret=made.secret), status=201)

    return await made_once(request, caller, work)


@router.get(
    "/webhooks",
    summary="List receivers",
    **operation(
        "listWebhooks",
        scope=Scope.WEBHOOKS,
        answer=Receivers,
        example={"webhooks": [examples.RECEIVER]},
    ),
)
async def list_receivers(request: Request) -> Response:
    """Where this record system is told of events."""
    caller = await entered(request, Scope.WEBHOOKS)
    found = await run_in_threadpool(all_receivers, door_of(request).issuer, client=caller.name)
    return shown(Receivers(webhooks=tuple(map(seen, found))))


@router.post(
    "/webhooks/{webhook}/secret",
    summary="Renew a secret",
    **operation(
        "renewWebhookSecret",
        scope=Scope.WEBHOOKS,
        status=201,
        answer=SecretMade,
        example={"secret": examples.SECRET},
        body=Body(SecretAsked, examples.SECRETS_ASKED, required=False),
        refusals=("api.webhook_unknown", "issuer.queue_key"),
        idempotent=True,
    ),
)
async def renew(request: Request, webhook: str) -> Response:
    """A second secret: both sign until the overlap is over, or the new one alone for 0 days."""
    caller = await entered(request, Scope.WEBHOOKS)
    body = await request.body()
    asked = read(SecretAsked, body) if body else SecretAsked()

    def work(issuer: service.IssuerContext) -> Made:
        secret = renew_secret(issuer, webhook, client=caller.name, overlap_days=asked.overlap_days)
        return told(SecretMade(secret=secret), status=201)

    return await made_once(request, caller, work)


@router.post(
    "/webhooks/{webhook}/end",
    summary="End a receiver",
    **operation(
        "endWebhook",
        scope=Scope.WEBHOOKS,
        status=204,
        answer=None,
        refusals=("api.webhook_unknown", "limit.size"),
    ),
)
async def end(request: Request, webhook: str) -> Response:
    """Be told nothing more there; what waits is forgotten."""
    caller = await entered(request, Scope.WEBHOOKS)
    await run_in_threadpool(end_receiver, door_of(request).issuer, webhook, client=caller.name)
    return Response(status_code=204)


@router.get(
    "/webhooks/messages",
    summary="List messages",
    **operation(
        "listMessages",
        scope=Scope.WEBHOOKS,
        answer=Messages,
        example={"messages": [examples.MESSAGE]},
    ),
)
async def messages(request: Request, dead: Dead = False) -> Response:
    """The latest messages, and why one was not taken yet; sent ones are kept for a day."""
    caller = await entered(request, Scope.WEBHOOKS)
    found = await run_in_threadpool(
        latest_messages, door_of(request).issuer, client=caller.name, dead=dead
    )
    return shown(Messages(messages=tuple(map(_message, found))))


@router.post(
    "/webhooks/messages/{message}/retry",
    summary="Send a message again",
    **operation(
        "retryMessage",
        scope=Scope.WEBHOOKS,
        status=204,
        answer=None,
        refusals=("api.webhook_unknown", "limit.size"),
    ),
)
async def retry(request: Request, message: str) -> Response:
    """Begin anew with a message that waits or was given up."""
    caller = await entered(request, Scope.WEBHOOKS)
    await run_in_threadpool(retry_message, door_of(request).issuer, message, client=caller.name)
    return Response(status_code=204)


def seen(receiver: Receiver) -> ReceiverSeen:
    """A receiver without its secrets."""
    return ReceiverSeen(
        id=receiver.id,
        url=receiver.url,
        events=receiver.events,
        created_at=utc(receiver.created_at),
    )


def _message(message: Message) -> MessageSeen:
    return MessageSeen(
        id=message.id,
        webhook=message.receiver,
        state=message.state,
        attempts=message.attempts,
        since=utc(message.since),
        due_at=utc(message.due_at),
        problem=message.problem,
    )
