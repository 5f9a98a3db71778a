"""Judging: a request as it came in; a verdict that explains itself, out.

One way through: read the request, select the version and the level, let the engine decide every requirement,
then explain, advise and put it into words. Knows nothing of HTTP, logs or clocks: the id and the time come as
arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version as installed_version
from typing import Any

from service import __version__
from service.engine.compile import Plan, compile_level
from service.engine.durable import DurableEngine
from service.engine.evaluate import Judgement, evaluate, scope_for
from service.engine.prepared import Prepared
from service.errors import Fault, RequestError
from service.facts.request import Request
from service.facts.schema import read_request
from service.policy.mentions import Mentions
from service.policy.model import Level, PolicySet
from service.policy.selection import Selection, select
from service.policy.versions_frozen import VersionDigests
from service.policy.ways import Ways
from service.verdict.case import Case
from service.verdict.document import document_of
from service.verdict.explanation import Explainer
from service.verdict.model import Verdict
from service.verdict.options import options_of
from service.verdict.settled import settle

ENGINE = f"ladders {__version__} / durable-rules {installed_version('durable_rules')}"


class Judge:
    """The policies of one set, compiled, proved and ready; safe to use from several threads.

    Args:
        policies: The set.
        step: Called after each level that was made ready.

    Raises:
        EngineError: durable-rules does not decide a level as the reference does.
    """

    def __init__(self, policies: PolicySet, step: Callable[[], None] = lambda: None) -> None:
        self.policies = policies
        self.mentions = Mentions()
        self.ways = Ways(policies)
        self.digests = VersionDigests(policies)
        self._turnings: dict[int, Any] = {}
        self._ready: dict[int, tuple[Plan, DurableEngine, Explainer]] = {}
        prepared = Prepared()
        for level in _levels(policies):
            plan = compile_level(level, prepared)
            self.mentions.of_level(level)
            self._ready[id(level)] = plan, DurableEngine(plan.network), Explainer(level, policies.vocabulary)
            step()

    def verdict(self, raw: Any, *, verdict_id: str, judged_at: datetime) -> Verdict:
        """Judge one request.

        Args:
            raw: The JSON value of the request, numbers exact (`facts.json_text.read_json`).
            verdict_id: The id that the verdict shall have.
            judged_at: Now, in UTC; its day is the day of the request where the request names none.

        Raises:
            RequestError: everything that is wrong with the request.
            EngineError: the engine could not decide with certainty.
        """
        request, selection = self.read(raw, judged_at)
        case = self.case(request, selection)
        selection = case.selection
        explainer = self._ready[id(selection.level)][2]
        digest = self.digests.of(selection.version, request.submitted_on)
        document = document_of(
            case, explainer, verdict_id=verdict_id, judged_at=judged_at, engine=ENGINE, version_digest=digest
        )
        return Verdict(
            id=verdict_id,
            outcome=case.judgement.outcome,
            track=selection.level.track,
            level=selection.level.level,
            version=selection.version.name,
            policy_set=self.policies.digest,
            version_digest=digest,
            policy_files=self.policies.files_digest,
            engine=ENGINE,
            results=tuple((requirement.id, result) for requirement, result in case.judgement.results),
            document=document,
        )

    def options(self, raw: Any, *, judged_at: datetime) -> dict[str, Any]:
        """Judge what a candidate may ask for next; raises as `verdict`."""
        return options_of(
            raw, self.policies, self.ways, judged_at=judged_at, engine=ENGINE, judge=self._explained
        )

    def _explained(self, request: Request, selection: Selection) -> tuple[Case, Explainer]:
        case = self.case(request, selection)
        return case, self._ready[id(case.selection.level)][2]

    def read(self, raw: Any, judged_at: datetime) -> tuple[Request, Selection]:
        """The request, and what the policies hold for it."""
        request, wrong = read_request(raw, self.policies.vocabulary, today=judged_at.date())
        selection = None
        if request is not None:
            selection, also_wrong = select(request, self.policies)
            wrong += also_wrong
        if wrong or request is None or selection is None:
            raise RequestError(wrong or [Fault("", "the request cannot be read")])
        return request, selection

    def case(self, request: Request, selection: Selection) -> Case:
        """The request, decided by the engine and confirmed by the reference; by the version that counts."""
        settled, judgement, also_judged = settle(
            selection, lambda level: self.decide(level, request, selection.standing)
        )
        return Case(
            request=request,
            selection=settled,
            policies=self.policies,
            mentions=self.mentions,
            ways=self.ways,
            turnings=self._turnings,
            judgement=judgement,
            also_judged=also_judged,
        )

    def decide(self, level: Level, request: Request, standing: Level | None) -> Judgement:
        plan, engine, _ = self._ready[id(level)]
        return evaluate(plan, engine, scope_for(request, level, standing))

    @property
    def rebuilds(self) -> int:
        """How often a ruleset had to be built anew after a fault."""
        return sum(engine.rebuilds for _, engine, _ in self._ready.values())

    def close(self) -> None:
        """Give the rulesets back; what is asked after this fails."""
        for _, engine, _ in self._ready.values():
            engine.close()


def _levels(policies: PolicySet) -> list[Level]:
    return [
        level for versions in policies.tracks.values() for version in versions for level in version.levels
    ]
