"""What a model's file may hold, looked at before Keras sees any of it."""
