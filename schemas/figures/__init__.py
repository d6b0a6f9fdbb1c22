"""The public record of a customer, subject by subject: what reports, portfolios and queries read.

These are msgspec Structs, for the rules make them and reports read them back by the thousand; their
own annotations are the published JSON Schema. The words of a class (``AbcClass``, ``State``) have
their one definition here; the rules that tell them apart import them.

A figure that is added has a default, so that lines of an older version are still read.
"""

from schemas.figures.campaigns import CampaignFigures
from schemas.figures.care import CareFigures
from schemas.figures.complaints import ComplaintFigures
from schemas.figures.customer import BehaviourFigures, CustomerFigures, decode
from schemas.figures.experience import CohortFigures, ExperienceFigures, GapFigures
from schemas.figures.health import HealthFigures
from schemas.figures.identification import ApproachFigures, IdentificationFigures
from schemas.figures.mailings import MailingFigures
from schemas.figures.relationship import GroupFigures, RelationshipFigures
from schemas.figures.value import RfmFigures, ValueFigures

__all__ = [
    "ApproachFigures",
    "BehaviourFigures",
    "CampaignFigures",
    "CareFigures",
    "CohortFigures",
    "ComplaintFigures",
    "CustomerFigures",
    "ExperienceFigures",
    "GapFigures",
    "GroupFigures",
    "HealthFigures",
    "IdentificationFigures",
    "MailingFigures",
    "RelationshipFigures",
    "RfmFigures",
    "ValueFigures",
    "decode",
]
