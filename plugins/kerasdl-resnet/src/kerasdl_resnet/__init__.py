"""ResNet, ResNeXt, Wide ResNet and DenseNet, as a kerasdl plugin."""
