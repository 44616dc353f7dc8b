"""`bin/bench`: how fast this is, on this machine, now. It prints figures and judges nothing."""
