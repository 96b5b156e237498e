"""A kerasdl plugin: dense, tied, convolutional, denoising and variational autoencoders."""
