"""What is handed over is sent, each once and in order, whoever hands over, and whatever the other end does."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from worker.sending_thread import SendingThread

PATIENCE_SECONDS = 20.0


@dataclass
class OtherEnd:
    """Keeps what it is sent; `closed` it hangs, and `broken` it refuses."""

    sent: list[Sequence[int]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    called: threading.Event = field(default_factory=threading.Event)
    broken: bool = False

    def take(self, items: Sequence[int]) -> None:
        self.called.set()
        assert self.open.wait(PATIENCE_SECONDS)
        if self.broken:
            raise ConnectionError("away")
        self.sent.append(list(items))

    @property
    def all(self) -> list[int]:
        return [item for items in self.sent for item in items]


@contextmanager
def sending(end: OtherEnd) -> Iterator[SendingThread[int]]:
    """A thread that is stopped, and has sent all, behind the block."""
    thread = SendingThread[int]("test", end.take)
    thread.start()
    try:
        yield thread
    finally:
        end.open.set()
        thread.stop(timeout_seconds=PATIENCE_SECONDS)


def test_what_is_hurried_takes_along_what_waits() -> None:
    end = OtherEnd()
    end.open.set()
    with sending(end) as thread:
        thread.hand_over(1, hurried=False)
        thread.hand_over(2, hurried=True)
        assert end.called.wait(PATIENCE_SECONDS)
    assert end.all == [1, 2]


def test_what_nobody_waits_for_is_sent_without_anything_hurried() -> None:
    end = OtherEnd()
    end.open.set()
    with sending(end) as thread:
        for item in range(3):
            thread.hand_over(item, hurried=False)
        assert end.called.wait(PATIENCE_SECONDS)
    assert end.all == [0, 1, 2]


def test_what_comes_while_the_other_end_hangs_goes_together() -> None:
    end = OtherEnd()
    with sending(end) as thread:
        thread.hand_over(0)
        assert end.called.wait(PATIENCE_SECONDS)
        for item in range(1, 251):
            thread.hand_over(item, hurried=item % 2 == 0)
    assert end.sent[0] == [0]
    assert [len(items) for items in end.sent[1:]] == [100, 100, 50]
    assert end.all == list(range(251))


def test_what_is_refused_is_dropped_and_told_once() -> None:
    end = OtherEnd(broken=True)
    with structlog.testing.capture_logs() as logs:
        with sending(end) as thread:
            thread.hand_over(1)
            assert end.called.wait(PATIENCE_SECONDS)
            end.open.set()
            thread.hand_over(2)
        assert end.all == []
        end.broken = False
        with sending(end) as thread:
            thread.hand_over(3)
        assert end.all == [3]
    assert [each["event"] for each in logs] == ["test-away"]


def test_more_than_is_kept_is_dropped_and_told() -> None:
    end = OtherEnd()
    with structlog.testing.capture_logs() as logs, sending(end) as thread:
        thread.hand_over(0)
        assert end.called.wait(PATIENCE_SECONDS)
        for item in range(1, 10_003):
            thread.hand_over(item)
    assert end.all == list(range(10_001))
    assert [each["dropped"] for each in logs] == ["10001", "10002"]


def test_many_who_hand_over_at_once_lose_nothing() -> None:
    end = OtherEnd()
    end.open.set()
    with sending(end) as thread:

        def give(first: int) -> None:
            for item in range(first, first + 500):
                thread.hand_over(item, hurried=item % 7 == 0)

        givers = [threading.Thread(target=give, args=(first,)) for first in range(0, 2000, 500)]
        for giver in givers:
            giver.start()
        for giver in givers:
            giver.join()
    assert sorted(end.all) == list(range(2000))
