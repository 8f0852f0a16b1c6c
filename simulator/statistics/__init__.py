"""Statistics of draws: intervals, means, quantiles, shares of a spread, scores."""
