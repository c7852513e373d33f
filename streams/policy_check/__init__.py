"""`tierflow policy check`: what is wrong with a policy file, line and field; what is odd; what it does, in words."""
