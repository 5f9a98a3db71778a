"""How we decide: from a policy and a request to a finding for each requirement, by two independent routes."""
