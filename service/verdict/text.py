"""Values, amounts and conditions in; the words that a reader gets for them, out.

Plain English, without a candidate, so that a policy can be read aloud. Texts and choices are said exactly as
the policy writes them. The phrases are in `verdict.wording`. Knows nothing of results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from service.facts.types import Choice, Date, ListOf, Number, Time, YesNo
from service.policy.condition import (
    Arithmetic,
    Average,
    Choose,
    Comparison,
    Condition,
    Constant,
    Count,
    Derived,
    DerivedField,
    Entries,
    Expression,
    Extreme,
    FactRef,
    FieldRef,
    FiscalQuarter,
    Group,
    Lookup,
    PeriodStart,
    Sum,
    TimeIn,
    Whole,
    YearOf,
    type_of,
)
from service.verdict.value_text import listed, value_text
from service.verdict.wording import (
    AMOUNTS,
    COMPARED,
    COUNTED,
    DENIED,
    ENTRIES,
    FOUND,
    GROUPS,
    HEADINGS,
    QUANTIFIED,
    RANKED,
    ROUTES,
    SUPERLATIVES,
    UNITS,
    WORDS,
    plural,
    with_the,
)

Names = Mapping[int, str]  #: what the entries at hand are called, by slot; the innermost has the greatest
How = Literal["said", "aside", "matching"]  #: what is asked of entries: said, in brackets, or only hinted at
_NO_ENTRY: Names = {}


# ── amounts ─────────────────────────────────────────────────────────────────────────────────────────────────


def amount_text(expression: Expression, names: Names = _NO_ENTRY) -> str:
    """What an amount is, as a noun without an article: `number of entries of trainings where …`."""
    match expression:
        case Constant():
            return value_text(expression.value, expression.type)
        case FieldRef() | DerivedField():
            return _field(expression.label if expression.name else "", expression.slot, names)
        case FactRef() | Derived():
            return expression.label or expression.name
        case Arithmetic():
            return _arithmetic(expression, names)
        case Lookup():
            table = expression.label or _spaced(expression.table)
            return AMOUNTS["table"].format(table=table, at=noun(expression.at, names))
        case Choose():
            return _choose(expression, names)
        case FiscalQuarter():
            return AMOUNTS["fiscal_quarter"].format(of=noun(expression.of, names))
        case YearOf():
            return AMOUNTS["year_of"].format(of=noun(expression.of, names))
        case PeriodStart(of=of, counted_from=begin):
            phrase = AMOUNTS["next_period" if expression.following else "period_start"]
            return phrase.format(of=noun(of, names), length=expression.length, day=noun(begin, names))
        case Whole(unit=unit, of=of):
            length = with_the(amount_text(of, names))
            return AMOUNTS["full"].format(unit=UNITS[unit.months, unit.days], of=length)
        case _:
            return _gathered(expression, names, "said")


def noun(expression: Expression, names: Names = _NO_ENTRY) -> str:
    """An amount inside a sentence: with `the`, or in quotes where it is a question of yes or no."""
    text = amount_text(expression, names)
    match expression:
        case Arithmetic(op="highest" | "lowest"):
            return with_the(text)
        case Constant() | Arithmetic():
            return text
        case Choose() if not expression.dated:
            return WORDS["bracketed"].format(text=text)
        case FieldRef() | DerivedField() | FactRef() | Derived():
            if isinstance(expression.type, YesNo) and expression.name:
                return WORDS["quoted"].format(text=text)
            bare = isinstance(expression, FieldRef | DerivedField) and _is_innermost(expression.slot, names)
            return text if bare else with_the(text)
        case Count() | Sum() | TimeIn() | Extreme() | Average():
            return with_the(_gathered(expression, names, "aside"))
        case _:
            return with_the(text)


def _is_innermost(slot: int, names: Names) -> bool:
    return slot == max(names, default=slot)


def _field(label: str, slot: int, names: Names) -> str:
    """A field of the innermost entry by its label, of another one with that entry's name."""
    if _is_innermost(slot, names):
        return label or names.get(slot) or WORDS["it"]
    entry = names.get(slot) or AMOUNTS["other entry"]
    return AMOUNTS["field"].format(field=label, entry=entry) if label else entry


