"""The values that pass between stages: frozen, printable, comparable. Imports the standard library, nothing
of ours."""
