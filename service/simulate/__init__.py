"""What if: the examples beside a policy, and whom a change of policy would affect."""
