"""Callers who must be known: an `Authorization` header goes in; whoever sent it comes out, or why not."""

from __future__ import annotations

from service.access.api_keys import PREFIX, ApiKeys
from service.access.callers import Caller
from service.access.tokens import Tokens
from service.errors import NotKnown


class KnownAccess:
    """Knows callers by API keys, by tokens, or by either."""

    def __init__(self, api_keys: ApiKeys | None, tokens: Tokens | None) -> None:
        self._api_keys, self._tokens = api_keys, tokens

    def caller_of(self, authorization: str) -> Caller:
        """Who sends this `Authorization` header.

        Raises:
            NotKnown: Nobody that is known.
            AccessUnavailable: It cannot be found out now.
        """
        scheme, _, credential = authorization.strip().partition(" ")
        credential = credential.lstrip(" ")
        if scheme.lower() != "bearer" or not credential or " " in credential or "," in credential:
            raise NotKnown("the `Authorization` header is not `Bearer` and one token or API key")
        if credential.startswith(PREFIX):
            if self._api_keys is None:
                raise NotKnown("API keys are not taken here; send a token")
            return self._api_keys.caller_of(credential)
        if self._tokens is None:
            raise NotKnown("tokens are not taken here; send an API key")
        return self._tokens.caller_of(credential)
