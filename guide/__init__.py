"""The screens of docs/guide.md and docs/huong-dan.vi.md, made from real runs: `make guide` (Linux, root)."""
