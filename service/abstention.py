"""Why nothing is quoted, and what would help."""

from collections.abc import Sequence

from massilia.service.answer import Hint, SkippedReason
from massilia.service.evidence import FIGURES
from massilia.service.finding import Finding, Findings
from massilia.service.known_names import NameReason

WEAK_SHARE = 0.5
"""From this share of the threshold on, the evidence is there but weak."""
MIN_REFERENCE = 3.0
"""By how many deviations the best sentence must exceed everyday sentences for a question to be one
of the library's subject."""

_NAMED = {
    NameReason.NAME_NOT_FOUND: SkippedReason.NAME_NOT_FOUND,
    NameReason.OUT_OF_DATE_RANGE: SkippedReason.OUT_OF_DATE_RANGE,
}


def explain_abstention(finding: Finding) -> tuple[tuple[SkippedReason, ...], tuple[Hint, ...]]:
    """Return why nothing is quoted, the most telling reason first, and hints."""
    if not finding.passages and not finding.question.within.is_empty:
        return (SkippedReason.NO_MATCHING_ARTICLES,), ()
    if finding.findings is None:
        return (SkippedReason.NO_RELEVANT_CONTENT,), ()
    names = finding.findings.names
    reasons = [_NAMED[reason] for reason in names.reasons if reason in _NAMED]
    if not finding.candidates:
        reasons.append(SkippedReason.NO_RELEVANT_CONTENT)
    elif _is_out_of_domain(finding):
        reasons.append(SkippedReason.OUT_OF_DOMAIN)
    elif not reasons:
        best = max(each.probability for each in finding.candidates)
        weak = best >= WEAK_SHARE * finding.threshold
        reasons.append(SkippedReason.WEAK_EVIDENCE if weak else SkippedReason.NO_RELEVANT_CONTENT)
    return tuple(reasons), _make_hints(finding.findings)


def _is_out_of_domain(finding: Finding) -> bool:
    assert finding.findings is not None
    reference = finding.findings.evidence[:, FIGURES.index("exceeds_reference")]
    known = any(name.passages for name in finding.findings.names.names)
    return not known and float(reference.max()) < MIN_REFERENCE


def _make_hints(findings: Findings) -> tuple[Hint, ...]:
    names, hints = findings.names, []
    for name in names.names:
        if not name.passages and name.nearest:
            hints.append(Hint("nearest", {"name": name.nearest[0], "asked": name.text}))
        elif not name.passages and NameReason.NAME_NOT_FOUND in names.reasons:
            hints.append(Hint("name_not_found", {"name": name.text}))
    if NameReason.OUT_OF_DATE_RANGE in names.reasons and names.covered:
        first, last = names.covered
        hints.append(Hint("out_of_date_range", {"first": str(first), "last": str(last)}))
    known = [name.text for name in names.names if name.passages]
    # Beside a name that isn't found, what is known of the others is beside the point.
    if known and names.works and NameReason.NAME_NOT_FOUND not in names.reasons:
        values: dict[str, object] = {"count": names.works, "names": _join(known)}
        if NameReason.YEAR_NOT_WITH_NAMES in names.reasons:
            values["years"] = _join([str(year) for year in names.years])
            hints.append(Hint("year_not_with_names", values, findings.known_articles))
        else:
            hints.append(Hint("known_names", values, findings.known_articles))
    # Of a name that stands twice one is enough.
    return tuple(hint for place, hint in enumerate(hints) if hint not in hints[:place])


def _join(words: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(words))
