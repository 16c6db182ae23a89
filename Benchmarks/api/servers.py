"""Starts and stops the compared servers: NeuroAI's, Django's and FastAPI's, each as its documentation recommends."""
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import seed

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(sys.executable).parent
SECRET = "a secret of the benchmark, long enough for HS256"
ACCOUNT = {"email": "bench@example.org", "password": "a long benchmark"}
WORKERS = "2"


def call(method, address, body=None, token=None):
    request = urllib.request.Request(address, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


class Server:
    """A server process (with its workers) on a local port."""

    def __init__(self, name, words, environment, port, folder, log):
        self.name, self.port, self.token = name, port, None
        self.address = f"http://127.0.0.1:{port}"
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                words, cwd=folder, env={**os.environ, "SECRET_KEY": SECRET, **environment}, stdout=output, stderr=output)

    def wait(self, path, seconds=60):
        """Waits until `path` responds, with any status."""
        end = time.monotonic() + seconds
        while True:
            try:
                urllib.request.urlopen(self.address + path, timeout=5).read()
                return self
            except urllib.error.HTTPError:
                return self
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
                if time.monotonic() > end or self.process.poll() is not None:
                    raise SystemExit(f"{self.name} does not start; see its log")
                time.sleep(0.02)

    def login(self):
        self.token = call("POST", f"{self.address}/api/users/login/", ACCOUNT)["access"]
        return self

    def memory(self, field="VmRSS"):
        """Memory of the server's own process in MiB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", text)[1]) / 1024

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def ours(program, url, media, port, log, words=("--without-worker",)):
    """NeuroAI's server with a new account; the database may be empty."""
    environment = {"DATABASE_URL": url, "MEDIA_ROOT": str(media), "PORT": str(port), "LOG_ROOT": str(media)}
    server = Server("NeuroAI", [program, "serve", *words], environment, port, None, log).wait("/api/health/")
    form = {**ACCOUNT, "confirm_password": ACCOUNT["password"], "first_name": "Ada", "last_name": "Lovelace", "role": "radiologist"}
    try:
        server.token = call("POST", f"{server.address}/api/users/register/", form)["access"]
    except urllib.error.HTTPError:
        server.login()
    return server


def prepare_peers(url, count, log):
    """Creates Django's tables with one user and `count` cases."""
    environment = {**os.environ, "SECRET_KEY": SECRET, "DATABASE_URL": url}

    def manage(*words):
        done = subprocess.run([sys.executable, "manage.py", *words], cwd=HERE / "django", env=environment, text=True, capture_output=True)
        pathlib.Path(log).open("a").write(done.stdout + done.stderr)
        if done.returncode != 0:
            raise SystemExit(f"manage.py {words[0]} fails: {done.stderr[-400:]}")
        return done.stdout

    manage("migrate")
    author = manage("shell", "--no-imports", "-c", "from users.models import User; print('author', User.objects.create_user("
                    f"username='bench', email='{ACCOUNT['email']}', password='{ACCOUNT['password']}', first_name='Ada', "
                    "last_name='Lovelace', role='radiologist').id)")
    seed.fill_peers(url, count, re.search(r"author (\S+)", author)[1])


def django(url, port, log):
    # With threads gunicorn keeps connections open, which improved its results.
    words = [BIN / "gunicorn", "clinic.wsgi:application", "--workers", WORKERS, "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    return Server("Django", words, {"DATABASE_URL": url}, port, HERE / "django", log).wait("/api/cases/").login()


def fastapi(url, port, log):
    words = [BIN / "uvicorn", "app:app", "--workers", WORKERS, "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    return Server("FastAPI", words, {"DATABASE_URL": url}, port, HERE / "fastapi", log).wait("/api/cases/").login()
