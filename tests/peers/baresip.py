"""baresip as a telephone: one account, no registration, which answers by itself; it tells of each call in its log."""

from pathlib import Path

from tests.peers.ports import free_port
from tests.peers.process import OwnedProcess

USER = "phone"
_MODULES = Path("/usr/lib/baresip/modules")


class Baresip(OwnedProcess):
    """Run one baresip in a folder of its own, over UDP on loopback; its log is whole once it has ended."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port(in_a_row=2)  # TLS is at the next one
        configuration = [
            f"module_path {_MODULES}",
            f"sip_listen 127.0.0.1:{self.port}",
            "audio_source ausine,440",
            f"audio_player aufile,{folder / 'heard.wav'}",
            *(f"module {name}.so" for name in ("g711", "ausine", "aufile")),
            *(f"module_app {name}.so" for name in ("account", "menu")),
        ]
        (folder / "config").write_text("\n".join(configuration) + "\n")
        (folder / "accounts").write_text(f"<sip:{USER}@127.0.0.1:{self.port}>;regint=0;answermode=auto\n")
        (folder / "contacts").write_text("")
        super().__init__("baresip", ["-f", str(folder)], ready=self._listens, log_file=folder / "baresip.log")

    @property
    def uri(self) -> str:
        return f"sip:{USER}@127.0.0.1:{self.port}"

    def _listens(self) -> bool:
        """Ask the kernel: a packet sent to find out would be a call."""
        bound = f"0100007F:{self.port:04X}"
        return any(line.split()[1] == bound for line in Path("/proc/net/udp").read_text().splitlines()[1:])