def _arithmetic(expression: Arithmetic, names: Names) -> str:
    if expression.op in ("highest", "lowest"):
        which = _superlative(expression.op == "highest", expression.left)
        several = listed([noun(each, names) for each in _alike(expression, expression.op)])
        return AMOUNTS["of several"].format(which=SUPERLATIVES[which], several=several)
    left, right = _operand(expression, expression.left, names), _operand(expression, expression.right, names)
    phrase: str = expression.op
    if isinstance(type_of(expression.left), Date):
        apart = isinstance(type_of(expression.right), Date)
        phrase = "apart" if apart else "later" if phrase == "plus" else "earlier"
    return AMOUNTS[phrase].format(left=left, right=right)


def _operand(expression: Arithmetic, part: Expression, names: Names) -> str:
    """One side of a calculation; in brackets where, read from left to right, it would be another one."""
    apart = expression.op == "times" or (expression.op == "minus" and part is expression.right)
    inner = isinstance(part, Arithmetic) and part.op in ("plus", "minus")
    return WORDS["bracketed"].format(text=noun(part, names)) if apart and inner else noun(part, names)


def _superlative(greatest: bool, of: Expression) -> str:
    """The name of the phrase for the greatest or the least of some days, or of anything else."""
    if isinstance(type_of(of), Date):
        return "latest" if greatest else "earliest"
    return "highest" if greatest else "lowest"


def _alike(expression: Expression, op: str) -> Iterator[Expression]:
    """The amounts of which one is taken: of the highest of three, all three."""
    if isinstance(expression, Arithmetic) and expression.op == op:
        yield from _alike(expression.left, op)
        yield from _alike(expression.right, op)
    else:
        yield expression


def _choose(expression: Choose, names: Names) -> str:
    if expression.dated:  # what it says in which period is not for a sentence
        first = expression.branches[0][1]
        figure = expression.label if isinstance(first, Constant) else amount_text(first, names)
        return AMOUNTS["dated"].format(figure=figure)
    branches = [
        AMOUNTS["branch"].format(amount=noun(amount, names), condition=condition_text(condition, names))
        for condition, amount in expression.branches
    ]
    otherwise = noun(expression.otherwise, names)
    return AMOUNTS["otherwise"].format(branches=WORDS["comma"].join(branches), amount=otherwise)


def _gathered(amount: Count | Sum | TimeIn | Extreme | Average, names: Names, how: How) -> str:
    """An amount over entries."""
    if isinstance(amount, Count):
        return AMOUNTS["count"].format(entries=_counted_entries(amount, names, how=how))
    if isinstance(amount, TimeIn):
        bounds = (("since", amount.since), ("until", amount.until), ("breaks", amount.breaks))
        limits = [ENTRIES[bound].format(day=noun(day, names)) for bound, day in bounds if day is not None]
        return AMOUNTS["time_in"].format(entries=_entries(amount.entries, names, limits=limits, how=how))
    of_each = amount_text(amount.amount, _inside(amount.entries, names))
    if isinstance(amount, Sum):
        return AMOUNTS["sum"].format(amount=of_each, entries=_counted_entries(amount, names, how=how))
    if isinstance(amount, Average):
        entries = _entries(amount.entries, names, limits=_newest(amount.entries, names), how=how)
        if amount.places is None:
            return AMOUNTS["average"].format(amount=of_each, entries=entries)
        places = f"{amount.places} {plural(amount.places, WORDS['decimals'])}"
        return AMOUNTS["rounded"].format(amount=of_each, places=places, entries=entries)
    if amount.entries.newest == 1 and amount.entries.newest_by is not None:
        by = amount_text(amount.entries.newest_by, _inside(amount.entries, names))
        phrase = AMOUNTS["oldest" if amount.entries.oldest else "newest"]
        return phrase.format(amount=of_each, entry=_entries(amount.entries, names, 1, how=how), by=by)
    entries = _entries(amount.entries, names, limits=_newest(amount.entries, names), how=how)
    return AMOUNTS[_superlative(amount.greatest, amount.amount)].format(amount=of_each, entries=entries)


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────


