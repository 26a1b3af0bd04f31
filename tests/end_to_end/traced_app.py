"""A Flask application that OpenTelemetry instruments, with known waits: `python traced_app.py PORT REDIS_PORT QUERIES`."""

import os
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis
import requests
from flask import Flask, request
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

port, redis_port, queries = (int(argument) for argument in sys.argv[1:4])
if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:  # as opentelemetry-instrument does
    trace.set_tracer_provider(TracerProvider())
    trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
SQLite3Instrumentor().instrument()
RedisInstrumentor().instrument()
RequestsInstrumentor().instrument()
app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)
cache = redis.Redis(port=redis_port)


class Rates(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(0.03)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


rates = ThreadingHTTPServer(("127.0.0.1", 0), Rates)
threading.Thread(target=rates.serve_forever, daemon=True).start()


def connected():
    connection = sqlite3.connect(":memory:")
    connection.create_function("pause", 1, lambda seconds: time.sleep(float(seconds)) or 1)
    return connection.cursor()


@app.get("/ready")
def ready():
    if any(name.lower() == "traceparent" for name in dict(request.headers)):  # only what is diagnosed is traced
        return "", 500
    return ""


@app.get("/mixed")
def mixed():
    connected().execute("SELECT pause('0.04') AS hidden_literal").fetchall()
    cache.blpop(["nothing:secret"], timeout=0.02)
    requests.get(f"http://127.0.0.1:{rates.server_port}/token/secret", timeout=60)
    until = time.thread_time() + 0.01
    while time.thread_time() < until:
        pass
    return ""


@app.get("/orders")
def orders():
    cursor = connected()
    for number in range(queries):
        cursor.execute(f"SELECT pause(0.002) /* order */ WHERE {number} >= 0").fetchall()
        cache.blpop([f"item:{number}"], timeout=0.002)
    return ""


app.run(port=port, threaded=True)
