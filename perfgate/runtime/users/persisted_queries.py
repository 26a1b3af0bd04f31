"""Persisted GraphQL queries: the hash is sent, and the query once more where the server does not know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.graphql import is_unknown_query

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor


class PersistedQuery:
    """`PersistedQuery(Endpoint(..., graphql=operation("query Search ...", "Search", persisted=True)))`

    Where both are sent, their times and sizes add up, as they do for a client.
    """

    def __init__(self, request: Endpoint) -> None:
        self.name, self.request = request.name, request
        self._full = request.with_query()

    def perform(self, visitor: Visitor) -> bool:
        start = visitor.begin(self.request)
        with visitor.under_way():
            response, failure = visitor.exchange(self.request)
            if is_unknown_query(response):
                before = response
                response, failure = visitor.exchange(self._full)
                response.add(before)
        response.queue = start.queued
        if failure is None and self.request.captures:
            captured, failure = self.request.captured(response)
            visitor.values.update(captured)
        visitor.record(self.request.series, start.began, response, failure)
        return failure is None
