"""What HR tells us: policy files read, checked together and given their meaning."""
