"""Distributed traces: OTLP over HTTP -> spans -> the critical path of each request, in layers."""
