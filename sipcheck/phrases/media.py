"""What is said of media that could not be agreed on: of SDP that cannot be read, and of what does not fit in it."""

from collections.abc import Mapping

MEDIA: Mapping[str, str] = {
    "media.sdp.none": "it is no SDP: its first line is not v=",
    "media.sdp.long": "it has {count} bytes; at most {most} are read",
    "media.sdp.lines": "it has {count} lines; at most {most} are read",
    "media.sdp.many": "it has {count} m= lines; at most {most} are read",
    "media.sdp.m-line": "its line m={line} names no port and protocol",
    "media.nothing": "nothing",
    "media.misfit.no-audio": "its SDP offers no audio, but {kinds}",
    "media.misfit.audio-refused": "its SDP refuses the audio (port 0)",
    "media.misfit.encryption-wanted": "its SDP wants encrypted media ({protocol}), and ours is not",
    "media.misfit.encryption-refused": "its SDP wants media without encryption ({protocol}), and ours is encrypted",
    "media.misfit.protocol": "its SDP wants media by {protocol}, which is not spoken here",
    "media.misfit.key": "its SDP has no key that can be used for encrypted media",
    "media.misfit.no-codec": "its SDP names no codec that was offered, but {formats}",
    "media.misfit.no-address": "its SDP names no address for media",
    "media.misfit.named-host": "its SDP names the host {host} for media, where an address belongs",
    "media.misfit.other-family": "its SDP names {address} for media, which {ours} cannot reach",
    "media.port.none": "no two neighbouring ports from {first} to {last} of {address} are free",
    "media.ports.unusable": "{text} is no range of ports; give two numbers from 1024 to 65535, such as 16384-19999",
}
