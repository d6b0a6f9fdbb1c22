"""Who may do what: keys of programs, people and their roles, sessions, limits, the audit."""