def _inside(entries: Entries, names: Names) -> Names:
    return {**names, entries.slot: _spaced(entries.name)}


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _entries(
    entries: Entries,
    names: Names,
    n: int = 2,
    *,
    has: Condition | None = None,
    limits: Sequence[str] = (),
    how: How = "said",
) -> str:
    """`entries of trainings where …`; `entry of …` when n is 1."""
    label = amount_text(entries.of, names)
    text = ENTRIES["of"].format(noun=plural(n, WORDS["entries"]), label=label)
    asked = [condition for condition in (entries.where, has) if condition is not None]
    more = list(limits)
    if asked and how == "matching":
        text = ENTRIES["matching"].format(entries=text)
    elif asked:
        inside = _inside(entries, names)
        whole = [_part(condition, inside, alone=len(asked) == 1) for condition in asked]
        more.insert(0, ENTRIES["where"].format(condition=WORDS["and"].join(whole)))
    if not more:
        return text
    follows = how != "aside" and not (asked and how == "said")
    return ENTRIES["after comma" if follows else how].format(entries=text, more=WORDS["comma"].join(more))


def _newest(entries: Entries, names: Names) -> list[str]:
    """That only the newest entries are looked at, where it is so."""
    if entries.newest is None or entries.newest_by is None:
        return []
    by = amount_text(entries.newest_by, _inside(entries, names))
    return [ENTRIES["newest"].format(n=entries.newest, by=by)]


def _counted_entries(amount: Count | Sum, names: Names, n: int = 2, *, how: How = "said") -> str:
    inside, limits = _inside(amount.entries, names), _newest(amount.entries, names)
    if amount.once_per is not None:
        limits.append(ENTRIES["once_per"].format(field=amount_text(amount.once_per, inside)))
    if amount.ceiling is not None:
        most, each = value_text(amount.ceiling.at_most, Number()), amount_text(amount.ceiling.each, inside)
        limits.append(ENTRIES["ceiling"].format(n=most, each=each))
    has = amount.has if isinstance(amount, Count) else None
    return _entries(amount.entries, names, n, has=has, limits=limits, how=how)


# ── conditions ──────────────────────────────────────────────────────────────────────────────────────────────


def condition_text(condition: Condition, names: Names = _NO_ENTRY) -> str:
    """A condition in one sentence, without capital and full stop; a shared one is said in its own words."""
    if condition.called:
        return _lowered(condition.called)
    if isinstance(condition, Group):
        return _group(condition, names)
    left = condition.left
    if isinstance(left, Count):
        if condition.form in _QUANTIFIED:
            return _QUANTIFIED[condition.form](condition, left, names)
        if condition.op in COUNTED and all(isinstance(bound, Constant) for bound in condition.right):
            return _count(condition, left, names)
    return _compared(condition, RANKED if isinstance(type_of(left), Choice) else COMPARED, names)


