//! How much of each kind of work a unit of gas may cause.
