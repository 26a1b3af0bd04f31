// Express (pg, ioredis, fetch): node server.js PORT
"use strict";

const { createHash } = require("node:crypto");
const { spawnSync } = require("node:child_process");
const compression = require("compression");
const express = require("express");
const Redis = require("ioredis");
const { Pool } = require("pg");

const { ZOO_DATABASE, ZOO_REDIS, ZOO_PREFIX, ZOO_PRICES, ZOO_DISEASE = "" } = process.env;
const REGIONS = 20, PAGE = 30, RELATED = 15;
const COLUMNS = "p.id, p.cents, c.name";
const JOINED =
  "from purchase p join customer c on c.id = p.customer_id where p.region = $1 order by p.cents, p.id limit";

const isOn = (disease) => disease === ZOO_DISEASE;
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const pool = new Pool({ connectionString: ZOO_DATABASE, max: isOn("pool of one") ? 1 : 8 });
const cache = new Redis(ZOO_REDIS);
const kept = [];
const app = express();
app.set("etag", false);
if (!isOn("compression off")) app.use(compression());
if (isOn("connections closed")) app.use((_, response, next) => (response.set("Connection", "close"), next()));

function burn() {
  if (!isOn("cpu loop")) return;
  let digest = "";
  for (let turn = 0; turn < 8000; turn++) digest = createHash("sha256").update(digest).digest("hex");
}

function leak(n) {
  if (!isOn("memory leak")) return;
  kept.push(Array.from({ length: 2500 }, (_, k) => ({ k, text: `entry ${k} of ${n}` })));
}

function body(rows) {
  const answer = { rows, note: Array.from({ length: 2000 }, (_, k) => k).join(" ") };
  if (isOn("big payload")) answer.debug = Array.from({ length: 20000 }, (_, n) => ({ field: `value ${n}`, n }));
  if (isOn("serialisation")) for (let turn = 0; turn < 600; turn++) JSON.parse(JSON.stringify(answer));
  return answer;
}

async function orders(region) {
  if (isOn("n+1")) {
    const list = "select id, cents, customer_id from purchase where region = $1 order by cents, id limit 30";
    const found = await pool.query(list, [region]);
    const rows = [];
    for (const { id, cents, customer_id: customer } of found.rows) {
      const owner = await pool.query("select name from customer where id = $1", [customer]);
      rows.push({ id, cents, customer: owner.rows[0].name });
    }
    return rows;
  }
  const columns = isOn("wide rows") ? `${COLUMNS}, p.*, c.*` : COLUMNS;
  const { rows } = await pool.query(`select ${columns} ${JOINED} ${isOn("more rows") ? 2000 : PAGE}`, [region]);
  return rows.slice(0, PAGE).map(({ id, cents, name }) => ({ id, cents, customer: name }));
}

const route = (path, answer) =>
  app.get(path, (request, response, next) => answer(Number(request.query.n || 1), response).catch(next));

route("/orders", async (n, response) => response.json({ rows: await orders(1 + (n % REGIONS)) }));

route("/report", async (n, response) => {
  burn();
  leak(n);
  response.json(body(await orders(1 + (n % REGIONS))));
});

route("/product", async (n, response) => {
  const number = n % 200;
  const key = `${ZOO_PREFIX}:product:${number}`;
  const related = Array.from({ length: RELATED }, (_, k) => `${ZOO_PREFIX}:related:${(number + k) % 200}`);
  let names = [];
  if (isOn("cache n+1")) for (const name of related) names.push(await cache.get(name));
  else if (!isOn("cache off")) names = await cache.mget(related);
  let total = isOn("cache off") ? null : await cache.get(key);
  if (total === null) {
    const sum = "select sum(cents) total from purchase where note like '%' || $1 || '%'";
    total = String((await pool.query(sum, [number.toString(16)])).rows[0].total);
    names = related.map(() => "name");
    if (!isOn("cache off")) await cache.mset(key, total, ...related.flatMap((name) => [name, "name"]));
  }
  response.json({ total, related: names.map((name) => name || "") });
});

route("/stock", async (n, response) => {
  const number = isOn("lock wait") ? 1 : 1 + ((n * 7919 + Number(process.hrtime.bigint() % 1000003n)) % 400);
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("update stock set pieces = pieces + 1 where id = $1", [number]);
    await sleep(0.008);
    await client.query("commit");
  } finally {
    client.release();
  }
  response.json({ done: true });
});

route("/ledger", async (_, response) => {
  const client = await pool.connect();
  try {
    await client.query("select pg_sleep(0.006)");
    response.json({ total: (await client.query("select sum(pieces) total from stock")).rows[0].total });
  } finally {
    client.release();
  }
});

route("/quote", async (_, response) => {
  if (isOn("blocking call")) spawnSync("sleep", ["0.02"]);
  const seconds = isOn("slow external") ? 0.06 : isOn("blocking call") ? 0.002 : 0.02;
  response.json(await (await fetch(`${ZOO_PRICES}/price?s=${seconds}`)).json());
});

const ping = async (_, response) => response.type("text").send("pong ".repeat(10));
route("/ping", ping);
route("/healthz", ping);
app.listen(Number(process.argv[2]), "127.0.0.1");
