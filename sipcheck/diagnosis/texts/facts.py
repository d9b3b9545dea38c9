"""What stands in several sentences of a verdict, by key."""

from collections.abc import Mapping

FACTS: Mapping[str, str] = {
    "fact.the-request": "the request",
    "fact.nothing": "nothing",
    "fact.no-answer": "no answer",
    "fact.answer-from": "{answer} from {source}",
    "fact.our-address": "our address",
    "fact.later": "later",
    "fact.in-minutes": "in a few minutes",
    "fact.after-wait": "in {wait}, as the carrier asks",
    "fact.seconds.one": "1 second",
    "fact.seconds.several": "{count} seconds",
    "fact.at": "at {time} UTC",
    "fact.server": "{server}",
    "fact.server.by": "{server} by {transport}",
    # Behind what is said before it.
    "fact.retry": "; it asks to wait {wait}",
}
