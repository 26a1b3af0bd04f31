"""One Locust process: how the load begins, ends and is gathered."""
