"""What is said of the rows of a file that cannot be used, and of the credentials in them."""

from collections.abc import Mapping

_AS_THE_CARRIER = "; give it as the carrier wrote it"

ROWS: Mapping[str, str] = {
    "row.unusable": "row {number} cannot be used: {fault}",
    "row.no-object": "it is no JSON object; give one object a line",
    "row.surplus": "it has {count} values where the header names {columns}; quote values with commas",
    "row.column": "column {name} is not known; the columns are {columns}",
    "row.no-text": "{name} is no text; give it in quotes",
    "row.long": "{name} is {count} characters long; at most {most} can be meant",
    "row.no-target": "target is empty; give a domain, a host name or an IP address",
    "row.transport": "transport {value} is none; give udp, tcp or tls, or leave it empty",
    "row.port": "port {value} is none; give a number from 1 to 65535, or leave it empty",
    "row.without-username": "{name} is given without username; add username, or leave {name} empty",
    "row.without-password": "username {value} needs a password; add it, or leave username empty",
    "credentials.username.empty": "the username {value} is empty" + _AS_THE_CARRIER,
    "credentials.username.control": (
        "the username {value} holds a line end or another control character" + _AS_THE_CARRIER
    ),
    "credentials.auth-username.empty": "the authentication username {value} is empty" + _AS_THE_CARRIER,
    "credentials.auth-username.control": (
        "the authentication username {value} holds a line end or another control character" + _AS_THE_CARRIER
    ),
    "credentials.password.no-text": (
        "the password holds half of a character (U+D800 to U+DFFF), which no system can have stored"
        + _AS_THE_CARRIER
    ),
}
