//! Tests the page of an agreeing run and of an injected fault, and the escaping of markup in texts.

use super::{Timing, page};
use node::{CachePolicy, ReceiptExit};
use node_sim::simulate::injected::WrongGas;
use node_sim::simulate::{
    Difference, Executor, Mismatch, Plan, Progress, Progressed, Report, Restart, run, standard,
};

#[derive(Default)]
struct TimedProgress(Timing);

impl Progress for TimedProgress {
    fn block(&mut self, _: &Progressed) {}

    fn applying(&mut self, executor: u32) {
        self.0.applying(executor);
    }

    fn applied(&mut self, _: u32) {
        self.0.applied();
    }
}

const PLAN: Plan = Plan::new(6, 7);

fn simulated(executors: Vec<Executor>) -> (Report, Timing) {
    let mut timed = TimedProgress::default();
    let report = run(&PLAN, executors, &mut timed).unwrap();
    timed.0.flush();
    (report, timed.0)
}

/// Checks that elements are properly nested and that none loads an external resource.
fn check_markup(page: &str) {
    let mut open: Vec<String> = Vec::new();
    for tag in page
        .split('<')
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap())
    {
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
        } else if !tag.ends_with('/') && !["!doctype", "meta"].contains(&name) {
            open.push(name.to_owned());
        }
        assert!(!["script", "link", "img", "iframe", "object", "a"].contains(&name));
    }
    assert_eq!(open, Vec::<String>::new());
    for outside in ["http:", "https:", "url(", "@import", "src=", "href="] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_page_shows_every_block_outcome_contract_and_executor() {
    let (report, timing) = simulated(standard(3));
    assert!(report.agreed);
    let page = page(&report, &timing, &PLAN);
    check_markup(&page);
    assert!(page.contains("3 executors agree"));
    assert!(!page.contains("divergence\">"));
    for row in report.figures.blocks.rows() {
        assert!(page.contains(&format!("<title>block {}: ", row.height)));
    }
    for target in &report.figures.targets {
        assert!(
            page.contains(&format!("<span>{}</span>", target.name)),
            "{}",
            target.name
        );
    }
    for exit in ReceiptExit::ALL {
        assert!(page.contains(&format!("</i>{}</li>", exit.name())));
    }
    for name in &report.executors {
        assert!(page.contains(name.as_str()));
    }
    assert!((0..3).all(|executor| timing.total(executor) > 0));
    assert_eq!(timing.blocks().rows().len(), 6);
    assert!(page.contains("lockstep sim --nodes 3 --blocks 6 --seed 7 --report"));
}

#[test]
fn an_injected_fault_is_shown_with_its_location_field_and_both_results() {
    let mut executors = standard(2);
    let wrong = Executor::new(
        "one gas too much",
        Box::new(|| Box::new(WrongGas::default())),
        CachePolicy::Warm,
        Restart::Never,
    );
    executors.push(wrong);
    let (mut report, timing) = simulated(executors);
    // The transaction has a gas price of 0, so its state does not differ.
    let mut difference = report.first_difference.take().unwrap();
    difference.mismatches.push(Mismatch {
        field: "state",
        key: Some("00ff".to_owned()),
        left: "0x01".to_owned(),
        right: "removed".to_owned(),
    });
    report.first_difference = Some(difference.clone());
    let page = page(&report, &timing, &PLAN);
    check_markup(&page);
    assert!(page.contains("executors disagree"));
    assert!(page.contains("The first difference is in block 2, transaction 0"));
    assert!(page.contains(&hex::encode(difference.tx_id.unwrap())));
    assert!(page.contains("node 2 <small>one gas too much</small>"));
    assert!(page.contains("<h3>receipt.gas_used</h3>"));
    assert!(page.contains("state key <code>00ff</code>"));
    // Without the marks, each executor's result is shown unchanged.
    let plain = page.replace("<mark>", "").replace("</mark>", "");
    for one in &difference.mismatches {
        assert!(
            plain.contains(&format!("<pre>{}</pre>", one.left)),
            "{one:?}"
        );
        assert!(
            plain.contains(&format!("<pre>{}</pre>", one.right)),
            "{one:?}"
        );
    }
}

#[test]
fn text_cannot_become_markup() {
    let (mut report, timing) = simulated(standard(1));
    let evil = "</pre><script>alert(1)</script>\" onload='x' \u{202e}&";
    report.agreed = false;
    report.executors = vec![evil.to_owned()];
    report.first_difference = Some(Difference {
        height: vm::Height(1),
        transaction: None,
        tx_id: None,
        executors: (0, 1),
        names: (evil.to_owned(), evil.to_owned()),
        mismatches: vec![Mismatch {
            field: "state",
            key: Some(evil.to_owned()),
            left: evil.to_owned(),
            right: String::new(),
        }],
    });
    let page = page(&report, &timing, &PLAN);
    check_markup(&page);
    assert!(!page.contains('\u{202e}') && !page.contains("onload='"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn a_run_without_a_block_has_a_page() {
    let report = run(&Plan::new(0, 1), standard(1), &mut TimedProgress::default()).unwrap();
    check_markup(&page(&report, &Timing::default(), &Plan::new(0, 1)));
}
