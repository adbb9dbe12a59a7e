//! Tests where metering blocks begin and end, and what each costs.

use super::{MeteredSink, function};
use crate::lower::Operator;
use crate::{Rules, check};

/// Prints metering blocks as `cost: names`, without empty ones.
#[derive(Default)]
struct Printer {
    blocks: Vec<String>,
    open: Vec<&'static str>,
}

impl MeteredSink for Printer {
    fn operator(&mut self, operator: Operator<'_>, _offset: u32) {
        self.open.push(operator.opcode().name());
    }

    fn close_block(&mut self, cost: u64) {
        if !self.open.is_empty() {
            self.blocks.push(format!("{cost}: {}", self.open.join(" ")));
        }
        self.open.clear();
    }
}

fn blocks(body: &str) -> Vec<String> {
    let text = format!("(module (memory 1) (func (param i32) (result i32) {body}))");
    let rules = Rules::v1();
    let module = check(&wat::parse_str(text).unwrap(), &rules).unwrap();
    let mut printer = Printer::default();
    function(
        &module,
        &module.functions()[0],
        &rules.schedule,
        &mut printer,
    );
    printer.blocks
}

#[test]
fn pure_operators_are_paid_with_the_observable_one_that_ends_them() {
    assert_eq!(
        blocks("(i32.add (i32.load (local.get 0)) (i32.const 1))"),
        ["30: local.get i32.load", "20: i32.const i32.add", "0: end"]
    );
}

#[test]
fn a_loop_pays_inside_its_header() {
    assert_eq!(
        blocks("i32.const 1 drop (loop (br_if 0 (local.get 0))) i32.const 2"),
        [
            "20: i32.const drop",
            "0: loop",
            "30: local.get br_if",
            "10: end i32.const",
            "0: end"
        ]
    );
}

#[test]
fn an_end_that_is_no_branch_target_stays_in_the_metering_block() {
    assert_eq!(
        blocks("(block i32.const 1 drop) local.get 0"),
        ["30: block i32.const drop end local.get", "0: end"]
    );
}

#[test]
fn an_end_that_is_a_branch_target_splits_the_metering_block() {
    assert_eq!(
        blocks("(block (br_if 0 (local.get 0)) i32.const 1 drop) local.get 0"),
        [
            "30: block local.get br_if",
            "20: i32.const drop",
            "0: end",
            "10: local.get",
            "0: end"
        ]
    );
}

#[test]
fn both_arms_pay_for_themselves() {
    assert_eq!(
        blocks("(if (result i32) (local.get 0) (then i32.const 1) (else i32.const 2 i32.eqz))"),
        [
            "30: local.get if",
            "10: i32.const",
            "0: else",
            "20: i32.const i32.eqz",
            "0: end",
            "0: end",
        ]
    );
}

#[test]
fn unreachable_code_has_no_charge() {
    assert_eq!(
        blocks("(block (return (local.get 0)) i32.const 1 drop) i32.const 3"),
        [
            "30: block local.get return",
            "0: i32.const drop",
            "0: end",
            "10: i32.const",
            "0: end"
        ]
    );
}

#[test]
fn a_dead_if_does_not_revive_the_code_in_it() {
    assert_eq!(
        blocks("(return (local.get 0)) (if (i32.const 1) (then nop) (else i32.const 5 drop))"),
        [
            "30: local.get return",
            "0: i32.const if",
            "0: nop",
            "0: else",
            "0: i32.const drop",
            "0: end",
            "0: end",
        ]
    );
}

#[test]
fn division_can_trap_and_so_ends_a_metering_block() {
    assert_eq!(
        blocks("(i32.add (i32.div_u (i32.const 1) (local.get 0)) (i32.const 1))"),
        [
            "50: i32.const local.get i32.div_u",
            "20: i32.const i32.add",
            "0: end"
        ]
    );
}

#[test]
fn a_float_operator_costs_one_and_departs() {
    assert_eq!(
        blocks("(drop (f32.add (f32.const 1) (f32.const 2))) i32.const 1"),
        [
            "21: i32.const i32.const f32.add",
            "0: drop i32.const",
            "0: end"
        ]
    );
}
