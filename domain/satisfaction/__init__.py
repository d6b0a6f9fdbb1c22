"""Satisfaction: decayed sums of moment scores, of one customer and as scorecards over many."""
