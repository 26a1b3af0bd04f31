"""What a project's folder says of itself: how its service starts, and the workflow files to put into it."""

from perfgate.init.project.ci import workflow
from perfgate.init.project.services import services

__all__ = ["services", "workflow"]
