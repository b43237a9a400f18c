"""The data access committee: seats, interests, votes variable by variable, and what they come to."""
