//! Programs that end, hang, write garbage or write out of turn: an error with the vector's name.

use crate::{Direct, set};
use conformance::foreign::Served;
use std::time::Duration;
use vectors::foreign::connection::{Connection, Link};
use vectors::foreign::process::Process;
use vectors::foreign::run;
use vectors::foreign::wire::LINE_BYTES_MAX;

/// Why no connection to this shell script is opened, with a time limit of one second.
fn refused(script: &str) -> String {
    let command = format!("sh -c '{script}'");
    let process = Process::start(&command, Duration::from_secs(1)).unwrap();
    let opened = Connection::open(Box::new(process), &node::rules::version_1());
    opened.err().expect("no hello").reason
}

#[test]
fn a_program_that_ends_hangs_or_writes_garbage_is_an_error() {
    assert_eq!(refused("exit 3"), "the program ended: exit status: 3");
    assert_eq!(refused("exec sleep 600"), "no reply within 1 seconds");
    assert_eq!(
        refused("exec >&-; exec sleep 600"),
        "the program closed its standard output"
    );
    assert!(refused("echo nonsense").starts_with("a line that is no reply: "));
    assert!(refused("printf \"\\\\377\\\\n\"").starts_with("a line that is not UTF-8"));
    let text = refused("read line; echo \"{\\\"type\\\":\\\"ready\\\"}\"");
    assert_eq!(text, "out of turn: ready instead of hello");
    let endless = refused("exec cat /dev/zero");
    assert_eq!(endless, format!("a line above {LINE_BYTES_MAX} bytes"));
}

#[test]
fn a_program_that_cannot_be_started_is_an_error() {
    let limit = Duration::from_secs(1);
    let error = Process::start("./no-such-engine", limit).err().unwrap();
    assert!(
        error.starts_with("cannot start ./no-such-engine: "),
        "{error}"
    );
    assert!(Process::start("", limit).is_err());
}

#[test]
fn a_program_that_reads_nothing_is_stopped_by_the_time_limit() {
    let mut process = Process::start("sleep 600", Duration::from_secs(1)).unwrap();
    let long = "x".repeat(1 << 22);
    let error = process.exchange(&long, 10).unwrap_err();
    assert_eq!(error, "no reply within 1 seconds");
}