def _lowered(text: str) -> str:
    """A sentence inside another one; a name in capitals keeps them."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def heading_text(condition: Condition) -> str:
    """A condition whose parts are listed below it: a group says only how many of them must hold."""
    one = not isinstance(condition, Group) or (condition.kind == "none_of" and len(condition.of) == 1)
    if one or condition.called or not isinstance(condition, Group):
        return condition_text(condition)
    return HEADINGS[condition.kind].format(n=condition.needed)


def counted_text(comparison: Comparison) -> str:
    """What a comparison looks at, as a short noun; for quantifiers, the entries that are counted for it."""
    left = comparison.left
    if not isinstance(left, Count | Sum | TimeIn | Extreme | Average):
        return amount_text(left)
    if not isinstance(left, Count) or comparison.form not in _QUANTIFIED:
        return _gathered(left, _NO_ENTRY, "matching")
    entries = _entries(left.entries, _NO_ENTRY, left.entries.newest or 2, how="matching")
    label = amount_text(left.entries.of)
    return FOUND[comparison.form].format(label=label, entries=entries, n=left.entries.newest)


def asked_of_each(comparison: Comparison) -> Condition | None:
    """What `every`, `latest` and `for_each` ask of one entry.

    `every` and `for_each` count the entries that lack it, so that what they ask stands negated.
    """
    if not isinstance(comparison.left, Count) or comparison.form not in _QUANTIFIED:
        return None
    has = comparison.left.has
    return has.of[0] if comparison.form != "latest" and isinstance(has, Group) else has


def _compared(condition: Comparison, phrases: Mapping[str, str], names: Names) -> str:
    left, right, op = condition.left, condition.right, condition.op
    if op == "is_known" and isinstance(left, FactRef) and (left.name, phrases is not DENIED) in ROUTES:
        return ROUTES[left.name, phrases is not DENIED]
    type_ = type_of(left)
    if op in ("for_at_least", "within_last"):
        type_ = Time()
    elif isinstance(type_, ListOf):
        type_ = type_.of
    texts = [value_text(e.value, type_) if isinstance(e, Constant) else noun(e, names) for e in right]
    phrase = phrases[_OF_ONE.get(op, op) if len(texts) == 1 else op]
    return phrase.format(
        left=noun(left, names), right="".join(texts[:1]), all=listed(texts), any=listed(texts, "or")
    )


#: A list of one is said like the one.
_OF_ONE = {"one_of": "is", "none_of": "is_not", "includes_all": "includes", "includes_any": "includes"}


def _count(condition: Comparison, count: Count, names: Names) -> str:
    bounds = [bound.value for bound in condition.right if isinstance(bound, Constant)]
    n, m = bounds[0], bounds[-1]
    if n == 0 and condition.op in ("at_most", "is"):
        return COUNTED["none"].format(entries=_counted_entries(count, names, 1))
    entries = _counted_entries(count, names, 1 if m == 1 else 2)
    return COUNTED[condition.op].format(n=WORDS["one"] if n == 1 else n, m=m, entries=entries)


def _has(condition: Comparison, count: Count, names: Names) -> str:
    asked = asked_of_each(condition)
    return "" if asked is None else condition_text(asked, _inside(count.entries, names))


def _every(condition: Comparison, count: Count, names: Names) -> str:
    entries = _entries(count.entries, names, 1)
    return QUANTIFIED["every"].format(entries=entries, has=_has(condition, count, names))


def _latest(condition: Comparison, count: Count, names: Names) -> str:
    newest, by = count.entries.newest or 1, count.entries.newest_by
    return QUANTIFIED["latest" if newest == 1 else "latest several"].format(
        n=newest,
        entries=_entries(count.entries, names, newest),
        by="" if by is None else amount_text(by, _inside(count.entries, names)),
        has=_has(condition, count, names),
    )


def _for_each(condition: Comparison, count: Count, names: Names) -> str:
    label, name = amount_text(count.entries.of, names), _spaced(count.entries.name)
    entries = (
        ENTRIES["named"].format(name=name, label=label)
        if name
        else ENTRIES["of"].format(noun=WORDS["entry"], label=label)
    )
    return QUANTIFIED["for_each"].format(entries=entries, has=_has(condition, count, names))


_QUANTIFIED: Mapping[str, Callable[[Comparison, Count, Names], str]] = {
    "every": _every, "latest": _latest, "for_each": _for_each,
}  # fmt: skip


def _group(group: Group, names: Names) -> str:
    if group.kind == "none_of" and len(group.of) == 1:
        return _denied(group.of[0], names)
    if group.kind in ("all_of", "any_of"):
        parts = [_part(part, names, alone=len(group.of) == 1) for part in group.of]
        return listed(parts, "and" if group.kind == "all_of" else "or")
    parts = [condition_text(part, names) for part in group.of]
    return GROUPS[group.kind].format(n=group.needed, parts=WORDS["then"].join(parts))


def _part(condition: Condition, names: Names, *, alone: bool) -> str:
    """A part of a longer sentence, in brackets where one could not see where it ends."""
    text = condition_text(condition, names)
    if isinstance(condition, Comparison):
        short = not isinstance(condition.left, Count)
    else:
        short = condition.kind == "none_of" and len(condition.of) == 1
    return text if alone or short else WORDS["bracketed"].format(text=text)


def _denied(condition: Condition, names: Names) -> str:
    if isinstance(condition, Comparison) and condition.op in DENIED and not isinstance(condition.left, Count):
        return _compared(condition, DENIED, names)
    return GROUPS["not"].format(text=condition_text(condition, names))
