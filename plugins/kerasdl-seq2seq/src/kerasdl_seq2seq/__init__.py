"""A kerasdl plugin: sequence to sequence with attention, and captions of images."""
