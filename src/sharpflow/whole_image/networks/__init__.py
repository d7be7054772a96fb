"""The networks (Bo et al., 2.3), frozen or not, laid out for the hardware."""
