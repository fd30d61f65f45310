"""Follow-ups over HTTP, to a real receiver: what counts as taken, what is tried again, and what is never told."""

import logging
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from orchestration.follow_ups import http
from orchestration.follow_ups.segment import SegmentTrack, call
from orchestration.follow_ups.targets import NotTaken
from orchestration.follow_ups.webhook import Webhook, signature
from tests.follow_ups.queue import follow_up
from tests.follow_ups.receiver import Receiver


def failing(receiver_url: str, **fields) -> NotTaken:
    with pytest.raises(NotTaken) as failed:
        Webhook(receiver_url).send([follow_up(**fields)])
    return failed.value


def test_a_webhook_gets_the_address_the_key_and_a_signature_it_can_check():
    with Receiver() as receiver:
        Webhook(receiver.url, "hush").send([follow_up()])
    (post,) = receiver.posts
    assert post.headers["idempotency-key"] == post.json["idempotency_key"] == "k1"
    assert post.json["email"] == "k1@example.com"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["x-signature-sha256"] == signature("hush", post.body)
    assert receiver.acted == {"k1": 1}


def test_a_webhook_without_a_secret_is_not_signed():
    with Receiver() as receiver:
        Webhook(receiver.url).send([follow_up()])
    assert "x-signature-sha256" not in receiver.posts[0].headers


def test_a_track_call_has_what_segment_asks_for():
    with Receiver() as receiver:
        SegmentTrack(receiver.url, "write-key").send([follow_up()])
    (post,) = receiver.posts
    assert post.headers["authorization"] == "Basic d3JpdGUta2V5Og=="
    assert post.json == call(follow_up())
    assert post.json["messageId"] == "k1"
    assert post.json["userId"] == "s-k1"
    assert post.json["context"]["traits"] == {"email": "k1@example.com"}
    assert post.json["type"] == "track" and post.json["event"] and post.json["timestamp"].endswith("Z")
    assert "email" not in post.json["properties"]


def test_a_receiver_that_fails_for_a_moment_is_tried_again_with_the_same_key():
    with Receiver(lambda post, number: 503 if number < 3 else 202) as receiver:
        Webhook(receiver.url).send([follow_up()])
    assert receiver.keys == ["k1"] * 3
    assert receiver.acted == {"k1": 1}


def test_a_receiver_that_goes_on_failing_is_left_after_three_tries():
    with Receiver(lambda post, number: 500) as receiver:
        problem = failing(receiver.url)
    assert problem.problem == "HTTP 500" and problem.is_of_target
    assert len(receiver.posts) == 3


@pytest.mark.parametrize(
    ("status", "is_of_target"), [(400, False), (422, False), (401, True), (404, True), (302, True)]
)
def test_a_refusal_is_not_repeated_at_once_and_says_whom_it_concerns(status, is_of_target):
    with Receiver(lambda post, number: (status, {"Location": "http://127.0.0.1:9/elsewhere"})) as receiver:
        problem = failing(receiver.url)
    assert (problem.problem, problem.is_of_target) == (f"HTTP {status}", is_of_target)
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120.0),
        ("-5", None),
        ("nan", None),
        ("9" * 5000, 999_999_999.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        (None, None),
    ],
    ids=["seconds", "negative", "no number", "endless", "date", "nothing"],
)
def test_a_receiver_may_say_how_long_to_wait(told, seconds):
    with Receiver(lambda post, number: (429, {"Retry-After": told} if told else {})) as receiver:
        problem = failing(receiver.url)
    assert problem.retry_after == seconds and problem.is_of_target
    assert len(receiver.posts) == 1


def test_a_receiver_that_does_not_answer_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.3)
    with Receiver(lambda post, number: time.sleep(2) or 200) as receiver:
        started = time.monotonic()
        assert failing(receiver.url).problem == "no answer in time"
        assert time.monotonic() - started < 1.5
    assert len(receiver.posts) == 1


@contextmanager
def answering(answer):
    """A server whose one connection is answered by a function, byte by byte as that likes; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError), server.accept()[0] as connection:
                connection.recv(65_536)
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a-secret-path"


def test_an_answer_that_never_ends_is_not_read():
    def answer(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nand so on")
        connection.recv(1)  # until the other side closes

    with answering(answer) as url:
        started = time.monotonic()
        Webhook(url).send([follow_up()])
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nX-Long: "], ids=["status", "header"])
def test_a_receiver_that_answers_byte_by_byte_holds_nobody_up(monkeypatch, begins):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.5)

    def answer(connection):
        connection.sendall(begins)
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.1)

    with answering(answer) as url:
        started = time.monotonic()
        assert failing(url).problem == "no answer in time"
    assert time.monotonic() - started < 3


def test_a_receiver_that_drops_the_connection_did_not_take_it():
    def drop(post, number):
        raise ConnectionAbortedError

    with Receiver(drop) as receiver:
        assert failing(receiver.url).is_of_target


def test_nobody_listening_is_no_connection_and_neither_address_nor_secret_is_told(caplog):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a-secret-path"
    with caplog.at_level(logging.INFO):
        problem = failing(url, email="someone@example.com")
    assert problem.problem == "no connection"
    assert problem.__cause__ is None and problem.__suppress_context__
    assert "a-secret-path" not in caplog.text


def test_a_receiver_without_a_certificate_that_holds_gets_nothing_and_that_is_the_reason_told():
    def no_tls(connection):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with answering(no_tls) as url:
        assert failing(url.replace("http:", "https:")).problem == "no TLS connection that can be trusted"
