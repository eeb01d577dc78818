// The Checkpoints room: see docs/ARCHITECTURE.md.
