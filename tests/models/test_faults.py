"""Each fault that a model server can have, in each framing: never a whole answer, always a typed error in time."""

from __future__ import annotations

import gzip
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.errors import AnswerCut, BackendUnreachable, InferenceError, ModelError, ModelTimeout
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.errors import Interrupted
from tests.models.conftest import ServeScript, chat
from tests.models.framings import FRAMINGS, Framing

pytestmark = pytest.mark.slow

ASK = ChatRequest((Message("user", "hi"),), max_tokens=10_000)
CONTROL_BACK_S = 2.0
ONE_EACH = ("openai-compatible, chunked", "anthropic, chunked", "ollama, chunked", "petals, websocket")


@pytest.fixture(params=FRAMINGS)
def framing(request: pytest.FixtureRequest) -> Framing:
    """Each framing in turn."""
    return FRAMINGS[request.param]


@pytest.fixture(params=ONE_EACH)
def protocol(request: pytest.FixtureRequest) -> Framing:
    """Each protocol in turn."""
    return FRAMINGS[request.param]


def heard(settings: BackendSettings, limits: Limits | None = None, cancel: threading.Event | None = None) -> str:
    """The text of the answer; somebody listens, so that Petals uses its WebSocket."""
    if settings.kind == "ollama":
        settings = replace(settings, context_window=1 << 20)
    return chat(settings, ASK, lambda text: None, cancel, limits).text


def test_a_whole_answer_is_whole(serve: ServeScript, framing: Framing) -> None:
    assert heard(serve(*framing.whole("Hel", "lo"), kind=framing.kind)) == "Hello"


@pytest.mark.parametrize("texts", [("Hel",), ()], ids=["after a piece", "before the first"])
def test_a_cut_is_an_error(serve: ServeScript, framing: Framing, texts: tuple[str, ...]) -> None:
    with pytest.raises(AnswerCut) as caught:
        heard(serve(*framing.begun(*texts), kind=framing.kind))
    assert caught.value.retryable
    # What may be the start of a stop text is not shown before more has come.
    assert caught.value.data["partial"] in ("".join(texts), "")


def test_a_cut_inside_of_a_frame_is_an_error(serve: ServeScript, framing: Framing) -> None:
    if framing.transport == "websocket":
        script = [*framing.begun("Hel"), {"send": "\x01"}]
    else:
        script = [*framing.begun("Hel"), *framing.frames([framing.piece("lo")[:-9]])]
    with pytest.raises(AnswerCut):
        heard(serve(*script, kind=framing.kind))


def test_a_clean_end_of_the_transport_is_no_end_of_the_answer(serve: ServeScript, framing: Framing) -> None:
    parts = [*framing.begin, framing.piece("Hel")]
    close = {"chunked": {"end": True}, "websocket": {"send": "\x08\x00"}}.get(framing.transport)
    head = framing.head(sum(len(part.encode()) for part in parts))
    with pytest.raises(AnswerCut):
        heard(serve(*head, *framing.frames(parts), *([close] if close else []), kind=framing.kind))


def test_an_error_in_the_middle_is_told(serve: ServeScript, framing: Framing) -> None:
    script = [*framing.begun("Hel"), *framing.frames([framing.broken, framing.piece("lo"), *framing.end])]
    with pytest.raises(InferenceError, match="out of memory"):
        heard(serve(*script, kind=framing.kind))


@pytest.mark.parametrize("garbage", ["{not json", "[1, 2]", "null", "[" * 100_000])
def test_garbage_in_the_middle_is_an_error(serve: ServeScript, protocol: Framing, garbage: str) -> None:
    frame = {"ollama": f"{garbage}\n", "petals": garbage}.get(protocol.kind, f"data: {garbage}\n\n")
    script = [*protocol.begun("Hel"), *protocol.frames([frame, protocol.piece("lo"), *protocol.end])]
    with pytest.raises(InferenceError):
        heard(serve(*script, kind=protocol.kind))


def test_a_frame_of_50_mb_is_not_swallowed(serve: ServeScript, protocol: Framing) -> None:
    if protocol.transport == "websocket":
        # The frame says its length; nobody waits for the rest.
        script = [*protocol.begun(), {"send": "\x01\x7f"}, {"repeat": "\x00", "size": 1 << 16, "times": 800}]
    else:
        script = [*protocol.begun(), *protocol.frames([protocol.open_]), {"repeat": "x", "size": 1 << 20, "times": 50}]
    with pytest.raises(InferenceError):
        heard(serve(*script, kind=protocol.kind))


def test_an_answer_without_end_is_not_swallowed(serve: ServeScript, protocol: Framing) -> None:
    piece = protocol.piece("x" * 1000)
    script = [*protocol.begun(), *protocol.frames([piece] * 30)]
    with pytest.raises(InferenceError, match="more than an answer can be"):
        heard(serve(*script, kind=protocol.kind), Limits(text_chars=10_000))


def test_silence_is_a_timeout(serve: ServeScript, protocol: Framing) -> None:
    with pytest.raises(ModelTimeout):
        heard(serve(*protocol.begun("Hel"), {"sleep": 60}, kind=protocol.kind), Limits(silence_s=0.5))


