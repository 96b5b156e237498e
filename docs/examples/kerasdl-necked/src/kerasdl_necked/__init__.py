"""A residual network with one more layer."""
