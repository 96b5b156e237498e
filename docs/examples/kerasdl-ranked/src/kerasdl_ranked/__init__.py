"""Image classification with the share of right answers among the best three."""
