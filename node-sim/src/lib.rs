//! node-sim.
