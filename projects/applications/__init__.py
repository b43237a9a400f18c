"""Applications: written by a team, judged by the resource's rules, decided by its committee."""
