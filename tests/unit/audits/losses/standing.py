"""What is kept of a model's reports, and what its log says of them."""

import datetime as dt
import json

from audits.ledger import selectors as ledger
from audits.losses.models import LossReport
from tests.unit.audits.decisions import worlds

AT = worlds.START + dt.timedelta(days=2)


def kept():
    return {each.process: each.total for each in LossReport.objects.all()}


def entries(world):
    found = ledger.events(organisation=world.organisation, system=world.system, type="records.lost")
    return [json.loads(ledger.entry(log=event.log, index=event.index)) for event in found][::-1]
