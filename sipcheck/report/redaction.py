"""What of a message is never recorded: digest responses, whatever is not Digest, and the keys of encrypted media."""

import re

# A lone CR is no line end in SIP, but shown it becomes one.
_CREDENTIAL_LINE = re.compile(
    r"((?:\A|(?<=[\r\n]))(?:Proxy-)?Authorization[ \t]*:)[ \t]*([^\s]+)?([^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)",
    re.IGNORECASE,
)
# What a dictionary attack on a captured digest needs besides the public challenge.
_SECRET_PARAMETER = re.compile(r'\b(response|cnonce)(\s*=\s*)("(?:[^"\\]|\\.)*"|[^\s,]+)', re.IGNORECASE)


# In every such line, however its letters are written; of these, no other letter is a case. To look for them first is
# thirty times cheaper than the pattern, and most of what is recorded has not both: "Unauthorized" has the first.
_SIGNS = ("author", "zat")

# The server's digest is made of the password as ours is.
_SERVER_DIGEST = re.compile(r'\b(rspauth\s*=\s*)("(?:[^"\\]|\\.)*"|[^\s,]+)', re.IGNORECASE)
_SERVER_SIGN = "rspauth"

# The master key and salt of a `crypto` line (RFC 4568 §9.2), up to its lifetime and identifier.
_MEDIA_KEY = re.compile(r"\b(inline:)[^\s|;]+", re.IGNORECASE)
_MEDIA_SIGN = "inline:"


def redact(text: str) -> str:
    """Take every digest response, and whatever is not Digest, out of the lines of a message that carry credentials.

    The keys by which media is encrypted are taken out of its body.
    """
    lower = text.lower()
    if _SERVER_SIGN in lower:
        text = _SERVER_DIGEST.sub(r"\1<redacted>", text)
    if _MEDIA_SIGN in lower:
        text = _MEDIA_KEY.sub(r"\1<redacted>", text)
    signed = _SIGNS[0] in lower and _SIGNS[1] in lower
    return _CREDENTIAL_LINE.sub(_redacted_line, text) if signed else text


def _redacted_line(match: re.Match[str]) -> str:
    name, scheme, rest = match.group(1), match.group(2) or "", match.group(3)
    if scheme.lower() != "digest":
        return f"{name} {scheme} <redacted>"
    return f"{name} {scheme}{_SECRET_PARAMETER.sub(lambda m: f'{m.group(1)}{m.group(2)}<redacted>', rest)}"
