"""Remarks on answers that the load generator makes and reports tell by a code of their own."""

from __future__ import annotations

FIREWALLS = {  # by a header of their answers
    "cf-ray": "Cloudflare",
    "x-amzn-waf-action": "AWS WAF",
    "x-amzn-errortype": "AWS API Gateway",
    "x-sucuri-id": "Sucuri",
    "x-iinfo": "Imperva",
    "x-azure-ref": "Azure Front Door",
    "x-akamai-request-id": "Akamai",
}
RATE_LIMITED = (
    "answered 429, Too Many Requests: a rate limiter takes the load generator for one visitor; "
    "except it from the limit, or lower the load"
)


def forbidden_by(firewall: str) -> str:
    """What a 403 says that came by way of a firewall."""
    return (
        f"answered 403, Forbidden, by way of {firewall}: it may take the load generator for an attack; "
        "except its address there, or load the application behind it"
    )


def is_of_a_limit(remark: str) -> bool:
    """Whether somebody between the load generator and the application refused the requests."""
    return remark == RATE_LIMITED or remark in map(forbidden_by, FIREWALLS.values())
