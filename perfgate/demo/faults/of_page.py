"""What can be wrong with the shop's front page in a browser: HTML to put in, and the files it loads, of known sizes.

- late-image: the largest thing on the page is asked for 0.6 s after it could be
- shift: a banner of 200 pixels pushes everything down
- slow-handler: the click works for 0.3 s
- blocking-script: rendering waits 0.7 s for a script
- big-bundle: 400 kB of script that never runs
- slow-api: the headline waits 0.6 s for its data
- third-party: rendering waits 0.5 s for a script of another host
- long-tasks: two tasks of 0.25 s each after the first paint, which block input for 0.4 s in all
"""

from __future__ import annotations

import time
from collections.abc import Iterable

IN_HEAD: dict[str, str] = {
    "blocking-script": '<script src="/assets/slow.js?wait=700"></script>',
    "big-bundle": '<script src="/assets/bundle.js"></script>',
    "third-party": "<script>document.write('<script src=\"http://localhost:' + location.port + "
    "'/assets/slow.js?wait=500\"><\\/script>')</script>",
}
IN_BODY: dict[str, str] = {
    "late-image": """<div id="hero" style="height: 420px"></div><script>
setTimeout(() => {
  const hero = new Image(900, 400);
  hero.src = "/assets/hero.svg";
  document.querySelector("#hero").append(hero);
}, 600)</script>""",
    "shift": """<script>
setTimeout(() => {
  const banner = document.createElement("div");
  banner.style.height = "200px";
  banner.textContent = "Sale!";
  document.body.prepend(banner);
}, 400)</script>""",
    "slow-handler": """<script>
addEventListener("DOMContentLoaded", () => document.querySelector("#buy").addEventListener("click", () => {
  const until = performance.now() + 300;
  while (performance.now() < until);
}))</script>""",
    "slow-api": """<div id="offer" style="min-height: 420px"></div><script>
fetch("/assets/offer.json?wait=600").then((answer) => answer.json()).then((offer) => {
  const headline = document.createElement("h1");
  headline.style.fontSize = "6rem";
  headline.textContent = offer.text;
  document.querySelector("#offer").append(headline);
})</script>""",
    "long-tasks": """<script>
const work = () => {
  const until = performance.now() + 250;
  while (performance.now() < until);
};
requestAnimationFrame(() => setTimeout(work, 200));
requestAnimationFrame(() => setTimeout(work, 500));</script>""",
}
FAULTS = (*IN_HEAD, *IN_BODY)
MOST_WAIT = 2.0  # s
BUNDLE = 400_000  # bytes


def spoiled(page: str, faults: Iterable[str]) -> str:
    """The page with these faults in it."""
    wanted = tuple(faults)
    head = "".join(html for name, html in IN_HEAD.items() if name in wanted)
    body = "".join(html for name, html in IN_BODY.items() if name in wanted)
    return page.replace("<style>", f"{head}<style>", 1).replace("<body>", f"<body>{body}", 1)


def asset(name: str, wait_ms: int) -> tuple[str, bytes] | None:
    """Media type and content of a file that a fault loads, after so many milliseconds; None: there is no such file."""
    time.sleep(min(MOST_WAIT, max(0, wait_ms) / 1000))
    if name == "slow.js":
        return "text/javascript", b"window.loaded = true;"
    if name == "offer.json":
        return "application/json", b'{"text": "Today everything is half the price, and delivered for nothing at all"}'
    if name == "bundle.js":
        line = "function unused%d(a) { return a.map((b) => b * %d).filter(Boolean).join('-'); }\n"
        text = "".join(line % (number, number) for number in range(BUNDLE // 70))
        return "text/javascript", text.encode()[:BUNDLE].rpartition(b"\n")[0]
    if name == "hero.svg":
        dots = "".join(
            f'<circle cx="{17 * n % 900}" cy="{29 * n % 400}" r="{n % 37}" fill="hsl({n * 13 % 360} 60% 60%)"/>'
            for n in range(400)
        )
        return (
            "image/svg+xml",
            f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="400">{dots}</svg>'.encode(),
        )
    return None
