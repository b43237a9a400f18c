"""Training of people, with its validity: a right that everybody in a team must hold where the rules say so."""
