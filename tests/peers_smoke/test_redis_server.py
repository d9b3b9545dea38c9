import pytest
import redis

from tests.peers.redis_server import RedisServer


def test_it_answers_and_begins_empty(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.dbsize() == 0
        client.set("key", "value")
        assert client.get("key") == b"value"


def test_the_next_test_finds_it_empty_again(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.dbsize() == 0


def test_killed_it_refuses_and_restarted_it_answers_on_the_same_port(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("key", "value")
        redis_server.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        redis_server.start()
        assert client.get("key") is None  # nothing is kept on disk


def test_left_killed_it_runs_again_for_the_next_test(redis_server: RedisServer) -> None:
    redis_server.kill()
    assert not redis_server.running


def test_the_next_test_finds_it_running(redis_server: RedisServer) -> None:
    assert redis_server.running
