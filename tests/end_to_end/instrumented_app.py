"""FastAPI, SQLAlchemy on psycopg, httpx and redis, nothing but that: `opentelemetry-instrument` does the rest.

`python instrumented_app.py PORT DATABASE_URL REDIS_PORT QUERIES`
"""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import redis
import sqlalchemy
import uvicorn
from fastapi import FastAPI

port, database, redis_port, queries = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
engine = sqlalchemy.create_engine(sqlalchemy.make_url(database).set(drivername="postgresql+psycopg"))
cache, client, app = redis.Redis(port=redis_port), httpx.Client(), FastAPI()


class Rates(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


rates = ThreadingHTTPServer(("127.0.0.1", 0), Rates)
threading.Thread(target=rates.serve_forever, daemon=True).start()


@app.get("/ready")
async def ready():
    return {}


@app.get("/orders")
def orders():
    with engine.connect() as connection:
        for number in range(queries):
            connection.execute(sqlalchemy.text("select pg_sleep(0.002), :number"), {"number": f"secret {number}"})
    cache.get("rate")
    client.get(f"http://127.0.0.1:{rates.server_port}/token/secret")
    return {}


uvicorn.run(app, port=port, log_level="warning")
