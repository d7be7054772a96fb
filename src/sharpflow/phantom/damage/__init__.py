"""Damage of joints: how bad each is, and what it does to the bones."""
