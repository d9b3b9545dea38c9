"""What /readyz asks of the broker, in either form."""

from collections.abc import Callable

import pytest
from kombu.exceptions import OperationalError

from tests.peers.redis_server import RedisServer
from tests.worker.service import Service
from trunks.installation.settings import Settings
from worker.app import make_app
from worker.broker_ping import broker_answers, worker_answers


def test_a_consuming_worker_answers(service: Service) -> None:
    broker_answers(service.app)
    service.wait_answers()


def test_without_a_worker_none_answers(form_settings: Settings) -> None:
    app = make_app(form_settings)
    broker_answers(app)
    with pytest.raises(LookupError):
        worker_answers(app)


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_a_broker_that_is_away_is_told(
    form_settings: Settings, redis_server: RedisServer, start_service: Callable[[Settings], Service]
) -> None:
    app = make_app(form_settings)
    redis_server.kill()
    with pytest.raises(OperationalError):
        broker_answers(app)
