// The Tensors room: see docs/ARCHITECTURE.md.
