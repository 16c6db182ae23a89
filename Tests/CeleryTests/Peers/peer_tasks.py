"""The tasks of a genuine Celery worker."""
import os
import time

from celery import Celery

app = Celery("peer_tasks", broker=os.environ["BROKER"], backend=os.environ["BACKEND"])
app.conf.update(broker_connection_retry_on_startup=True, worker_send_task_events=True, task_default_queue="python")


@app.task(name="python.add")
def add(x, y):
    return x + y


@app.task(name="python.fail")
def fail(message):
    raise ValueError(message)


@app.task(name="python.sum")
def total(numbers):
    return sum(numbers)


@app.task(name="python.sleep")
def sleep(seconds):
    time.sleep(seconds)
    return seconds
