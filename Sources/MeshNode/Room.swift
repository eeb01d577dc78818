// The MeshNode room: see docs/ARCHITECTURE.md.
