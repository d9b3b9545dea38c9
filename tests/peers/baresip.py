"""A real telephone: baresip, which takes every call at once, and sends back what it hears."""

import re
from pathlib import Path
from typing import Self

from tests.peers.ports import free_port
from tests.peers.process import OwnedProcess

_MODULES = "/usr/lib/baresip/modules"
_CONFIG = """\
sip_listen 127.0.0.1:{port}
call_local_timeout 120
call_max_calls 20
audio_source aubridge,loop
audio_player aubridge,loop
ausrc_channels 1
auplay_channels 1
rtp_ports {first}-{last}
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aubridge.so
module rtcpsummary.so
{further}
module_tmp account.so
module_app menu.so
"""
_SUMMARY = re.compile(r"EX=BareSip;.*?PR=(\d+);PS=(\d+);")
_RTP_PORTS = 40


class Baresip:
    """Run one in `folder`; it is called by `number`, and takes `codecs`; unless it `answers` it only rings.

    `encryption` is baresip's own word, such as srtp-mand (RTP/SAVP with SDES).
    """

    def __init__(
        self,
        folder: Path,
        *,
        number: str = "+4930123456",
        codecs: str = "pcmu,pcma",
        answers: bool = True,
        encryption: str | None = None,
    ) -> None:
        self.number = number
        # SIP by TLS takes the port behind.
        self.port = free_port(in_a_row=2)
        first = free_port(in_a_row=_RTP_PORTS)
        folder.mkdir(parents=True, exist_ok=True)
        config = _CONFIG.format(
            port=self.port,
            first=first,
            last=first + _RTP_PORTS - 1,
            modules=_MODULES,
            further="" if encryption is None else "module srtp.so",
        )
        (folder / "config").write_text(config)
        media = "" if encryption is None else f";mediaenc={encryption}"
        mode = "auto" if answers else "manual"
        account = f"<sip:{number}@127.0.0.1>;regint=0;answermode={mode};audio_codecs={codecs}{media}\n"
        (folder / "accounts").write_text(account)
        (folder / "contacts").touch()
        self._process = OwnedProcess(
            "baresip",
            ["-f", str(folder)],
            ready=lambda: "baresip is ready" in self.log(),
            log_file=folder / "log",
        )

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def log(self) -> str:
        return self._process.log()

    def packets(self) -> list[tuple[int, int]]:
        """What each call that has ended came to there: packets received, packets sent."""
        return [(int(received), int(sent)) for received, sent in _SUMMARY.findall(self.log())]
