"""What is said of a call; `number` is as it was written, `answer` the carrier's last word."""

from collections.abc import Mapping

from sipcheck.diagnosis.texts.text import Text
from sipcheck.reasons import CallCause, CallReason

_ASK_AGAIN = "Make the call again when the line is free."

CALL_TEXTS: Mapping[tuple[CallReason, CallCause | None], Text] = {
    (CallReason.CALL_ANSWERED, None): Text(
        "The call to {number} was answered {seconds} s after it was asked for, and ended by {ended}: {media}.",
        "",
    ),
    (CallReason.CALL_RANG, None): Text(
        "The call to {number} rang ({answer}), was not taken within {ring} s, and was given up.",
        "Calls get through. To hear the media, call a number that somebody answers.",
    ),
    (CallReason.CALL_BUSY, None): Text("The carrier says that {number} is busy ({answer}).", _ASK_AGAIN),
    (CallReason.CALL_DECLINED, None): Text(
        "The call to {number} was declined ({answer}).",
        "Ask whoever has the number, or the carrier, whether calls from {caller} are blocked there.",
    ),
    (CallReason.CALL_UNAVAILABLE, None): Text(
        "The carrier says that {number} cannot be reached now ({answer}).",
        "Make sure that a phone with this number is switched on, and call again.",
    ),
    (CallReason.CALL_NO_PROGRESS, None): Text(
        "The carrier took the call to {number} on, and in {ring} s it neither rang nor was refused; it was given up.",
        "Call again later. If it lasts, send the carrier this report: what stands behind its edge did not answer.",
    ),
    (CallReason.CALL_FORBIDDEN, None): Text(
        "The carrier refused the call from {caller} to {number} ({answer}).",
        "Ask the carrier whether this account may call that number from this caller, whether it has credit, and "
        "whether calls from {our_address} are allowed.",
    ),
    (CallReason.CALLER_REFUSED, None): Text(
        "The carrier refused the caller {caller} ({answer}).",
        "Call from a number that the carrier has given you, or ask which form of the caller it wants: a number, or the "
        "username with the number in P-Preferred-Identity (--identity username).",
    ),
    (CallReason.NUMBER_NOT_FOUND, None): Text(
        "The carrier knows nobody at {number} ({answer}).",
        "Check the number. Where it is right, the carrier wants it written in another form: try --format auto.",
    ),
    (CallReason.NUMBER_INCOMPLETE, None): Text(
        "To the carrier {number} lacks digits ({answer}).",
        "Check the number. Where it is right, the carrier wants it written in another form: try --format auto.",
    ),
    (CallReason.CODEC_REFUSED, None): Text(
        "The media that we offered ({codecs}, {encryption}) was refused ({answer}).",
        "Ask the carrier which codecs it takes, and whether media has to be encrypted or must not be: many refuse "
        "either with this code.",
    ),
    (CallReason.ENCRYPTION_REQUIRED, None): Text(
        "Encrypted media is wanted, and ours was offered without encryption ({answer}).",
        "Switch media encryption on for the trunk (--media-encryption sdes), or ask the carrier to allow plain RTP.",
    ),
    (CallReason.ENCRYPTION_REFUSED, None): Text(
        "Media without encryption is wanted, and ours was offered encrypted ({answer}).",
        "Switch media encryption off for the trunk, or ask the carrier for SRTP (SDES).",
    ),
    (CallReason.CALL_LIMIT_REACHED, None): Text(
        "The carrier says that no more calls are allowed at once ({answer}).",
        "End other calls of the account, or ask the carrier for more channels; then call again.",
    ),
    (CallReason.MEDIA_UNUSABLE, None): Text(
        "The call to {number} was answered, and its media could not be agreed on: {media}.",
        "Show the carrier the SDP of its answer in the trace.",
    ),
    (CallReason.MEDIA_UNUSABLE, CallCause.OWN_GUARD): Text(
        "The call to {number} was answered, and nothing was sent to the address that was named for media: {media}.",
        "Where that address is one of your own network's, allow it.",
    ),
    (CallReason.MEDIA_SILENT, None): Text(
        "The call to {number} was answered, and no sound came in {listened} s: {media}.",
        "Ask the carrier why it sends no RTP to {our_media}; a firewall on the way may drop UDP to these ports.",
    ),
    (CallReason.MEDIA_SILENT, CallCause.OUR_NAT): Text(
        "The call to {number} was answered, and no sound came in {listened} s: {media}. Whether the carrier reaches us "
        "at {our_media}, which we named for media, is not known: its answer does not show that it saw us there.",
        "Give the address by which the carrier reaches this machine (--media-address), and forward the UDP ports "
        "(--rtp-ports); then call again.",
    ),
    (CallReason.MEDIA_ONE_WAY, None): Text(
        "The call to {number} was answered, and its sound went one way only: {media}.",
        "Show the carrier both SDPs in the trace, and ask for the way that is missing; a firewall may drop it.",
    ),
}
