//! Calls the host functions on points: results, outputs, prices, limits, and memory at its edges.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test computes on numbers that it chose"
)]

use crate::curve_points::{
    Bls1, Bls2, Bn1, Bn2, Bytes, bls_pair, bls_term, bn_pair, bn_sum, g1_sum, g2_sum, member,
    outsiders,
};
use crate::host_script::{HostFixture, OUT_OF_GAS, PLENTY, resume_i32, trapped};
use host_api::limits::{MSM_TERMS_MAX, PAIRING_PAIRS_MAX};
use host_api::{Argument, Function, Row, table};
use vm::Trap;
use vm::unstable::gas::GasMeter;
use vm::unstable::host::crypto;

/// The functions with lists, and how many items they take.
const LISTS: [(Function, u32); 4] = [
    (Function::Bls12381G1Msm, MSM_TERMS_MAX),
    (Function::Bls12381G2Msm, MSM_TERMS_MAX),
    (Function::Bls12381PairingCheck, PAIRING_PAIRS_MAX),
    (Function::Bn254PairingCheck, PAIRING_PAIRS_MAX),
];

fn row(function: Function) -> &'static Row {
    table::row(function).expect("a row")
}

/// Bytes of the items of a list, of the fixed inputs otherwise; and bytes of the output.
fn sizes(function: Function) -> (u64, u64) {
    let mut sizes = (0, 0);
    for argument in row(function).arguments {
        match *argument {
            Argument::Items(_, bytes) | Argument::Fixed(_, bytes) => sizes.0 += u64::from(bytes),
            Argument::Output(bytes) => sizes.1 = u64::from(bytes),
            _ => panic!("an argument of another kind"),
        }
    }
    sizes
}

fn fixture(bytes: u64) -> HostFixture {
    HostFixture {
        memory: vec![0xa5; usize::try_from(bytes).expect("small")],
        ..HostFixture::default()
    }
}

/// A call whose inputs are at 0 one after the other, and whose output is at `to`.
fn call(fixture: &mut HostFixture, function: Function, input: &[u8], to: u64) -> Option<bool> {
    fixture.put(0, input);
    let mut at = 0;
    let mut slots = Vec::new();
    for argument in row(function).arguments {
        match *argument {
            Argument::Fixed(_, bytes) => {
                slots.push(at);
                at += u64::from(bytes);
            }
            Argument::Items(_, bytes) => {
                let length = u64::try_from(input.len()).expect("small");
                slots.extend([0, length / u64::from(bytes)]);
            }
            _ => slots.push(to),
        }
    }
    let reply = fixture.call(function, &slots);
    [false, true]
        .into_iter()
        .find(|result| reply == resume_i32(i32::from(*result)))
}

/// A function that writes a point, a valid input, its output, and an input that is refused.
type PointCase = (Function, Vec<u8>, Vec<u8>, Vec<u8>);

/// A case for each function that writes a point.
fn cases() -> Vec<PointCase> {
    let (p, q, s): (Bls1, Bls2, Bn1) = (member(1), member(2), member(3));
    let (one, two) = (
        bls_term::<160>(p, &[3; 32]).to_vec(),
        bls_term::<288>(q, &[3; 32]).to_vec(),
    );
    let outsider1: Bls1 = outsiders(1).next().expect("a point");
    let outsider2: Bls2 = outsiders(1).next().expect("a point");
    let element = [[0; 16].as_slice(), &[9; 48]].concat();
    let extended = [element.clone(), element.clone()].concat();
    let some = |point: Option<Vec<u8>>| point.expect("valid");
    let product = crypto::bn254_mul(&crate::curve_points::array(s.bytes()), &[7; 32]);
    let first = element.clone().try_into().expect("64 bytes");
    let second = extended.clone().try_into().expect("128 bytes");
    vec![
        (
            Function::Bls12381G1Add,
            [p.bytes(), p.bytes()].concat(),
            some(g1_sum(p, p).map(Vec::from)),
            [p.bytes(), vec![1; 128]].concat(),
        ),
        (
            Function::Bls12381G1Msm,
            [one.clone(), one.clone()].concat(),
            some(crypto::bls12_381_g1_msm(&[bls_term(p, &[6; 32])]).map(Vec::from)),
            [one, bls_term::<160>(outsider1, &[0; 32]).to_vec()].concat(),
        ),
        (
            Function::Bls12381G2Add,
            [q.bytes(), q.bytes()].concat(),
            some(g2_sum(q, q).map(Vec::from)),
            [q.bytes(), vec![1; 256]].concat(),
        ),
        (
            Function::Bls12381G2Msm,
            [two.clone(), two.clone()].concat(),
            some(crypto::bls12_381_g2_msm(&[bls_term(q, &[6; 32])]).map(Vec::from)),
            [two, bls_term::<288>(outsider2, &[0; 32]).to_vec()].concat(),
        ),
        (
            Function::Bls12381MapFpToG1,
            element,
            some(crypto::bls12_381_map_fp_to_g1(&first).map(Vec::from)),
            vec![1; 64],
        ),
        (
            Function::Bls12381MapFp2ToG2,
            extended,
            some(crypto::bls12_381_map_fp2_to_g2(&second).map(Vec::from)),
            vec![1; 128],
        ),
        (
            Function::Bn254Add,
            [s.bytes(), s.bytes()].concat(),
            some(bn_sum(s, s).map(Vec::from)),
            [s.bytes(), vec![1; 64]].concat(),
        ),
        (
            Function::Bn254Mul,
            [s.bytes(), vec![7; 32]].concat(),
            some(product.map(Vec::from)),
            vec![1; 96],
        ),
    ]
}

