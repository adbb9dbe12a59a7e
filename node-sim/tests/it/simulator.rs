//! Runs whole chains on executors that must not differ, and on ones that must.

use node_sim::simulate::{NoProgress, Plan, Progress, Progressed, run, standard};

#[test]
fn executors_agree() {
    let report = run(&Plan::new(30, 7), standard(4), &mut NoProgress).unwrap();
    println!("{report:#?}");
    assert!(report.agreed, "{:#?}", report.first_difference);
}

#[test]
fn samples_are_accepted() {
    let rules = vm::Rules::v1();
    for s in node_sim::simulate::samples::ACCEPTED {
        println!("{} {:?}", s.name, vm::check::check(s.bytes, &rules).map(|m| m.exports().len()));
    }
    for h in 1..4 {
        let p = node_sim::simulate::Plan::new(h, 7);
        println!("{:?}", run(&p, standard(1), &mut NoProgress).unwrap().by_exit);
    }
}
