"""Proposing, editing, sponsoring and applying."""
