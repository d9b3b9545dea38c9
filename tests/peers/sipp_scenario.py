"""A scenario for sipp, step by step: what a carrier hears and says in one call, as XML."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Kept of the INVITE that counts, for answers to it behind other requests.
_KEPT = ("Via", "From", "To", "Call-ID", "CSeq")
_HERE = "[local_ip]:[local_port];transport=[transport]"
# A second of G.711 µ law.
_SOUND_FILE, _SOUND = "[sound]", bytes(range(256)) * 31
_SESSION = """v=0
o=- 1 1 IN IP4 {host}
s=-
c=IN IP4 {host}
t=0 0
m=audio {port} RTP/AVP 0
"""


@dataclass
class Script:
    """Each call adds a step, in order; sipp itself fails a call in which anything else comes."""

    steps: list[str] = field(default_factory=list)
    _asked: int = 0
    _last: str = ""

    def hears(self, method: str, *, optional: bool = False) -> "Script":
        """Wait for a request, and keep the INVITE's headers."""
        self._last = method
        may = ' optional="true"' if optional else ""
        keep = "".join(
            f'<ereg regexp=".*" search_in="hdr" header="{name}:" assign_to="{number}"/>'
            for number, name in enumerate(_KEPT, 1)
        )
        action = f"<action>{keep}</action>" if method == "INVITE" else ""
        self.steps.append(f'<recv request="{method}"{may}>{action}</recv>')
        return self

    def hears_answer(self, status: int) -> "Script":
        self.steps.append(f'<recv response="{status}"/>')
        return self

    def says(
        self,
        status: int,
        *headers: str,
        to_invite: bool = False,
        tag: str | None = "peer",
        contact: str = f"sip:carrier@{_HERE}",
        media: tuple[str, str] | None = None,
        times: int = 1,
    ) -> "Script":
        """Answer what was heard last, or the INVITE; `media` is the host and the port of an SDP."""
        if to_invite:
            lines = [f"{name}:[${number}]" for number, name in enumerate(_KEPT, 1)]
        else:
            lines = [f"[last_{name}:]" for name in _KEPT]
        if tag is not None:
            lines[2] += f";tag={tag}"
        if 100 < status < 400 and contact:
            lines.append(f"Contact: <{contact}>")
        lines += headers
        body = "" if media is None else _SESSION.format(host=media[0], port=media[1])
        lines += ["Content-Type: application/sdp"] if body else []
        # A real one says its answer to an INVITE again until it is acknowledged (RFC 3261 §13.3.1.4, §17.2.1).
        again = status >= 200 and times == 1 and (to_invite or self._last == "INVITE")
        self._sends(f"SIP/2.0 {status} Phrase", lines, body, times, again=again)
        return self

    def asks(self, method: str) -> "Script":
        """Ask something within the call that it has taken."""
        self._asked += 1
        lines = [
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]{self._asked}",
            "From:[$3];tag=peer",
            "To:[$2]",
            "Call-ID:[$4]",
            f"CSeq: {self._asked} {method}",
            "Contact: <sip:carrier@[local_ip]:[local_port]>",
            "Max-Forwards: 70",
        ]
        self._sends(f"{method} sip:trunk@[remote_ip]:[remote_port] SIP/2.0", lines)
        return self

    def acknowledges(self) -> "Script":
        """Acknowledge a refusal of its own INVITE: in that INVITE's transaction."""
        lines = [
            "[last_Via:]",
            "[last_From:]",
            "[last_To:]",
            "[last_Call-ID:]",
            f"CSeq: {self._asked} ACK",
            "Max-Forwards: 70",
        ]
        self._sends("ACK sip:trunk@[remote_ip]:[remote_port] SIP/2.0", lines)
        return self

    def plays(self) -> "Script":
        """Send sound from now on."""
        action = f'<exec rtp_stream="{_SOUND_FILE},-1,0,PCMU/8000"/>'
        self.steps.append(f"<nop><action>{action}</action></nop>")
        return self

    def waits(self, milliseconds: int) -> "Script":
        self.steps.append(f'<pause milliseconds="{milliseconds}"/>')
        return self

    def write(self, file: Path, *, at: str = _HERE) -> Path:
        """Write it; `at` is where its Contact leads."""
        # sipp warns of a variable that is read nowhere.
        used = ",".join(str(number) for number in range(1, len(_KEPT) + 1))
        sound = file.with_suffix(".ulaw")
        sound.write_bytes(_SOUND)
        body = "\n".join(self.steps).replace(_SOUND_FILE, str(sound)).replace(_HERE, at)
        file.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
            f'<scenario name="call">\n{body}\n<Reference variables="{used}"/>\n</scenario>\n'
        )
        return file

    def _sends(
        self, first: str, lines: Sequence[str], body: str = "", times: int = 1, *, again: bool = False
    ) -> None:
        text = "\n".join([first, *lines, "Content-Length: [len]", "", body])
        how = ' retrans="500"' if again else ""
        self.steps += [f"<send{how}><![CDATA[\n{text}\n]]></send>"] * times
