"""A kerasdl plugin: transformers for language, translation, labelling and images."""
