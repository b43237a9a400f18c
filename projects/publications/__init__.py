"""What comes of a project: its publications, the reports to its resource, and what a team owes it by which day."""
