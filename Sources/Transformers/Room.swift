// The Transformers room: see docs/ARCHITECTURE.md.
