"""May it pass? Pure functions over facts that were gathered before. No look-ups, no clock, nothing but the rules."""
