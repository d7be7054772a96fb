"""Trained networks of Keras and torch as ONNX, layer by layer."""
