"""Pure values and functions: the rule, accounts, transitions."""
