"""The promise of the interface: an older and a newer OpenAPI document go in; everything in the newer one that
a client of the older one could stumble over comes out.

`docs/compatibility.md` says what is promised. `docs/openapi.json` is what was promised last; run this module
to write it anew, which it does only when nothing in it is broken, and `docs/ladders.http` with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from flask import Flask

from service.web.openapi import publish
from tests.web.requests_file import HTTP_FILE, http_file

PUBLISHED = Path(__file__).parents[2] / "docs" / "openapi.json"
Json = Mapping[str, Any]
Way = Literal["sent", "answered"]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
#: What a value that is sent must keep to; more of it, or tighter, refuses what was taken before.
LEAST = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
MOST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")


def breaks(old: Json, new: Json) -> list[str]:
    """Everything in a newer document that breaks what an older one promised, each with its place."""
    return sorted(_Comparison(old, new).all())


def text_of(document: Json) -> str:
    """A document as it stands in its file."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def document_now() -> dict[str, Any]:
    """The document as the code publishes it."""
    return publish(Flask("service.web", static_folder=None))


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self.old, self.new = old, new
        self._seen: set[tuple[Way, str, str]] = set()

    def all(self) -> Iterator[str]:
        for path, item in self.old["paths"].items():
            for method in METHODS:
                if method not in item:
                    continue
                place = f"{method.upper()} {path}"
                now = self.new["paths"].get(path, {})
                if method not in now:
                    yield f"{place}: is gone"
                else:
                    yield from self._operation(place, _whole(item, method), _whole(now, method))

    def _operation(self, place: str, old: Json, new: Json) -> Iterator[str]:
        name = old.get("operationId")
        if name is not None and new.get("operationId") != name:
            yield f"{place}: is no longer named `{name}`"
        yield from self._security(place, old, new)
        yield from self._parameters(place, old, new)
        yield from self._request(place, old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                yield f"{place} {status}: is no longer answered"
            else:
                yield from self._response(f"{place} {status}", answer, new["responses"][status])
        for status in new["responses"].keys() - old["responses"].keys():
            if status < "400":
                yield f"{place} {status}: is a new answer that is no error"

    def _security(self, place: str, old: Json, new: Json) -> Iterator[str]:
        """Every way in that was enough must be enough still; of the scopes named, any one is."""
        now = new.get("security", [])
        for way in old.get("security") or [{}]:
            if not any(_is_enough(way, other) for other in now or [{}]):
                yield f"{place}: {_said(way)} is no longer enough to use it"

    def _parameters(self, place: str, old: Json, new: Json) -> Iterator[str]:
        was, now = (
            {(each["in"], each["name"]): each for each in told.get("parameters", ())} for told in (old, new)
        )
        for key, parameter in was.items():
            name = f"{place} {key[0]} parameter `{key[1]}`"
            if key not in now:
                yield f"{name}: is no longer taken"
                continue
            if now[key].get("required") and not parameter.get("required"):
                yield f"{name}: is now required"
            yield from self._schema("sent", name, parameter.get("schema", {}), now[key].get("schema", {}))
        for key in now.keys() - was.keys():
            if now[key].get("required"):
                yield f"{place} {key[0]} parameter `{key[1]}`: is new and required"

    def _request(self, place: str, old: Json | None, new: Json | None) -> Iterator[str]:
        if old is None or new is None:
            if old is None and new is not None and new.get("required"):
                yield f"{place} body: is now required"
            if old is not None and new is None:
                yield f"{place} body: is no longer taken"
            return
        if new.get("required") and not old.get("required"):
            yield f"{place} body: is now required"
        for media_type, content in old["content"].items():
            if media_type not in new["content"]:
                yield f"{place} body: `{media_type}` is no longer taken"
            else:
                now = new["content"][media_type].get("schema", {})
                yield from self._schema("sent", f"{place} body", content.get("schema", {}), now)

    def _response(self, place: str, old: Json, new: Json) -> Iterator[str]:
        for media_type, content in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield f"{place}: `{media_type}` is no longer answered"
            else:
                now = new["content"][media_type].get("schema", {})
                yield from self._schema("answered", place, content.get("schema", {}), now)
        for name in old.get("headers", {}).keys() - new.get("headers", {}).keys():
            yield f"{place} header `{name}`: is gone"

    def _schema(self, way: Way, place: str, old: Json, new: Json) -> Iterator[str]:
        """What a value that was right before, sent or answered, would now be wrong in."""
        was, now = _by_type(old, self.old), _by_type(new, self.new)
        wider, narrower = (now, was) if way == "sent" else (was, now)
        for kind, schema in narrower.items():
            fitting = _fitting(kind, wider)
            if fitting is None:
                yield f"{place}: {_change(way)} {kind}"
                continue
            known = (way, json.dumps(schema, sort_keys=True), json.dumps(wider[fitting], sort_keys=True))
            if known in self._seen:
                continue  # a shape that holds itself, or that was compared elsewhere
            self._seen.add(known)
            if way == "sent":
                yield from self._sent(place, schema, wider[fitting])
            else:
                yield from self._answered(place, wider[fitting], schema)

    def _sent(self, place: str, old: Json, new: Json) -> Iterator[str]:
        for gone in _lost(old.get("enum"), new.get("enum")):
            yield f"{place}: no longer takes {gone}"
        for name in (*LEAST, *MOST, "pattern", "format", "uniqueItems", "multipleOf"):
            if name in new and _is_tighter(name, old.get(name), new[name]):
                yield f"{place}: `{name}` is tighter"
        was, now = old.get("properties", {}), new.get("properties", {})
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{place}/{name}: is now required"
        for name, schema in was.items():
            if name in now:
                yield from self._schema("sent", f"{place}/{name}", schema, now[name])
            else:
                yield f"{place}/{name}: is no longer taken"
        if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
            yield f"{place}: other names are no longer taken"
        yield from self._inside("sent", place, old, new)

    def _answered(self, place: str, old: Json, new: Json) -> Iterator[str]:
        for added in _lost(new.get("enum"), old.get("enum")):
            yield f"{place}: may now be {added}"
        if "format" in old and old["format"] != new.get("format"):
            yield f"{place}: is no longer of the format `{old['format']}`"
        now = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name not in now:
                yield f"{place}/{name}: is gone"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{place}/{name}: is no longer always there"
            yield from self._schema("answered", f"{place}/{name}", schema, now[name])
        yield from self._inside("answered", place, old, new)

    def _inside(self, way: Way, place: str, old: Json, new: Json) -> Iterator[str]:
        for name in ("items", "additionalProperties"):
            was, now = old.get(name, {}), new.get(name, {})
            if isinstance(was, dict) and isinstance(now, dict):
                yield from self._schema(way, f"{place}/*", was, now)


def _whole(item: Json, method: str) -> Json:
    """An operation with the parameters that belong to its address."""
    operation = item[method]
    return {**operation, "parameters": [*item.get("parameters", ()), *operation.get("parameters", ())]}


def _by_type(schema: Json, document: Json) -> dict[str, Json]:
    """The shapes that a value may have, by its type; `any` where nothing is said."""
    if "$ref" in schema:
        _, *steps = schema["$ref"].split("/")
        found: Any = document
        for step in steps:
            found = found[step]
        return _by_type(found, document)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return {kind: each for way in schema[several] for kind, each in _by_type(way, document).items()}
    if "allOf" in schema:
        (only,) = schema["allOf"]  # apispec's way to say more about a reference
        return _by_type(only, document)
    kinds = schema.get("type", "any")
    return dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, schema)


