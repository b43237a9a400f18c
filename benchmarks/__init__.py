"""Side-by-side measurements, one command each; `README.md` here says what each compares."""
