"""The door through which one agent event comes in; its checks run in the order of the contract."""

from kino_core.errors import Forbidden, KinoError
from kino_ingest.agent_gate import AgentGate
from kino_ingest.agent_report import read_report, report_event
from kino_ingest.handover import Handover
from kino_ingest.http_request import JSON, Request, check_declared, read_body
from kino_ingest.landing import Outcome
from kino_ingest.limits import Limits
from kino_ingest.lookups import Lookups
from kino_ingest.refusals import note_refusal


class AgentDoor:
    """`POST /webhooks/agent-update`."""

    def __init__(self, limits: Limits, gate: AgentGate, handover: Handover, lookups: Lookups) -> None:
        self._limits = limits
        self._gate = gate
        self._handover = handover
        self._lookups = lookups

    async def take(self, request: Request) -> tuple[str, Outcome]:
        """Return the event's id and what became of it, once it is durable; raises a KinoError for what is refused."""
        token, waited = await self._gate.token(request)
        raw, most = b"", self._limits.agent_body_bytes
        try:
            packed = check_declared(request.headers, kinds=JSON, max_bytes=most, gzip_allowed=True)
            await self._gate.spend(token, request)
            raw = await read_body(
                request.receive, packed=packed, max_bytes=most, seconds=self._limits.agent_body_seconds
            )
            self._gate.check_signature(token, request.headers, raw)
            received = await self._handover.parsed(read_report, raw)
            if received.report.project_id not in (None, token.project_id):
                raise Forbidden("The token belongs to another project than the event names.")
        except KinoError as error:
            note_refusal(request, error, raw, token_id=token.id)
            raise
        event = report_event(received, project_id=token.project_id, token_id=token.id, agent_type=token.agent_type)
        outcome = await self._handover.land(event, event_id=received.event_id, request_id=request.id, waited=waited)
        self._lookups.note_used(token.id)
        return received.event_id, outcome