#[test]
fn a_valid_input_writes_a_point_and_a_refused_one_writes_nothing() {
    for (function, valid, output, refused) in cases() {
        let mut fixture = fixture(2_048);
        let written = call(&mut fixture, function, &valid, 1_024);
        assert_eq!(written, Some(true), "{function:?}");
        assert_eq!(fixture.memory[1_024..1_024 + output.len()], output);
        assert_eq!(fixture.memory[1_024 + output.len()], 0xa5, "no byte more");
        let before = fixture.memory[1_024..].to_vec();
        let refused = call(&mut fixture, function, &refused, 1_024);
        assert_eq!(refused, Some(false), "{function:?}");
        assert_eq!(fixture.memory[1_024..], before, "{function:?}");
    }
}

#[test]
fn an_output_may_overwrite_the_input() {
    for (function, valid, output, refused) in cases() {
        let mut fixture = fixture(2_048);
        for to in [0, 1, 31, output.len() / 2, valid.len() - 1] {
            let at = u64::try_from(to).expect("small");
            let written = call(&mut fixture, function, &valid, at);
            assert_eq!(written, Some(true), "{function:?} {to}");
            assert_eq!(fixture.memory[to..to + output.len()], output, "{to}");
            call(&mut fixture, function, &refused, at);
            assert_eq!(fixture.memory[..refused.len()], refused, "{function:?}");
        }
    }
}

#[test]
fn inputs_and_outputs_end_with_the_memory() {
    for (function, valid, output, _) in cases() {
        let size = valid.len() + output.len();
        let mut fixture = fixture(u64::try_from(size).expect("small"));
        let to = u64::try_from(valid.len()).expect("small");
        let written = call(&mut fixture, function, &valid, to);
        assert_eq!(written, Some(true), "{function:?}");
        assert_eq!(fixture.memory[valid.len()..], output);
        assert_eq!(call(&mut fixture, function, &valid, to + 1), None);
        assert_eq!(fixture.memory[valid.len()..], output, "nothing is written");
    }
}

#[test]
fn a_pairing_check_returns_whether_the_product_is_one() {
    let mut fixture = fixture(2_048);
    let (p, q): (Bls1, Bls2) = (member(1), member(2));
    let pairs = [bls_pair(p, q), bls_pair(-p, q)].concat();
    let mut check = |pairs: &[u8]| call(&mut fixture, Function::Bls12381PairingCheck, pairs, 0);
    assert_eq!(check(&pairs), Some(true));
    assert_eq!(check(&pairs[..384]), Some(false));
    assert_eq!(check(&[1; 384]), Some(false));
    assert_eq!(check(&[]), Some(false));
    let (p, q): (Bn1, Bn2) = (member(1), member(2));
    let pairs = [bn_pair(p, q), bn_pair(-p, q)].concat();
    let mut check = |pairs: &[u8]| call(&mut fixture, Function::Bn254PairingCheck, pairs, 0);
    assert_eq!(check(&pairs), Some(true));
    assert_eq!(check(&pairs[..192]), Some(false));
    assert_eq!(check(&[1; 192]), Some(false));
    assert_eq!(check(&[]), Some(true));
}

#[test]
fn counts_are_limited_after_the_price_and_the_range() {
    for (function, maximum) in LISTS {
        let (item, _) = sizes(function);
        let maximum = u64::from(maximum);
        let mut fixture = fixture((maximum + 1) * item);
        // Infinities: accepted, and quick.
        fixture.memory.fill(0);
        let slots = |count| vec![0, count, 0];
        let of_row = row(function).parameters().count();
        let mut results = Vec::new();
        for count in [0, 1, maximum, maximum + 1, maximum + 2, u64::from(u32::MAX)] {
            fixture.gas = GasMeter::new(PLENTY);
            let (reply, cost) = fixture.cost(function, &slots(count)[..of_row]);
            let price = fixture.rules.schedule.host(function);
            let expected = price.base + price.per_byte * item * count;
            assert_eq!(cost, expected, "{function:?} {count}");
            results.push(reply);
        }
        let of_none = i32::from(function == Function::Bn254PairingCheck);
        let (limit, range) = (trapped(Trap::ItemLimit), trapped(Trap::MemoryRange));
        let valid = resume_i32(1);
        let expected = [
            resume_i32(of_none),
            valid.clone(),
            valid,
            limit,
            range.clone(),
            range,
        ];
        assert_eq!(results, expected, "{function:?}");
        // The price comes first.
        fixture.gas = GasMeter::new(1_000);
        let reply = fixture.call(function, &slots(maximum + 1)[..of_row]);
        assert_eq!(reply, OUT_OF_GAS, "{function:?}");
    }
}

#[test]
fn the_whole_list_is_read() {
    let last: Bls1 = member(5);
    let mut terms = vec![bls_term::<160>(Bls1::identity(), &[1; 32]); 127];
    let mut one = [0; 32];
    one[31] = 1;
    terms.push(bls_term(last, &one));
    let mut fixture = fixture(32_768);
    let written = call(
        &mut fixture,
        Function::Bls12381G1Msm,
        &terms.concat(),
        30_000,
    );
    assert_eq!(written, Some(true));
    assert_eq!(fixture.memory[30_000..30_128], last.bytes());
}
