"""What a project's folder says of itself: how its service is set up and started. And workflow files to put into it."""

from perfgate.init.project.ci import workflow
from perfgate.init.project.routes import routes
from perfgate.init.project.services import PORT, services
from perfgate.init.project.set_up import set_up

__all__ = ["PORT", "routes", "services", "set_up", "workflow"]
