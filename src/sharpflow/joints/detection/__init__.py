"""Joints found by YOLOv3 (Tan et al., 2.3.3)."""
