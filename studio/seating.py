"""Which replica a seat's batches go to. Ray Serve loads this by name, in the studio's process; nothing else imports it."""

from __future__ import annotations

from typing import Any

from ray.serve.experimental.consistent_hash_router import ConsistentHashRouter  # pyright: ignore[reportMissingImports]
from ray.serve.request_router import PendingRequest, RunningReplica  # pyright: ignore[reportMissingImports]


class SeatRouter(ConsistentHashRouter):
    """Seat k sits with replica k modulo their number, so that each has as many, which a ring of few hashes can't promise.

    A replica that is full or gone passes it on to the next.

    docs.ray.io/en/latest/serve/advanced-guides/custom-request-router.html
    """

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        there: list[Any] = sorted(candidate_replicas, key=lambda replica: replica.replica_id.unique_id)
        seat = int(pending_request.metadata.session_id or 0) if pending_request else 0
        return [[there[(seat + step) % len(there)]] for step in range(len(there))]
