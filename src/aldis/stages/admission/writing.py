"""Says how messages that are only asked about would be written and sent. Pure."""

from __future__ import annotations

from functools import lru_cache

from aldis.sms.encoding import Encoding
from aldis.sms.fitting import ChosenEncoding, NonGsmCharacter, TextRules, non_gsm_characters
from aldis.sms.segments import segment_room
from aldis.stages.admission.context import AdmissionContext, ResolvedRequest
from aldis.traffic.submission import Writing


def writings_of(context: AdmissionContext, resolved: ResolvedRequest) -> tuple[Writing, ...]:
    """Give one for each recipient, where details are wanted."""
    if not resolved.ask.wants_details:
        return ()
    written = lru_cache(maxsize=64)(_written)
    rules = context.router.rules
    return tuple(
        Writing(*written(routed.fitted, rules[routed.link]), routed.link, routed.price)
        for routed in resolved.routes
    )


def _written(
    fitted: ChosenEncoding, rules: TextRules
) -> tuple[Encoding, int, int, tuple[NonGsmCharacter, ...]]:
    encoded = fitted.encoded
    octets_a_unit = 2 if encoded.encoding is Encoding.UCS2 else 1
    room = segment_room(encoded, fitted.splitting, alone=fitted.segments == 1)
    forced = non_gsm_characters(encoded, rules)
    return encoded.encoding, len(encoded.octets) // octets_a_unit, room // octets_a_unit, forced
