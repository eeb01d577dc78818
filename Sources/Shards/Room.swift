// The Shards room: see docs/ARCHITECTURE.md.
