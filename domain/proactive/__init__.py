"""Service before the complaint: the health record, notices, and the inspection plan."""
