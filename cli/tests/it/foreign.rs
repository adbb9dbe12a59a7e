//! Tests `lockstep conform run --command`: differences by vector, declined kinds, broken programs.

use crate::{CommandOutput, file, keys, lockstep, scratch};
use std::path::Path;

const HELLO: &str = r#"{"type":"hello","protocol":1,"name":"sh\u001b[2J","version":"1","#;

/// A shell script that writes its hello, and a reply to each further line.
fn engine(name: &str, kinds: &str, reply: &str) -> String {
    let hello = format!(r#"{HELLO}"kinds":[{kinds}],"modules":["original"]}}"#);
    let script = format!(
        "read line; echo '{hello}'; while read line; do case \"$line\" in \
         *'\"abandon\"'*) echo '{{\"type\":\"ready\"}}';; *) {reply};; esac; done\n"
    );
    file(name, script)
}

fn run(script: &str, further: &[&str]) -> CommandOutput {
    let command = format!("sh '{script}'");
    let arguments = ["conform", "run", "--command", &command];
    lockstep(&[&arguments[..], further].concat())
}

#[test]
fn an_engine_that_cannot_run_a_vector_sees_every_name_and_the_declined_kinds() {
    let failed = r#"echo '{"type":"failed","why":"not yet"}'"#;
    let script = engine("foreign-failed.sh", r#""message""#, failed);
    let out = scratch("foreign-failed.report");
    let ran = run(&script, &["--json", "--out", out.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let line = ran.json();
    let declined = line["declined"].as_object().unwrap();
    let kinds: Vec<&String> = declined.keys().collect();
    assert_eq!(
        kinds,
        ["call", "chain", "check", "cryptography", "mutants", "rules"]
    );
    let differences = line["differences"].as_array().unwrap();
    // Messages that end before a guest runs are as expected.
    assert_eq!(line["differing"], differences.len());
    assert!(differences.len() > 100 && line["vectors"].as_u64() > line["differing"].as_u64());
    assert_eq!(keys(&differences[0]), ["fields", "vector"]);
    assert_eq!(differences[0]["fields"][0]["field"], "exit");
    assert_eq!(differences[0]["fields"][0]["found"], "failed");
    // The report is one that `compare` reads; ours of the same kind differs at the first vector.
    let ours = scratch("foreign-ours.report");
    let (out, ours) = (out.to_str().unwrap(), ours.to_str().unwrap());
    let arguments = [
        "conform",
        "run",
        "--engine",
        "interpreter",
        "--kinds",
        "message",
    ];
    let ran = lockstep(&[&arguments[..], &["--out", ours]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains(", left out: call 1,"), "{}", ran.stdout);
    let ran = lockstep(&["conform", "compare", ours, out, "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(
        ran.json()["first_difference"]["vector"],
        differences[0]["vector"]
    );
    let text = run(&script, &[]).stdout;
    assert!(text.starts_with("vector "), "{text}");
    assert!(text.contains("\n    got       failed\n"), "{text}");
    assert!(text.contains(" vectors more\nfailed: "), "{text}");
    assert!(
        !text.contains('\u{1b}'),
        "a control character of the program: {text:?}"
    );
}

#[test]
fn a_program_that_breaks_the_protocol_is_named_with_the_vector() {
    let cases = [
        ("exit 7", "the program ended: exit status: 7"),
        ("echo garbage", "a line that is no reply"),
        ("exec sleep 600", "no reply within 1 seconds"),
        (
            r#"echo '{"type":"ended"}'"#,
            "out of turn: ended instead of ready",
        ),
    ];
    for (number, (reply, why)) in cases.into_iter().enumerate() {
        let name = format!("foreign-broken-{number}.sh");
        let script = engine(&name, r#""chain""#, reply);
        let out = scratch(&format!("foreign-broken-{number}.report"));
        let ran = run(
            &script,
            &["--reply-seconds", "1", "--out", out.to_str().unwrap()],
        );
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
        assert!(ran.stderr.contains("vector "), "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(
            !Path::new(&out).exists(),
            "a report of a run that did not end"
        );
    }
}

#[test]
fn a_command_line_that_cannot_be_started_is_an_error_and_a_wrong_flag_another() {
    let code = |arguments: &[&str]| lockstep(&[&["conform", "run"], arguments].concat()).code;
    assert_eq!(code(&["--command", "./no-such-engine"]), 4);
    assert_eq!(code(&["--command", "a 'b"]), 4);
    assert_eq!(code(&["--command", "x", "--engine", "reference"]), 2);
    assert_eq!(code(&["--kinds", "surprise"]), 2);
    assert_eq!(code(&["--reply-seconds", "5"]), 2);
}
