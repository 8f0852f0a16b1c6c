"""Who would be the first to contest an assumption: our judgement, for a reviewer."""

from typing import Final

# By the beginning of a key; the longest that fits counts.
WHO: Final = {
    "funding": "HM Treasury; NHS England's finance directorate",
    "funding.reach": "directors of finance of the types of trust that get less",
    "funding.support": "trusts that the fund leaves out",
    "prices": "NHS England's pricing team; economists of pay and prices",
    "prices.pay": "NHS Employers and unions; the Office for Budget Responsibility",
    "prices.agency": "trusts' workforce directors; staffing agencies",
    "prices.pressure": "trusts' directors of finance; NHS England",
    "prices.trust": "analysts of trust accounts",
    "demand": "integrated care boards; health economists",
    "demand.mental_health": "mental health trusts; health economists",
    "delivery": "trusts' directors of finance; NHS England",
    "delivery.real_share": "trusts' directors of finance, who report the savings",
    "delivery.quality": "health economists who measure productivity",
    "delivery.rebound": "health economists who measure productivity",
    "delivery.frontier": "advocates of new technology",
    "delivery.one_offs": "auditors; estates directors",
    "opening": "auditors; trusts' directors of finance",
    "correlations": "statisticians",
    "programmes": "the programme's owners",
    "conditions": "trusts' chief executives; national bodies",
    "targets": "HM Treasury; NHS England",
}


def who(key: str) -> str:
    """Say who would contest a key's value.

    >>> who("prices.pay_shock.sd")
    'NHS Employers and unions; the Office for Budget Responsibility'
    """
    found = [start for start in WHO if key.startswith(start)]
    return WHO[max(found, key=len)] if found else ""
