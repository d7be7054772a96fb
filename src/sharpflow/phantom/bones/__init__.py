"""Hands and feet in millimetres: bones, joints and the flesh around them."""
