"""Where a workspace lives and what it keeps: location, settings and trust, rules, Git, database, journal."""
