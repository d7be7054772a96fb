"""Where a network looks: Grad-CAM (Bo et al., 2.6)."""
