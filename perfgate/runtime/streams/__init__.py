"""Streams: server-sent events and WebSockets, each message with the time at which the kernel received it."""
