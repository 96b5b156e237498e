"""A kerasdl plugin: recurrent networks for texts, labels, language models and forecasts."""
