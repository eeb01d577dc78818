// The Pipelines room: see docs/ARCHITECTURE.md.
