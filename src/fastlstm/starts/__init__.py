"""Where training begins: linear models, their embedding in a network, random starts."""
