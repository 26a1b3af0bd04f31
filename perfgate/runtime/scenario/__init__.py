"""What a scenario is written in: endpoints, values, expectations, sessions."""