@pytest.mark.parametrize("what", ["alive", "piece"])
def test_a_drip_ends_at_the_total_deadline(serve: ServeScript, framing: Framing, what: str) -> None:
    text = framing.alive if what == "alive" else framing.piece("x")
    script = [*framing.begun(), framing.drip(text, 0.02)]
    started = time.monotonic()
    with pytest.raises(ModelTimeout):
        heard(serve(*script, kind=framing.kind), Limits(silence_s=5, total_s=0.7))
    assert time.monotonic() - started < 0.7 + CONTROL_BACK_S


def test_a_head_that_drips_ends_at_the_total_deadline(serve: ServeScript, protocol: Framing) -> None:
    script = {"drip_raw": "HTTP/1.1 200 OK\r\nX-Slow: " + "x" * 10_000, "every": 0.05}
    with pytest.raises(ModelTimeout):
        heard(serve(script, kind=protocol.kind), Limits(silence_s=5, total_s=0.7))


@pytest.mark.parametrize("state", ["before the head", "before the first piece", "in the answer", "dripping"])
def test_stop_gives_control_back(serve: ServeScript, protocol: Framing, state: str) -> None:
    script: list[dict[str, Any]] = {
        "before the head": [{"sleep": 60}],
        "before the first piece": [*protocol.head(), {"sleep": 60}],
        "in the answer": [*protocol.begun("Hel"), {"sleep": 60}],
        "dripping": [*protocol.begun(), protocol.drip(protocol.alive, 0.01)],
    }[state]
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        heard(serve(*script, kind=protocol.kind), cancel=cancel)
    assert time.monotonic() - started < 0.3 + CONTROL_BACK_S
    wait_for_the_reader()


def wait_for_the_reader() -> None:
    """The thread that reads ends with the call, however long the server would go on."""
    deadline = time.monotonic() + 10
    while any(thread.name == "nootropic-model-stream" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the thread still waits for the server"
        time.sleep(0.02)


def reply(status: str, kind: str, body: str, *headers: str) -> dict[str, Any]:
    """A whole reply."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}", *headers]
    return {"head": "\r\n".join(head) + "\r\n\r\n" + body}


REFUSALS = {
    "500": reply("500 Internal Server Error", "text/plain", "it broke"),
    "html": reply("200 OK", "text/html", "<html><b>Please log in</b></html>"),
    "redirect": reply("302 Found", "text/html", "", "Location: http://127.0.0.1:1/"),
    "308": reply("308 Permanent Redirect", "text/html", "", "Location: https://example.org/v1/chat/completions"),
    "200 with an error": reply("200 OK", "application/json", '{"error": {"message": "no", "code": 500}}'),
    "200 with nothing": reply("200 OK", "application/json", ""),
    "200 with a list": reply("200 OK", "application/json", "[1]"),
    "wrong type": reply("200 OK", "image/png", "PNG"),
    "204": {"head": "HTTP/1.1 204 No Content\r\n\r\n"},
    "no HTTP": {"send": "SSH-2.0-OpenSSH_9.2\r\n"},
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_typed(serve: ServeScript, protocol: Framing, refusal: str) -> None:
    with pytest.raises(ModelError) as caught:
        heard(serve(REFUSALS[refusal], kind=protocol.kind))
    error = caught.value
    assert error.what and error.why and error.next and "<" not in error.why
    assert error.code == type(error).__name__ == error.to_json()["type"]


def test_a_compressed_answer_is_not_unpacked(serve: ServeScript) -> None:
    packed = gzip.compress(b"data: " + b"x" * (1 << 20)).decode("latin-1")
    script = reply("200 OK", "text/event-stream", packed, "Content-Encoding: gzip")
    with pytest.raises(InferenceError, match="compressed"):
        heard(serve(script))


def test_usage_may_be_missing(serve: ServeScript, protocol: Framing) -> None:
    answer = chat(serve(*FRAMINGS["openai-compatible, close"].whole("hi")), ASK)
    assert (answer.text, answer.input_tokens, answer.output_tokens, answer.cached_tokens) == ("hi", None, None, None)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that its own key signed."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=1)
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificate.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    return folder / "certificate.pem", folder / "key.pem"


def test_a_certificate_that_is_not_trusted_is_told(serve: ServeScript, certificate: tuple[Path, Path]) -> None:
    settings = serve(*FRAMINGS["openai-compatible, chunked"].whole("hi"), certificate=certificate)
    with pytest.raises(BackendUnreachable, match="certificate") as caught:
        heard(settings)
    assert not caught.value.retryable


def test_an_authority_of_the_persons_own_is_trusted_and_stop_works_under_tls(
    serve: ServeScript, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    framing = FRAMINGS["openai-compatible, chunked"]
    assert heard(serve(*framing.whole("hi"), certificate=certificate)) == "hi"
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(Interrupted):
        heard(serve(*framing.begun("Hel"), {"sleep": 60}, certificate=certificate), cancel=cancel)
    wait_for_the_reader()


def test_tls_where_there_is_none_is_told(serve: ServeScript) -> None:
    settings = serve(*FRAMINGS["openai-compatible, chunked"].whole("hi"))
    with pytest.raises(ModelError) as caught:
        heard(replace(settings, url=settings.url.replace("http://", "https://")), Limits(connect_s=0.5))
    assert caught.value.next
