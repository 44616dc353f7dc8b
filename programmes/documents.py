"""A programme's statement as one document, and how two of them differ. Pure but for reading a programme's rows."""

import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from programmes.checks import NewGoal, NewTypology, Statement
from programmes.models import Programme

_LABELS = {
    "name": "Name",
    "summary": "Summary",
    "budget": "Budget a cycle, base units",
    "impact": "Impact",
    "mechanic": "Mechanic",
    "plan": "Plan",
    "accountability": "Accountability",
    "conflicts": "Conflicts of interest",
    "goals": "Goals",
    "typologies": "Typologies",
}
_AROUND = 1  # unchanged lines shown beside changed ones


@dataclass(frozen=True)
class DiffLine:
    """One line of a difference: `kind` added, removed, kept or gap."""

    kind: str
    text: str


@dataclass(frozen=True)
class DiffPart:
    """What changed in one field."""

    label: str
    lines: list[DiffLine]


def document_of(
    statement: Statement,
    *,
    budget: int,
    goals: Sequence[NewGoal],
    typologies: Sequence[NewTypology],
    reason: str = "",
) -> str:
    """The statement as canonical JSON text: what is hashed, kept and compared."""
    told = {
        **asdict(statement),
        "budget": str(budget),
        "goals": [asdict(goal) for goal in goals],
        "typologies": [asdict(typology) for typology in typologies],
        "reason": reason,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def document_of_programme(programme: Programme) -> str:
    """The same of a programme as its rows stand now."""
    goals = [NewGoal(row.goal, row.metric, row.target) for row in programme.goals.all()]
    return document_of(
        statement_of(programme), budget=programme.budget, goals=goals, typologies=typologies_of(programme)
    )


def statement_of(programme: Programme) -> Statement:
    return Statement(**{name: getattr(programme, name) for name in Statement.__dataclass_fields__})


def typologies_of(programme: Programme) -> list[NewTypology]:
    names = NewTypology.__dataclass_fields__
    return [NewTypology(**{name: getattr(row, name) for name in names}) for row in programme.typologies.all()]


def sha256_of(document: str) -> bytes:
    return hashlib.sha256(document.encode()).digest()


def reason_of(document: str) -> str:
    return str(json.loads(document).get("reason", ""))


def differences(before: str, after: str) -> list[DiffPart]:
    """What changed from one document to another, by field, line by line."""
    old, new = json.loads(before), json.loads(after)
    parts = []
    for name, label in _LABELS.items():
        lines = _compare(_lines(name, old.get(name, "")), _lines(name, new.get(name, "")))
        if lines:
            parts.append(DiffPart(label, lines))
    return parts


def _lines(name: str, value: Any) -> list[str]:
    """A field as lines that people read."""
    if name == "goals":
        return [f"{row['goal']} · measured by {row['metric']} · target {row['target']}" for row in value]
    if name == "typologies":
        lines = []
        for row in value:
            bounds = f"at least {row['floor'] / 100:g} %, at most {row['cap'] / 100:g} %"
            lines.append(f"{row['name']} ({row['slug']}), {bounds}: {row['summary']}")
            lines += [
                f"{row['name']}: {line}" for line in str(row["description"]).splitlines() if line.strip()
            ]
        return lines
    if name == "budget" and value:
        return [f"{int(value):,}"]
    return [line for line in str(value).splitlines() if line.strip()]


def _compare(old: list[str], new: list[str]) -> list[DiffLine]:
    if old == new:
        return []
    lines: list[DiffLine] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(_AROUND)):
        if number:
            lines.append(DiffLine("gap", "…"))
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                lines += [DiffLine("kept", line) for line in old[old_start:old_end]]
                continue
            lines += [DiffLine("removed", line) for line in old[old_start:old_end]]
            lines += [DiffLine("added", line) for line in new[new_start:new_end]]
    return lines
