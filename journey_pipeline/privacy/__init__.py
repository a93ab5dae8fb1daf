"""What people may ask for: to be erased, with a proof, and to be told what is held of them.

Holds the requests and what they share. Add here when there is another right to answer. Must not be here: the list of
erased people and what it does to a delivered file (`ingest.suppression`), the command line.
"""

from journey_pipeline.privacy.access import Disclosure, disclose
from journey_pipeline.privacy.closure import Nobody, Person, devices, resolve
from journey_pipeline.privacy.erasing import Erasure, Incomplete, Plan, erase, pending, plan
from journey_pipeline.privacy.requests import verify_receipt

__all__ = [
    "Disclosure",
    "Erasure",
    "Incomplete",
    "Nobody",
    "Person",
    "Plan",
    "devices",
    "disclose",
    "erase",
    "pending",
    "plan",
    "resolve",
    "verify_receipt",
]
