"""What CI says about a job: revision, event, credentials, whether its run may join the history."""
