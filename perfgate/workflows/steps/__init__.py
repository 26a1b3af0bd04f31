"""The steps that several programs share."""
