"""The values that pass between stages: frozen, printable, comparable. Standard library only; imports nothing of ours."""