#[test]
fn a_hello_that_nothing_can_run_with_is_an_error() {
    struct Fixed(&'static str);
    impl Link for Fixed {
        fn exchange(&mut self, _: &str, _: usize) -> Result<String, String> {
            Ok(self.0.to_owned())
        }
    }
    let refused = |line| {
        let opened = Connection::open(Box::new(Fixed(line)), &node::rules::version_1());
        opened.err().expect("refused").reason
    };
    let hello = |protocol: u32, kinds: &str, modules: &str| {
        let text = format!(
            "{{\"type\":\"hello\",\"protocol\":{protocol},\"name\":\"x\",\"version\":\"1\",\
             \"kinds\":[{kinds}],\"modules\":[{modules}]}}"
        );
        refused(Box::leak(text.into_boxed_str()))
    };
    assert!(hello(2, "\"call\"", "\"original\"").starts_with("protocol 2"));
    assert!(hello(1, "\"check\"", "\"original\"").contains("the kind \"check\""));
    assert!(hello(1, "\"call\"", "").starts_with("it takes no kind"));
    assert!(hello(1, "\"call\"", "\"other\"").starts_with("a line that is no reply"));
    assert_eq!(refused("{\"type\":\"failed\",\"why\":\"no\\nt\"}"), "no t");
}

/// The engine, with every line of some type replaced.
struct Replaced {
    direct: Direct,
    from: &'static str,
    to: &'static str,
    /// How many of them are left as they are first.
    after: u32,
}

impl Link for Replaced {
    fn exchange(&mut self, line: &str, reply_bytes_max: usize) -> Result<String, String> {
        let reply = self.direct.exchange(line, reply_bytes_max)?;
        if !reply.contains(self.from) {
            return Ok(reply);
        }
        match self.after.checked_sub(1) {
            Some(rest) => self.after = rest,
            None => return Ok(self.to.to_owned()),
        }
        Ok(reply)
    }
}

/// Results that are `failed`, results that are expected, and the error of a run in which the lines
/// of some type are replaced after the third.
fn run_with(from: &'static str, to: &'static str) -> (Vec<String>, usize, Option<String>) {
    let link = Replaced {
        direct: Direct::new(None),
        from,
        to,
        after: 3,
    };
    let opened = Connection::open(Box::new(link), &node::rules::version_1()).unwrap();
    let set = set(&["call", "message"], 11);
    let (observed, broken) = run::run(&set, opened, &mut |_, _| ());
    let failed = observed.iter().filter_map(|of| of.fields.get("failed"));
    let failed: Vec<String> = failed.cloned().collect();
    let broken = broken.map(|error| {
        assert!(set.vectors().any(|vector| vector.name == error.location));
        error.reason
    });
    (failed, observed.len(), broken)
}

#[test]
fn an_impossible_reply_fails_its_vector_and_the_next_one_runs() {
    let total = set(&["call", "message"], 11).vectors().count();
    let call = "\"type\":\"call\"";
    let exit = "\"type\":\"exit\"";
    let cases = [
        (call, "{\"type\":\"failed\",\"why\":\"no room\"}", "no room"),
        (
            call,
            "{\"type\":\"call\",\"function\":\"no\",\"arguments\":[],\"gas\":\"0\",\"memory\":0}",
            "\"no\" is no import of the module",
        ),
        (
            exit,
            "{\"type\":\"exit\",\"exit\":\"return\",\"gas\":\"18446744073709551615\"}",
            "gas is left",
        ),
        (
            exit,
            "{\"type\":\"exit\",\"exit\":\"trap\",\"trap\":500,\"gas\":\"0\"}",
            "no trap has code 500",
        ),
        (
            exit,
            "{\"type\":\"exit\",\"exit\":\"trap\",\"gas\":\"0\"}",
            "the fields of an exit",
        ),
        (
            "\"type\":\"bytes\"",
            "{\"type\":\"bytes\",\"bytes\":[\"00\"]}",
            "hexadecimal bytes",
        ),
        (
            "\"sha256\":",
            "{\"type\":\"ended\"}",
            "without memory and globals",
        ),
        (
            "\"sha256\":",
            "{\"type\":\"ended\",\"memory\":{\"bytes\":0,\"sha256\":\"\"},\"globals\":[]}",
            "64 lower-case digits",
        ),
    ];
    for (from, to, why) in cases {
        let (failed, observed, broken) = run_with(from, to);
        assert_eq!((observed, broken), (total, None), "{to}");
        assert!(
            failed.iter().any(|text| text.contains(why)),
            "{to}: {failed:?}"
        );
    }
}

#[test]
fn a_broken_protocol_ends_the_run_at_a_named_vector() {
    for (from, to, why) in [
        ("\"type\":\"call\"", "{", "a line that is no reply"),
        (
            "\"type\":\"exit\"",
            "{\"type\":\"ready\"}",
            "out of turn: ready instead of call or exit",
        ),
        (
            "\"type\":\"ended\"",
            "{\"type\":\"ready\"}",
            "out of turn: ready instead of ended",
        ),
        (
            "\"type\":\"ready\"",
            "{\"type\":\"surprise\"}",
            "a line that is no reply",
        ),
    ] {
        let (_, observed, broken) = run_with(from, to);
        let broken = broken.expect("the run ends");
        assert!(broken.contains(why), "{broken}");
        assert!(observed > 0, "{to}");
    }
}

#[test]
fn an_engine_refuses_what_it_cannot_do() {
    let mut served = Served::new(None);
    let reply = served
        .line("{\"type\":\"end\",\"frame\":0,\"state\":false}")
        .unwrap();
    assert_eq!(
        reply,
        "{\"type\":\"failed\",\"why\":\"no frame is active\"}"
    );
    assert!(served.line("{").is_err());
}