def _fitting(kind: str, wider: Mapping[str, Json]) -> str | None:
    """The type among wider ones that takes a value of this one."""
    return next(
        (each for each in (kind, "number" if kind == "integer" else kind, "any") if each in wider), None
    )


def _change(way: Way) -> str:
    return "no longer takes" if way == "sent" else "may now be"


def _lost(old: list[Any] | None, new: list[Any] | None) -> list[str]:
    """What a list of choices had and a later one has not; no list is every choice."""
    if new is None:
        return []
    if old is None:
        return ["anything else than its choices"]
    return [f"`{each}`" for each in old if each not in new]


def _is_tighter(name: str, old: Any, new: Any) -> bool:
    if old is None:
        return True
    if name in LEAST:
        return bool(new > old)
    return bool(new < old) if name in MOST else bool(new != old)


def _is_enough(old: Json, new: Json) -> bool:
    """Whether who came in by an older way comes in by a newer one."""
    return all(
        scheme in old and (not scopes or (bool(old[scheme]) and set(old[scheme]) <= set(scopes)))
        for scheme, scopes in new.items()
    )


def _said(way: Json) -> str:
    scopes = ", ".join(f"`{scope}`" for named in way.values() for scope in named)
    return f"any of {scopes}" if scopes else "a known caller" if way else "nobody in particular"


def main() -> int:
    """Write the document of now, unless it breaks what stands there."""
    now = document_now()
    if PUBLISHED.exists():
        broken = breaks(json.loads(PUBLISHED.read_text("utf-8")), now)
        for each in broken:
            print(each)
        if broken:
            print(f"{len(broken)} promises would be broken, so nothing is written; see docs/compatibility.md")
            return 1
    PUBLISHED.write_text(text_of(now), "utf-8")
    HTTP_FILE.write_text(http_file(now), "utf-8")
    print(f"{PUBLISHED.name} and {HTTP_FILE.name} are current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
