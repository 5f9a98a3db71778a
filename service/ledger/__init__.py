"""What we remember: every verdict and decision, committed before it is answered."""
