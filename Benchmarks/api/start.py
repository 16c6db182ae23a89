"""The time from start to ready, and the memory of an idle server."""
import http.client
import statistics
import subprocess
import time

import servers

PORT = 9231


def first_answer(arguments, environment, log):
    """Seconds from the start of the process to the first response that reports everything ready."""
    begin = time.perf_counter()
    server = servers.Server("NeuroAI", [arguments.program, "serve", "--without-worker"], environment, PORT, None, log)
    try:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            try:
                connection.request("GET", "/api/health/status/")
                if connection.getresponse().status == 200:
                    return time.perf_counter() - begin, server
            except OSError:
                time.sleep(0.002)
            finally:
                connection.close()
    except BaseException:
        server.stop()
        raise


def measure(arguments, work):
    environment = {"DATABASE_URL": f"sqlite:///{work}/start.sqlite3", "MEDIA_ROOT": f"{work}/media", "LOG_ROOT": str(work), "PORT": str(PORT)}
    subprocess.run([arguments.program, "migrate"], env={"SECRET_KEY": servers.SECRET, **environment}, check=True,
                   stdout=subprocess.DEVNULL, stderr=open(work / "log", "ab"))
    times, sizes = [], []
    for _ in range(arguments.rounds):
        seconds, server = first_answer(arguments, environment, work / "log")
        times.append(seconds)
        time.sleep(3)
        sizes.append(server.memory())
        server.stop()
    return ["| what | median | range |", "| --- | --- | --- |",
            f"| from start until `/api/health/status/` reports ready | {statistics.median(times):.2f} s | {min(times):.2f} to {max(times):.2f} |",
            f"| resident memory of the API process, idle | {statistics.median(sizes):.0f} MiB | {min(sizes):.0f} to {max(sizes):.0f} |"]
