// What several cores together do is tried in SimulationTests, in worlds of whole nodes.
