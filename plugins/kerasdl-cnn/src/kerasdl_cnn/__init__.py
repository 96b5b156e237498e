"""A configurable convolutional network, LeNet-5, AlexNet and VGG, as a kerasdl plugin."""
