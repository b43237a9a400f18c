"""The one web application: sign-in, navigation, home, operations; every room's pages are mounted here."""
