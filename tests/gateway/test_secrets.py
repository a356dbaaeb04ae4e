"""Keys and secrets on the gateway's ways: in no file, no metric, no log, no error and no line of the journal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.running import NOO, Gateway, model_servers, refuses, says, start, wait_for
from tests.promises.rooms import environment

pytestmark = pytest.mark.slow

GATEWAY_KEY = "a-gateway-key-that-nobody-else-knows"
BACKEND_KEY = "sk-backend-" + "Zz9" * 9
ASKED = "sk-proj-" + "a1B2" * 8
ANSWERED = "ghp_" + "c3D4" * 9
SECRETS = (GATEWAY_KEY, BACKEND_KEY, ASKED, ANSWERED)


def test_what_is_secret_is_kept_nowhere_and_told_to_nobody(
    repo: Path, person_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKEND_KEY", BACKEND_KEY)
    said: dict[str, str] = {}
    echo = {"error": {"message": f"Incorrect API key provided: {BACKEND_KEY}", "type": "invalid_request_error"}}
    with model_servers(
        person_home, first=refuses("401 Unauthorized", echo), second=says("Take ", f"{ANSWERED} ", "and go")
    ):
        file = person_home / "config.json"
        settings = json.loads(file.read_text())
        settings["backends"]["first"]["apiKeyEnv"] = "BACKEND_KEY"
        file.write_text(json.dumps(settings))
        process = start(repo, person_home, "--port=0", "--metrics=0", "--json", key=GATEWAY_KEY)
        assert process.stdout is not None
        try:
            said["announced"] = process.stdout.readline()
            told = json.loads(said["announced"])
            running = Gateway(told["url"], process, GATEWAY_KEY)
            wait_for(running.answers)
            ask: dict[str, Any] = {"messages": [{"role": "user", "content": f"My key is {ASKED}."}]}
            with running.http() as http:
                for more in ({}, {"stream": True}):
                    reply = http.post("/v1/chat", json={"model": "auto", **ask, **more})
                    assert ANSWERED in reply.text, "an answer is its asker's own"
                said["refused"] = http.post("/v1/chat", json={"model": "first", **ask}).text
                assert "authentication_failed" in said["refused"]
                said["listed"] = http.get("/v1/models").text
            with httpx.Client(trust_env=False, timeout=30) as prometheus:
                said["metrics"] = prometheus.get(told["metrics"]).text
            assert "nootropic_model_calls_total" in said["metrics"]
        finally:
            process.terminate()
            said["printed"], said["logged"] = process.communicate(timeout=60)
        command = [*NOO, "chat", f"And this one: {ASKED}?", "--json", "--debug"]
        done = subprocess.run(command, cwd=repo, env=environment(), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and json.loads(done.stdout)["backend"] == "second"
        said["chat's standard error"] = done.stderr
    for verb in (["chats", "show", "C1"], ["trace", "--json"]):
        done = subprocess.run([*NOO, *verb], cwd=repo, env=environment(), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        said[" ".join(verb)] = done.stdout + done.stderr
    for where, text in said.items():
        for secret in SECRETS:
            assert secret not in text, where
    kept = [file for place in (repo, person_home) for file in place.rglob("*") if file.is_file()]
    assert {"state.db", "spans.db"} <= {file.name for file in kept}
    for file in kept:
        content = file.read_bytes()
        for secret in SECRETS:
            assert secret.encode() not in content, file
