"""INVITEs that were taken, and that were not, with what stood on the infrastructure then.

Those with a number stand for the public threads of livekit/sip; addresses and numbers are replaced.
"""

from dataclasses import dataclass

from sipcheck.diagnosis.inbound.call import IncomingCall
from sipcheck.diagnosis.inbound.match import MatchedBy
from sipcheck.diagnosis.inbound.reasons import InboundReason
from sipcheck.diagnosis.inbound.standing import DispatchRule, InboundTrunk, Standing

NUMBER = "+14155551234"
CARRIER, OTHER_CARRIER, STRANGER = "203.0.113.7", "203.0.113.8", "198.51.100.66"
CALLER = "+442071234567"

OWN, OTHER, FOREIGN = "own", "other", "foreign"

R = InboundReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`matched`, `by` and `reasons` are what is told; `change` is in the change of the last reason."""

    name: str
    call: IncomingCall
    standing: Standing
    matched: str | None = None
    by: MatchedBy | None = None
    reasons: tuple[tuple[str | None, InboundReason], ...] = ()
    change: str | None = None


def call(
    called: str = NUMBER,
    *,
    source: str = CARRIER,
    uri: str | None = None,
    caller: str | None = CALLER,
    host: str | None = None,
) -> IncomingCall:
    return IncomingCall(
        called=called,
        source_ip=source,
        request_uri_user=called if uri is None else uri,
        caller=caller,
        from_host=source if host is None else host,
    )


def trunk(
    *numbers: str,
    id: str = OWN,
    addresses: tuple[str, ...] = (),
    callers: tuple[str, ...] = (),
    password: bool = False,
) -> InboundTrunk:
    return InboundTrunk(
        id=id,
        numbers=numbers,
        allowed_addresses=addresses,
        allowed_numbers=callers,
        asks_password=password,
    )


def rule(*trunk_ids: str, numbers: tuple[str, ...] = (), callers: tuple[str, ...] = ()) -> DispatchRule:
    return DispatchRule(id="SDR_1", trunk_ids=trunk_ids, numbers=numbers, callers=callers)


FOR_OWN = rule(OWN)
WILDCARD = rule()


def on(*standing: InboundTrunk | DispatchRule) -> Standing:
    return Standing(
        trunks=tuple(each for each in standing if isinstance(each, InboundTrunk)),
        rules=tuple(each for each in standing if isinstance(each, DispatchRule)),
    )


def taken(
    name: str,
    incoming: IncomingCall,
    standing: Standing,
    *notes: InboundReason,
    by: MatchedBy = MatchedBy.NUMBER,
) -> Situation:
    reasons = tuple((OWN, note) for note in notes)
    return Situation(name=name, call=incoming, standing=standing, matched=OWN, by=by, reasons=reasons)


def not_taken(
    name: str, incoming: IncomingCall, standing: Standing, *reasons: InboundReason, change: str | None = None
) -> Situation:
    return Situation(
        name=name,
        call=incoming,
        standing=standing,
        reasons=tuple((OWN, reason) for reason in reasons),
        change=change,
    )


BY_NUMBER = on(trunk(NUMBER), FOR_OWN)
BY_IP = on(trunk(NUMBER, addresses=("203.0.113.7/32",)), FOR_OWN)
BY_PLAIN_IP = on(trunk(NUMBER, addresses=("203.0.113.7",)), FOR_OWN)
EXTENSION = on(trunk("1000"), FOR_OWN)
NAMED = on(trunk("Agent"), FOR_OWN)

SITUATIONS = [
    # Every form of a number that is one to the infrastructure.
    taken("as it is", call(), BY_NUMBER),
    taken("without its plus", call("14155551234"), BY_NUMBER),
    taken("with spaces", call("+1 415 555 1234"), BY_NUMBER),
    taken("with hyphens", call("1-415-555-1234"), BY_NUMBER),
    taken("with parentheses", call("+1(415)555-1234"), BY_NUMBER),
    taken("the trunk has it without plus", call(), on(trunk("14155551234"), FOR_OWN)),
    taken("the trunk has it with spaces", call(), on(trunk("+1 (415) 555-1234"), FOR_OWN)),
    taken("one of several", call("+14155550002"), on(trunk(NUMBER, "+14155550002"), FOR_OWN)),
    taken("the same number twice on one trunk", call(), on(trunk(NUMBER, "14155551234"), FOR_OWN)),
    taken("an extension", call("1000"), EXTENSION),
    taken("an extension with a plus", call("+1000"), EXTENSION),
    taken("a name", call("Agent"), NAMED),
    # And those that are not.
    *(
        not_taken(name, call(written), BY_NUMBER, R.CALLED_NUMBER_DIFFERS, change=f"write {NUMBER} into To")
        for name, written in (
            ("the international prefix 00", "0014155551234"),
            ("the international prefix 011", "01114155551234"),
            ("an escaped plus", "%2B14155551234"),
            ("a ported number's parameter", f"{NUMBER};npdi"),
            ("a routing number behind it", f"{NUMBER};npdi;rn=+14155550000"),
            ("a tel URI", f"tel:{NUMBER}"),
            ("the national form", "4155551234"),
            ("the local form", "5551234"),
            ("a dot between the digits", "1.415.555.1234"),
            ("a carrier's tech prefix", "9900#14155551234"),
            ("two pluses", f"+{NUMBER}"),
            ("a trailing letter", "14155551234F"),
        )
    ),
    not_taken(
        "a name in small letters", call("agent"), NAMED, R.CALLED_NUMBER_DIFFERS, change="write Agent into To"
    ),
    not_taken(
        "another number",
        call("+14155559999"),
        BY_NUMBER,
        R.CALLED_NUMBER_DIFFERS,
        change="give the trunk the number",
    ),
    not_taken(
        "To without a user, and the Request-URI too",
        call(""),
        BY_NUMBER,
        R.CALLED_NUMBER_DIFFERS,
        change="write",
    ),
    not_taken("an extension one digit short", call("100"), EXTENSION, R.CALLED_NUMBER_DIFFERS),
    # To against the Request-URI.
    not_taken(
        "To names the account, the Request-URI the number",
        call("trunk_42", uri=NUMBER),
        BY_NUMBER,
        R.NUMBER_IN_REQUEST_URI_ONLY,
        change=f"write {NUMBER} into To as well",
    ),
    not_taken(
        "To names the former number of a diverted call",
        call("+14155559999", uri=NUMBER),
        BY_NUMBER,
        R.NUMBER_IN_REQUEST_URI_ONLY,
    ),
    not_taken(
        "To names nobody, the Request-URI the number",
        call("", uri=NUMBER),
        BY_NUMBER,
        R.NUMBER_IN_REQUEST_URI_ONLY,
    ),
    not_taken(
        "Asterisk's s in To, and the number without plus in the Request-URI",
        call("s", uri="14155551234"),
        BY_NUMBER,
        R.NUMBER_IN_REQUEST_URI_ONLY,
    ),
    taken("To names the number, the Request-URI anybody", call(NUMBER, uri="trunk_42"), BY_NUMBER),
    # Who is let in.
    taken("from the carrier's address", call(), BY_IP),
    taken("from the carrier's network", call(), on(trunk(NUMBER, addresses=("203.0.113.0/24",)), FOR_OWN)),
    taken(
        "from the second entry",
        call(source=OTHER_CARRIER),
        on(trunk(NUMBER, addresses=("203.0.113.7/32", "203.0.113.8/32")), FOR_OWN),
    ),
    taken("from IPv6", call(source="2001:db8::7"), on(trunk(NUMBER, addresses=("2001:db8::/32",)), FOR_OWN)),
    not_taken(
        "from another address of the carrier",
        call(source=OTHER_CARRIER),
        BY_IP,
        R.SOURCE_NOT_ALLOWED,
        change="add it to the trunk's allow-list",
    ),
    not_taken("from IPv6, and the list has IPv4", call(source="2001:db8::7"), BY_IP, R.SOURCE_NOT_ALLOWED),
    not_taken("from IPv4 inside IPv6", call(source="::ffff:203.0.113.7"), BY_IP, R.SOURCE_NOT_ALLOWED),
    not_taken(
        "an entry that is garbage lets nobody in",
        call(),
        on(trunk(NUMBER, addresses=("carrier",)), FOR_OWN),
        R.SOURCE_NOT_ALLOWED,
    ),
    not_taken(
        "a mask that is written as an address",
        call(),
        on(trunk(NUMBER, addresses=("203.0.113.0/255.255.255.0",)), FOR_OWN),
        R.SOURCE_NOT_ALLOWED,
    ),
    taken(
        "a list whose only entry is dropped lets everybody in",
        call(source=STRANGER),
        on(trunk(NUMBER, addresses=("203.0.113.7, 203.0.113.8",)), FOR_OWN),
    ),
    taken(
        "a stranger who writes the carrier's address into From",
        call(source=STRANGER, host=CARRIER),
        BY_PLAIN_IP,
        R.MATCHED_BY_FROM_HOST,
    ),
    taken(
        "a stranger who writes the carrier's name into From",
        call(source=STRANGER, host="sip.carrier.example"),
        on(trunk(NUMBER, addresses=("sip.carrier.example",)), FOR_OWN),
        R.MATCHED_BY_FROM_HOST,
    ),
    not_taken(
        "the same where the list has its prefix",
        call(source=STRANGER, host=CARRIER),
        BY_IP,
        R.SOURCE_NOT_ALLOWED,
    ),
    taken(
        "a stranger who writes the entry with its prefix",
        call(source=STRANGER, host="203.0.113.7/32"),
        BY_IP,
        R.MATCHED_BY_FROM_HOST,
    ),
    taken("From's host is the carrier's name, the address its own", call(host="sip.carrier.example"), BY_IP),
    taken("by password", call(source=STRANGER), on(trunk(NUMBER, password=True), FOR_OWN), R.PASSWORD_ASKED),
    not_taken(
        "a password does not replace the list",
        call(source=STRANGER),
        on(trunk(NUMBER, addresses=("203.0.113.7/32",), password=True), FOR_OWN),
        R.SOURCE_NOT_ALLOWED,
    ),
    taken("an allowed caller", call(), on(trunk(NUMBER, callers=("442071234567",)), FOR_OWN)),
    not_taken(
        "another caller",
        call(caller="+442079999999"),
        on(trunk(NUMBER, callers=(CALLER,)), FOR_OWN),
        R.CALLER_NOT_ALLOWED,
        change="list of allowed numbers",
    ),
    not_taken(
        "a caller who withholds the number",
        call(caller="anonymous"),
        on(trunk(NUMBER, callers=(CALLER,)), FOR_OWN),
        R.CALLER_NOT_ALLOWED,
    ),
    not_taken(
        "From without a user",
        call(caller=None),
        on(trunk(NUMBER, callers=(CALLER,)), FOR_OWN),
        R.CALLER_NOT_ALLOWED,
    ),
    not_taken(
        "everything at once",
        call("0014155551234", source=STRANGER, caller="anonymous"),
        on(trunk(NUMBER, addresses=("203.0.113.7/32",), callers=(CALLER,)), FOR_OWN),
        R.CALLED_NUMBER_DIFFERS,
        R.CALLER_NOT_ALLOWED,
        R.SOURCE_NOT_ALLOWED,
    ),
    # Two that match.
    Situation(
        name="two of one's own",
        call=call(),
        standing=on(trunk(NUMBER), trunk("14155551234", id=OTHER), FOR_OWN),
        reasons=((OWN, R.CONFLICT), (OTHER, R.CONFLICT)),
        change="Leave the number to one of them",
    ),
    Situation(
        name="two of one's own and a stranger's",
        call=call(),
        standing=on(trunk(NUMBER), trunk(NUMBER, id=OTHER), trunk(NUMBER, id=FOREIGN), FOR_OWN),
        reasons=((OWN, R.CONFLICT), (OTHER, R.CONFLICT)),
        change="Leave the number to one of them",
    ),
    Situation(
        name="two of one's own without numbers, of which none could be taken away",
        call=call(),
        standing=on(trunk(), trunk(id=OTHER), FOR_OWN),
        reasons=((OWN, R.CONFLICT), (OTHER, R.CONFLICT)),
        change="Give the trunk that is meant this number, or leave one alone",
    ),
    not_taken(
        "one's own and a stranger's",
        call(),
        on(trunk(NUMBER), trunk(NUMBER, id=FOREIGN), FOR_OWN),
        R.CONFLICT,
        change="whose number it is",
    ),
    taken(
        "two with one number and different lists",
        call(),
        on(
            trunk(NUMBER, addresses=("203.0.113.7/32",)),
            trunk(NUMBER, id=FOREIGN, addresses=("198.51.100.0/24",)),
            FOR_OWN,
        ),
    ),
    Situation(
        name="the other one of them",
        call=call(source=STRANGER),
        standing=on(
            trunk(NUMBER, addresses=("203.0.113.7/32",)),
            trunk(NUMBER, id=FOREIGN, addresses=("198.51.100.0/24",)),
            FOR_OWN,
        ),
        reasons=((None, R.ANOTHER_TRUNK), (OWN, R.SOURCE_NOT_ALLOWED)),
    ),
    taken(
        "a number goes before a trunk without numbers", call(), on(trunk(NUMBER), trunk(id=FOREIGN), FOR_OWN)
    ),
    taken(
        "a trunk without numbers takes the rest",
        call("+14155559999"),
        on(trunk(), FOR_OWN),
        by=MatchedBy.DEFAULT,
    ),
    not_taken(
        "two trunks without numbers",
        call(),
        on(trunk(), trunk(id=FOREIGN), FOR_OWN),
        R.CONFLICT,
        change="Give the trunk that is meant this number.",
    ),
    Situation(
        name="a stranger's trunk without numbers takes what differs",
        call=call("0014155551234"),
        standing=on(trunk(NUMBER), trunk(id=FOREIGN), WILDCARD),
        reasons=((None, R.ANOTHER_TRUNK), (OWN, R.CALLED_NUMBER_DIFFERS)),
    ),
    # Where it goes.
    not_taken("no rule at all", call(), on(trunk(NUMBER)), R.NO_DISPATCH_RULE, change="Make a dispatch rule"),
    not_taken("a rule for another trunk", call(), on(trunk(NUMBER), rule(FOREIGN)), R.NO_DISPATCH_RULE),
    taken("a rule without trunks", call(), on(trunk(NUMBER), WILDCARD)),
    not_taken(
        "a rule for another number",
        call(),
        on(trunk(NUMBER), rule(OWN, numbers=("+14155550002",))),
        R.NO_DISPATCH_RULE,
        change=f"Put {NUMBER} into the rule's numbers",
    ),
    not_taken(
        "a rule's numbers are compared as text",
        call("14155551234"),
        on(trunk(NUMBER), rule(OWN, numbers=(NUMBER,))),
        R.NO_DISPATCH_RULE,
        change="Put 14155551234 into",
    ),
    taken("a rule for this number as it is written", call(), on(trunk(NUMBER), rule(OWN, numbers=(NUMBER,)))),
    taken("a rule for this caller", call(), on(trunk(NUMBER), rule(OWN, callers=(CALLER,)))),
    taken(
        "a rule for others, and one for all",
        call(),
        on(trunk(NUMBER), rule(OWN, callers=("+442079999999",)), WILDCARD),
    ),
    Situation(
        name="a rule without trunks takes the call of none",
        call=call("0014155551234"),
        standing=on(trunk(NUMBER), WILDCARD),
        by=MatchedBy.WILDCARD_RULE,
        reasons=((None, R.WILDCARD_RULE), (OWN, R.CALLED_NUMBER_DIFFERS)),
    ),
    not_taken(
        "nothing of one's own stands there, and no rule",
        call("0014155551234"),
        BY_NUMBER,
        R.CALLED_NUMBER_DIFFERS,
    ),
    # The public threads.
    not_taken(
        "livekit/sip#38: the number without its 1, and callers that are not used",
        call("15555551212", caller="not-used"),
        on(trunk("5555551212", callers=("5555551212",)), FOR_OWN),
        R.CALLED_NUMBER_DIFFERS,
        R.CALLER_NOT_ALLOWED,
    ),
    not_taken(
        "livekit/sip#203: the trunk was made anew, and the rule names the former one",
        call(),
        on(trunk(NUMBER), rule("ST_former")),
        R.NO_DISPATCH_RULE,
    ),
    Situation(
        name="livekit/sip#213: a rule for any trunk, and none that has the number",
        call=call("+14155559999"),
        standing=on(trunk(NUMBER), WILDCARD),
        by=MatchedBy.WILDCARD_RULE,
        reasons=((None, R.WILDCARD_RULE), (OWN, R.CALLED_NUMBER_DIFFERS)),
    ),
    not_taken(
        "livekit/sip#318: the address that is allowed is not the one that calls",
        call(source="192.0.2.44"),
        on(trunk(NUMBER, addresses=("203.0.113.7",)), FOR_OWN),
        R.SOURCE_NOT_ALLOWED,
        change="192.0.2.44",
    ),
    Situation(
        name="livekit/sip#460: a stranger's INVITE to a number of none makes rooms",
        call=call("100", source=STRANGER, caller="scanner"),
        standing=on(trunk(NUMBER, addresses=("203.0.113.7/32",)), WILDCARD),
        by=MatchedBy.WILDCARD_RULE,
        reasons=((None, R.WILDCARD_RULE), (OWN, R.CALLED_NUMBER_DIFFERS), (OWN, R.SOURCE_NOT_ALLOWED)),
    ),
    not_taken(
        "livekit/sip#484: the carrier sends the national number, behind a private address",
        call("8501234567", source="192.168.1.10", caller="+905541112233", host="198.51.100.99"),
        on(trunk("+908501234567", addresses=("198.51.100.98",)), FOR_OWN),
        R.CALLED_NUMBER_DIFFERS,
        R.SOURCE_NOT_ALLOWED,
    ),
    not_taken(
        "livekit/sip#520: two networks of the carrier are listed, a third calls",
        call("+8801580000000", source="192.0.2.130"),
        on(
            trunk("+8801580000000", addresses=("203.0.113.0/30", "198.51.100.0/30"), password=True),
            rule(OWN, callers=("+8801580000000",)),
        ),
        R.SOURCE_NOT_ALLOWED,
    ),
    not_taken(
        "livekit/sip#520 again: the rule's inbound_numbers are callers, not the number that is called",
        call("+8801580000000"),
        on(
            trunk("+8801580000000", addresses=("203.0.113.0/30", "203.0.113.4/30"), password=True),
            rule(OWN, callers=("+8801580000000",)),
        ),
        R.NO_DISPATCH_RULE,
        R.PASSWORD_ASKED,
    ),
    not_taken(
        "livekit/sip#583: the SIP domain's calls name the domain's user in To",
        call("charlotte", uri=NUMBER),
        on(trunk(NUMBER), FOR_OWN),
        R.NUMBER_IN_REQUEST_URI_ONLY,
    ),
    not_taken(
        "livekit/sip#592: the carrier's connection sends the number in national form",
        call("4155551234"),
        on(trunk(NUMBER, "+14155550002"), FOR_OWN),
        R.CALLED_NUMBER_DIFFERS,
    ),
    not_taken(
        "livekit/sip#663: a rule for the called number in inbound_numbers, halves of the internet as the list",
        call(),
        on(
            trunk(NUMBER, addresses=("0.0.0.0/1", "128.0.0.0/1")),
            rule(OWN, callers=(NUMBER,)),
        ),
        R.NO_DISPATCH_RULE,
        change="Leave inbound_numbers out",
    ),
    not_taken(
        "livekit/sip#825: matched by all its addresses, and dropped by the rule's callers",
        call("+390212345678"),
        on(
            trunk("+390212345678", addresses=("203.0.113.7", "203.0.113.8", "192.0.2.1")),
            rule(OWN, callers=("+390212345678",)),
        ),
        R.NO_DISPATCH_RULE,
        change="Leave inbound_numbers out",
    ),
]
