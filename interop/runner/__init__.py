"""Runs real STOMP clients against a gateway."""
