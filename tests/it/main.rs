//! What credsh does, seen from outside. One file per feature, one binary.

mod harness;
