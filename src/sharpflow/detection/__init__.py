"""Joints found by YOLOv3 and named by position (Tan et al., 2.3.3)."""
