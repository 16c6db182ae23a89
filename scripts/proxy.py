"""nginx with the configuration of deploy/nginx on free loopback ports, in front of servers on others; for scripts/check-proxy and scripts/cluster.
Needs `nginx` and `openssl`."""
import pathlib
import subprocess
import sys

from api_server import ROOT, free_port

NGINX = ROOT / "deploy/nginx"


class Proxy:
    """nginx as in compose.yaml, in front of two servers. It reaches them from an address of its own, so that they can tell it from its clients."""
    ADDRESS = "127.0.0.2"

    def __init__(self, folder, host):
        self.folder = pathlib.Path(folder)
        self.host = host
        self.plain, self.tls = free_port(), free_port()
        self.certificate = self.folder / "certificate"
        self.url = f"https://{host}:{self.tls}"
        self.process = None

    def start(self, servers):
        """`servers` are the ports of the two API servers, which answer already: nginx would hold one that does not to be down."""
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={self.host}",
             "-addext", f"subjectAltName=DNS:{self.host}", "-keyout", self.folder / "key", "-out", self.certificate],
            check=True, capture_output=True)
        site = self._adapted("compose.conf", {
            "/run/secrets/tls-certificate;": f"{self.certificate};", "/run/secrets/tls-key;": f"{self.folder}/key;",
            "api-1:8000": f"127.0.0.1:{servers[0]}", "api-2:8000": f"127.0.0.1:{servers[1]}",
            "/etc/nginx/neuroai-locations.conf": f"{self.folder}/neuroai-locations.conf",
            "listen 8080": f"listen 127.0.0.1:{self.plain}", "listen 8443": f"listen 127.0.0.1:{self.tls}",
        })
        locations = self._adapted("neuroai-locations.conf", {"/var/log/nginx": str(self.folder), "error.log crit": "error.log warn"})
        (self.folder / "neuroai-locations.conf").write_text(f"{locations}proxy_bind {self.ADDRESS};\n")
        temporary = "\n".join(f"{name}_temp_path {self.folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\npid {self.folder}/pid;\nerror_log {self.folder}/error.log;\nuser root;\nevents {{}}\nhttp {{\n{temporary}\n"
            f"{(NGINX / 'neuroai-http.conf').read_text()}\n{site}\n}}\n")
        self.process = subprocess.Popen(["nginx", "-c", self.folder / "nginx.conf"], stderr=subprocess.DEVNULL)

    def _adapted(self, name, replacements):
        text = (NGINX / name).read_text()
        for old, new in replacements.items():
            if old not in text:
                sys.exit(f"proxy: {name} does not contain {old}")
            text = text.replace(old, new)
        return text

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)
