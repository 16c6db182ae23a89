"""Runs Python code of the tests in a genuine Celery client: a JSON line {"code": …} in, {"result": …} or {"error": …} out.
The code finds `app`, `celery` and what it has defined before; it leaves its answer in `result`."""
import json
import os
import sys
import traceback

import celery
from celery import Celery, chain, chord, group, signature

app = Celery("peer", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.update(broker_connection_retry_on_startup=True, result_expires=600)
names = {"app": app, "celery": celery, "chain": chain, "chord": chord, "group": group, "signature": signature}
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
print(json.dumps({"result": celery.__version__}), file=answers, flush=True)
for line in sys.stdin:
    names["result"] = None
    try:
        exec(json.loads(line)["code"], names)
        answer = {"result": names["result"]}
        text = json.dumps(answer)
    except BaseException as error:
        text = json.dumps({"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()})
    print(text, file=answers, flush=True)
