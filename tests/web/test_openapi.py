"""The published interface: valid OpenAPI 3.1, complete, and true of what the service answers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.web.api.authzen import EXAMPLE
from service.web.pages.reference import marked
from service.web.problems import KINDS


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document."""
    told: dict[str, Any] = json.loads(app.test_client().get("/openapi.json").data)
    return told


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """Holds values to a schema of the document."""
    return Draft202012Validator({**schema, "components": document["components"]})


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation: path, method, what is told of it."""
    return [
        (path, method, told)
        for path, item in document["paths"].items()
        for method, told in item.items()
        if method != "parameters"
    ]


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    """Generators of clients refuse what is not valid."""
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_address_under_v1_and_health_is_published(document: dict[str, Any], app: Flask) -> None:
    """What is not published cannot be relied on, so it should not be there."""
    rules = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/v1", "/health", "/access", "/.well-known"))
    }
    assert rules == set(document["paths"])


#: What is read by tools of the world of transparency logs, in the forms that they know.
AS_TEXT = {
    "/v1/log/checkpoint",
    "/v1/log/growth",
    "/v1/log/leaves",
    "/v1/log/entries/{which}/proof",
}


def test_every_operation_has_a_name_for_generated_clients(document: dict[str, Any]) -> None:
    """Without one, generators make a method such as `v1VerdictsVerdictIdDecisionsPost`, each its own. The
    name says by itself what it does, for a generated client has all of them side by side.
    """
    names = [told.get("operationId", "") for _, _, told in operations(document)]
    assert len({*map(str.lower, names)}) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)+|simulate", name), name


def test_every_operation_says_what_it_is_for_and_how_it_can_fail(document: dict[str, Any]) -> None:
    """A caller writes the handling of errors from this document alone."""
    for path, method, told in operations(document):
        assert told["summary"], (path, method)
        assert told["tags"], (path, method)
        statuses = set(told["responses"])
        if path != "/health/live":
            assert "500" in statuses, (path, method)
        for status, answer in told["responses"].items():
            taken = set(told.get("requestBody", {}).get("content", {"application/json": {}}))
            if path in AS_TEXT and status == "200":
                continue
            assert set(answer["content"]) == (taken if status < "300" else {"application/problem+json"})
            for content in answer["content"].values():
                assert content["schema"]["$ref"].startswith("#/components/schemas/"), (path, status)


def test_every_kind_of_problem_is_published_with_an_example(document: dict[str, Any]) -> None:
    """Each type of problem can be met somewhere, and is shown there."""
    shown: dict[str, Any] = {}
    problem = validator(document, document["components"]["schemas"]["Problem"])
    for _, _, told in operations(document):
        for status, answer in told["responses"].items():
            for content in answer["content"].values():
                for name, example in content.get("examples", {}).items():
                    if "$ref" not in example:
                        continue
                    assert example == {"$ref": f"#/components/examples/{name}"}
                    told_once = document["components"]["examples"][name]["value"]
                    problem.validate(told_once)
                    assert told_once["status"] == int(status)
                    shown[name] = told_once
    assert set(shown) == set(KINDS) - {"wrong-method"}  # not an operation's answer, but that of a missing one


def test_the_examples_are_what_they_are_examples_of(document: dict[str, Any]) -> None:
    """An example is copied before any text is read."""
    post = document["paths"]["/v1/verdicts"]["post"]
    body = post["requestBody"]["content"]["application/json"]
    for example in body["examples"].values():
        validator(document, body["schema"]).validate(example["value"])
    content = post["responses"]["201"]["content"]["application/json"]
    validator(document, content["schema"]).validate(content["example"])


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1/tracks", "/v1/tracks"),
        ("/v1/tracks?on=2001-01-01", "/v1/tracks"),
        ("/v1/tracks/people-lead", "/v1/tracks/{track}"),
        ("/v1/tracks/stone-craft?on=2001-01-01", "/v1/tracks/{track}"),
        ("/v1/facts", "/v1/facts"),
        ("/v1/facts?for=people-lead/team-lead", "/v1/facts"),
        ("/v1/status", "/v1/status"),
        ("/health/live", "/health/live"),
        ("/health/ready", "/health/ready"),
    ],
)
def test_answers_are_as_published(
    path: str, operation: str, document: dict[str, Any], client: FlaskClient
) -> None:
    """Nothing missing, nothing of another type, nothing that is not published."""
    response = client.get(path)
    assert response.status_code == 200
    content = document["paths"][operation]["get"]["responses"]["200"]["content"]["application/json"]
    told = json.loads(response.data)
    validator(document, content["schema"]).validate(told)
    assert unpublished(told, content["schema"], document) == []


@pytest.mark.parametrize(
    "trainings", [None, [], [{"hours": 9, "completed_on": "2026-02-02"}], [{"hours": 9}]]
)
def test_verdicts_are_as_published(
    trainings: Any, document: dict[str, Any], client: FlaskClient, good: dict[str, Any]
) -> None:
    """The shape is written down apart from the code that makes verdicts, so it must be held to them."""
    good["facts"]["trainings"] = trainings
    good["facts"]["unheard_of"] = 1
    good["waivers"] = [
        {
            "requirement": "trained",
            "by": "people-director",
            "granted_on": "2026-12-01",
            "until": "2027-01-31",
            "reason": "the course is full",
        }
    ]
    told = json.loads(
        client.post("/v1/verdicts", data=json.dumps(good), content_type="application/json").data
    )
    schema = {"$ref": "#/components/schemas/Verdict"}
    validator(document, schema).validate(told)
    assert unpublished(told, schema, document) == []


@pytest.mark.parametrize("query", ["", "?view=candidate", "?view=workflow", "?view=audit"])
@pytest.mark.parametrize("address", ["/v1/verdicts", "/v1/verdicts/batch", "/v1/simulations"])
def test_what_a_view_leaves_out_is_published(
    address: str, query: str, document: dict[str, Any], client: FlaskClient, good: dict[str, Any]
) -> None:
    """A generated client refuses an answer without a field that was said to be always there."""
    bodies = {
        "/v1/verdicts": good,
        "/v1/verdicts/batch": {"requests": [good, {}]},
        "/v1/simulations": {"request": good, "what_if": {"as_of": "2027-02-01"}},
    }
    response = client.post(f"{address}{query}", json=bodies[address])
    hold_to_the_document(response, document["paths"][address]["post"], document)


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/v1/options", {"candidate": {"id": "E"}, "from": None, "as_of": "2027-01-01", "facts": {}}),
        ("/access/v1/evaluation", {**EXAMPLE, "context": {}}),
        ("/access/v1/evaluations", {**EXAMPLE, "context": {}, "evaluations": [{}, {"action": 7}]}),
    ],
)
def test_other_answers_are_as_published(
    address: str, body: Any, document: dict[str, Any], client: FlaskClient
) -> None:
    """Random requests seldom get as far as an answer."""
    if "resource" in body:
        body["resource"] = {"type": "level", "id": "people-lead/team-lead"}
    hold_to_the_document(client.post(address, json=body), document["paths"][address]["post"], document)


def hold_to_the_document(response: Any, operation: dict[str, Any], document: dict[str, Any]) -> None:
    """The answer has the published shape, and no name more."""
    assert 200 <= response.status_code < 300, response.data
    content = operation["responses"][str(response.status_code)]["content"][response.content_type]
    told = json.loads(response.data)
    validator(document, content["schema"]).validate(told)
    assert unpublished(told, content["schema"], document) == []


def unpublished(told: Any, schema: dict[str, Any], document: dict[str, Any], where: str = "") -> list[str]:
    """The places of names that an answer has and its published schema has not."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for way in schema.get("anyOf", []):
        if "$ref" in way and told is not None:
            return unpublished(told, way, document, where)
    if isinstance(told, list) and isinstance(schema.get("items"), dict):
        return [name for each in told for name in unpublished(each, schema["items"], document, where + "/*")]
    if not isinstance(told, dict) or "properties" not in schema:
        return []
    strange = [f"{where}/{name}" for name in told if name not in schema["properties"]]
    inner = [
        name
        for key, below in schema["properties"].items()
        if key in told
        for name in unpublished(told[key], below, document, f"{where}/{key}")
    ]
    return strange + inner


def test_the_page_lists_every_operation_and_needs_nothing_from_elsewhere(
    document: dict[str, Any], client: FlaskClient
) -> None:
    """The machine of an operator may have no network; a page that loads scripts from elsewhere would be
    empty there.
    """
    page = client.get("/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    for path, method, told in operations(document):
        assert path in page.text
        assert method.upper() in page.text
        assert str(marked(told["summary"])) in page.text
    assert "Needs one of the scopes audit, decide, submit" in page.text
    assert "<script" not in page.text
    links = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
    assert links
    assert [link for link in links if not link.startswith(("/", "#")) or link.startswith("//")] == []
    with client.get("/docs/reference.css") as style:
        assert (style.status_code, style.mimetype) == (200, "text/css")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_of_problem_has_its_page(kind: Any, client: FlaskClient) -> None:
    """RFC 9457: the type should lead to words for people."""
    page = client.get(kind.type)
    assert page.status_code == 200
    assert str(marked(kind.title)) in page.text
    assert "`" not in page.text
