"""Model servers that answer on their usual port of this machine: looked for on loopback only, all at once, briefly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.contract import Probe
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.models.exchange import Endpoint, Limits
from nootropic_kernel.models.refusals import parsed_object
from nootropic_kernel.models.transport import Call, fetch
from nootropic_kernel.workspace.backend_settings import BackendSettings

# Our own `noo serve`, which shows its models to no one without its key.
GATEWAY = "gateway"
# What each would be called, its kind, and the port that it takes unless told otherwise.
USUAL = (
    ("Ollama", "ollama", 11434),
    ("llama.cpp", "llamacpp", 8080),
    ("Tabby", "tabby", 8080),
    ("vLLM", "vllm", 8000),
    ("LM Studio", "openai-compatible", 1234),
    ("Nootropic gateway", GATEWAY, 4000),
)
_WAIT_S = 0.3
GATEWAY_TITLE = "Nootropic gateway"


@dataclass(frozen=True)
class Found:
    """A server that answers like one of its kind."""

    title: str
    kind: str
    url: str
    probe: Probe


def discover(usual: tuple[tuple[str, str, int], ...] = USUAL, wait_s: float = _WAIT_S) -> list[Found]:
    """The servers that answer, each within ``wait_s`` seconds; no key is sent and no address but loopback is asked."""
    with ThreadPoolExecutor(len(usual), thread_name_prefix="nootropic-discovery") as pool:
        looks = [pool.submit(_look, *one, wait_s) for one in usual]
        return [found for look in looks if (found := look.result()) is not None]


def _look(title: str, kind: str, port: int, wait_s: float) -> Found | None:
    url = f"http://127.0.0.1:{port}" + ("/v1" if kind == "openai-compatible" else "")
    limits = Limits(connect_s=wait_s, silence_s=wait_s, total_s=wait_s)
    try:
        if kind == GATEWAY:
            return _gateway(title, url, limits)
        # Its model is not known yet, so the probe finds no window.
        return Found(title, kind, url, connect(BackendSettings("found", url, "", kind=kind), limits).probe())
    except ModelError:
        return None


def _gateway(title: str, url: str, limits: Limits) -> Found | None:
    """Our own gateway, known by its description, which needs no key."""
    endpoint = Endpoint(title, url, "")
    described = parsed_object(fetch(endpoint, Call(f"{url}/openapi.json", None, None, dict), None, limits), title)
    about = described.get("info")
    if not isinstance(about, dict) or about.get("title") != GATEWAY_TITLE:
        return None
    return Found(title, GATEWAY, f"{url}/v1", Probe(version=str(about.get("version", ""))))
