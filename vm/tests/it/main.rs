//! Tests the VM through its public interface.
#![cfg(test)]

extern crate lockstep_vm as vm;

mod calls;
mod calls_model;
mod calls_random;
mod calls_script;
mod check_accept;
mod check_hostile;
mod check_limits;
mod check_order;
mod check_rules;
mod curve_points;
mod curve_properties;
mod curve_refusals;
mod curve_vectors;
mod frames;
mod frames_journal;
mod host;
mod host_crypto;
mod host_curves;
mod host_edges;
mod host_hashes;
mod host_order;
mod host_p256;
mod host_page;
mod host_ranges;
mod host_recover;
mod host_script;
mod host_spec;
mod interpreter;
mod ledger;
mod miri;
mod second_version;
mod small_domains;
mod stored_form;
mod walk_reads;
