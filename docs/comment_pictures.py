"""Photographs of the comment as a pull request shows it, for `docs/pictures.py` and the tests of the comment.

Renders Markdown by GitHub's own renderer (cmarkgfm) with GitHub's style sheet and the real Mermaid, and photographs it
in light and dark with a headless Chromium, at the width of a pull request. Needs `npm` (packages are unpacked, nothing
is installed), `chromium` and a font with emoji.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

PACKAGES = {"mermaid": "mermaid@11.17.2", "style": "github-markdown-css@5.9.0"}
WIDTH = 880  # pixels: a comment's text is about 800 wide
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def rendered(markdown: str) -> str:
    """As GitHub renders it, before it draws Mermaid."""
    return cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)


def unpacked(folder: Path) -> dict[str, Path]:
    """The files needed of the npm packages."""
    found = {}
    for name, package in PACKAGES.items():
        inside = folder / name
        inside.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=inside, capture_output=True, text=True, check=True
        )
        subprocess.run(["tar", "xzf", done.stdout.split()[-1]], cwd=inside, check=True)
        found[name] = inside / "package"
    return {
        "mermaid": found["mermaid"] / "dist" / "mermaid.min.js",
        "light": found["style"] / "github-markdown-light.css",
        "dark": found["style"] / "github-markdown-dark.css",
    }


def page(markdown: str, files: dict[str, Path], theme: str, *, unfold: bool = False) -> str:
    body = re.sub(
        r'<pre lang="mermaid"><code>(.*?)</code></pre>',
        r'<pre class="mermaid">\1</pre>',
        rendered(markdown),
        flags=re.DOTALL,
    )
    body = body.replace("<details>", "<details open>") if unfold else body
    background = "#ffffff" if theme == "light" else "#0d1117"
    border = "#d1d9e0" if theme == "light" else "#3d444d"
    settings = {"startOnLoad": False, "theme": "default" if theme == "light" else "dark", "securityLevel": "strict"}
    return f"""<!doctype html><meta charset="utf-8"><style>{files[theme].read_text(encoding="utf-8")}
body {{ margin: 16px; background: {background} }}
.markdown-body {{ width: 800px; padding: 16px; font-size: 14px; border: 1px solid {border}; border-radius: 6px }}
html.cut::after {{ content: ""; position: fixed; inset: auto 0 0; height: 90px;
  background: linear-gradient(transparent, {background}) }} /* it goes on below: no line is cut in two */
</style><article class="markdown-body">{body}</article>
<script src="{files["mermaid"].as_uri()}"></script>
<script>mermaid.initialize({json.dumps(settings)});
mermaid.run().finally(() => {{
  const root = document.documentElement, article = document.querySelector("article");
  root.dataset.height = Math.ceil(article.getBoundingClientRect().bottom) + 16;
  root.classList.toggle("cut", root.dataset.height > innerHeight);
}});</script>"""


def photograph(text: str, picture: Path, folder: Path, height: int = 1000) -> None:
    """At most `height` pixels of the page, and no more than it has."""
    source = folder / "page.html"
    source.write_text(text, encoding="utf-8")
    height = min(height, height_of(source, folder))
    options = [f"--window-size={WIDTH},{height}", "--hide-scrollbars", f"--screenshot={picture}"]
    browse(source.as_uri(), folder, *options)


def height_of(source: Path, folder: Path) -> int:
    """Pixels from the top of the page to below its comment, once Mermaid has drawn."""
    dom = browse(source.as_uri(), folder, f"--window-size={WIDTH},100", "--dump-dom")
    measured = re.search(r'<html data-height="(\d+)"', dom)
    assert measured, dom[:500]
    return int(measured[1])


def drawn(markdown: str, files: dict[str, Path], folder: Path) -> list[str]:
    """What Mermaid makes of each chart in the text: "ok", or its complaint."""
    charts = [
        html.unescape(code)
        for code in re.findall(r'<pre lang="mermaid"><code>(.*?)</code></pre>', rendered(markdown), re.DOTALL)
    ]
    source = folder / "charts.html"
    source.write_text(
        f"""<!doctype html><meta charset="utf-8"><pre id="said"></pre>
<script src="{files["mermaid"].as_uri()}"></script>
<script>mermaid.initialize({{startOnLoad: false, suppressErrorRendering: true}});
(async () => {{ const said = [];
for (const [n, chart] of {json.dumps(charts)}.entries()) {{
  try {{ await mermaid.parse(chart); await mermaid.render("c" + n, chart); said.push("ok") }}
  catch (error) {{ said.push(String(error)) }}
}}
document.getElementById("said").textContent = "said:" + JSON.stringify(said) }})();</script>""",
        encoding="utf-8",
    )
    dom = browse(source.as_uri(), folder, "--dump-dom")
    found = re.search(r'<pre id="said">said:(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[:500]
    said: list[str] = json.loads(html.unescape(found[1]))
    return said


def browse(address: str, folder: Path, *options: str) -> str:
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    return subprocess.run(
        [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=20000",
            f"--user-data-dir={folder / 'profile'}",
            *options,
            address,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
