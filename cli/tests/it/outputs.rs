//! Tests the files that commands write: full devices, pipes, links, folders without permission,
//! signals, `-`, and that a difference is the exit code whatever becomes of them.

use crate::{lockstep, sample, scratch};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A simulation that ends in a difference at once.
const DIFFERS: [&str; 8] = [
    "sim",
    "--nodes",
    "1",
    "--blocks",
    "8",
    "--plant",
    "frame-gas",
    "--json",
];

/// A simulation that agrees.
const AGREES: [&str; 6] = ["sim", "--nodes", "1", "--blocks", "2", "--json"];

/// A new, empty folder.
fn folder(name: &str) -> PathBuf {
    let path = scratch(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Names of the files of a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_fault_that_never_acted_is_an_error_of_the_run() {
    let ran = lockstep(&[
        "sim",
        "--nodes",
        "1",
        "--blocks",
        "2",
        "--plant",
        "lost-write",
        "--json",
    ]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("lost-write never acted"), "{ran:?}");
    assert_eq!(ran.json()["agreed"], true);
    assert_eq!(ran.json()["injected_fault"]["acted"], "0");
    let ran = lockstep(&DIFFERS);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    assert_ne!(ran.json()["injected_fault"]["acted"], "0");
    assert_eq!(
        lockstep(&AGREES).json()["injected_fault"],
        serde_json::Value::Null
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_fails_an_agreement_and_hides_no_difference() {
    for option in ["--archive", "--report"] {
        let agreed = lockstep(&[&AGREES[..], &[option, "/dev/full"]].concat());
        assert_eq!(agreed.code, 4, "{option}: {agreed:?}");
        assert!(agreed.stderr.contains("/dev/full"), "{agreed:?}");
        assert_eq!(agreed.json()["agreed"], true);
    }
    for option in ["--archive", "--report", "--case"] {
        let differs = lockstep(&[&DIFFERS[..], &[option, "/dev/full"]].concat());
        assert_eq!(differs.code, 1, "{option}: {differs:?}");
        assert!(differs.stderr.contains("/dev/full"), "{differs:?}");
        assert_eq!(differs.json()["agreed"], false);
    }
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(DIFFERS)
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(!ran.stderr.is_empty());
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_written_through() {
    let folder = folder("written-through");
    let pipe = folder.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = Command::new("cat")
        .arg(&pipe)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let ran = lockstep(&[&DIFFERS[..], &["--case", text(&pipe)]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let read = reader.wait_with_output().unwrap();
    assert!(read.stdout.starts_with(b"lockstep/case/1\n"));
    assert_eq!(names(&folder), ["pipe"]);
    let ran = lockstep(&[&AGREES[..], &["--report", "/dev/null"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_file_is_replaced() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = folder("links");
    fs::create_dir(folder.join("far")).unwrap();
    fs::write(folder.join("far/file"), "old").unwrap();
    let mode = fs::Permissions::from_mode(0o640);
    fs::set_permissions(folder.join("far/file"), mode).unwrap();
    symlink("far/file", folder.join("link")).unwrap();
    symlink("far/new", folder.join("dangling")).unwrap();
    for (link, file) in [("link", "far/file"), ("dangling", "far/new")] {
        let path = folder.join(link);
        let ran = lockstep(&[&AGREES[..], &["--archive", text(&path)]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        let written = fs::read(folder.join(file)).unwrap();
        assert!(written.starts_with(b"lockstep/archive/"));
    }
    let mode = fs::metadata(folder.join("far/file")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o640);
    assert_eq!(names(&folder.join("far")), ["file", "new"]);
}

#[test]
fn what_cannot_be_written_is_found_before_the_work() {
    let folder = folder("unwritable");
    let read_only = folder.join("read-only");
    fs::write(&read_only, "kept").unwrap();
    let mut permissions = fs::metadata(&read_only).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).unwrap();
    let nowhere = folder.join("no/such/file");
    // So many blocks take hours.
    let endless = ["sim", "--blocks", "10000000", "--json"];
    for path in [&read_only, &nowhere, &folder] {
        for option in ["--archive", "--report", "--case"] {
            let ran = lockstep(&[&endless[..], &[option, text(path)]].concat());
            assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
            assert!(ran.stderr.contains("cannot write"), "{ran:?}");
        }
    }
    let both = text(&nowhere);
    let replay = lockstep(&["node", "replay", "absent", "--bisect", "--out", both]);
    assert_eq!(replay.code, 4);
    assert!(
        replay.stderr.contains("cannot write the case"),
        "{replay:?}"
    );
    let new = folder.join("new");
    let twice = ["--archive", text(&new), "--report", text(&new)];
    let ran = lockstep(&[&endless[..], &twice].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
    assert!(ran.stderr.contains("another output"), "{ran:?}");
    let meter = lockstep(&["meter", &sample("math.wasm"), "--output", text(&folder)]);
    assert_eq!(meter.code, 4, "{meter:?}");
    let conform = lockstep(&["conform", "run", "--out", both]);
    assert_eq!(
        (conform.code, conform.stdout.as_str()),
        (4, ""),
        "{conform:?}"
    );
    assert_eq!(fs::read_to_string(&read_only).unwrap(), "kept");
    assert_eq!(names(&folder), ["read-only"]);
}

#[test]
fn an_agreement_writes_no_case_and_leaves_the_old_file() {
    let folder = folder("no-case");
    let path = folder.join("case");
    fs::write(&path, "old").unwrap();
    let ran = lockstep(&[&AGREES[..], &["--case", text(&path)]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(&folder), ["case"]);
}

/// A simulation that runs for hours, once its temporary files are beside the file `archive`.
#[cfg(unix)]
fn endless(folder: &Path, program: &mut Command) -> Child {
    fs::write(folder.join("archive"), "old").unwrap();
    let child = program
        .args(["sim", "--nodes", "1", "--blocks", "10000000", "--archive"])
        .arg(folder.join("archive"))
        .arg("--report")
        .arg(folder.join("report"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while names(folder).len() < 3 {
        std::thread::yield_now();
    }
    child
}

#[cfg(unix)]
fn send(name: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// True for a signal that this process, and so each that it starts, ignores: in a background job of
/// a shell, or under `nohup`.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    mask >> (signal - 1) & 1 == 1
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_no_litter_and_is_the_end() {
    use std::os::unix::process::ExitStatusExt as _;
    for (name, number) in [("HUP", 1), ("INT", 2), ("TERM", 15)] {
        if is_ignored(number) {
            continue;
        }
        let folder = folder(&format!("signal-{name}"));
        let program = &mut Command::new(env!("CARGO_BIN_EXE_lockstep"));
        let mut child = endless(&folder, program);
        send(name, &child);
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        assert_eq!(names(&folder), ["archive"]);
        assert_eq!(fs::read_to_string(folder.join("archive")).unwrap(), "old");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    use std::os::unix::process::ExitStatusExt as _;
    let folder = folder("signal-ignored");
    let mut program = Command::new("sh");
    program.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    let mut child = endless(&folder, program.arg(env!("CARGO_BIN_EXE_lockstep")));
    send("HUP", &child);
    send("TERM", &child);
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    assert_eq!(names(&folder), ["archive"]);
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let ran = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(DIFFERS)
        .args(["--case", "-"])
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(ran.stdout.starts_with(b"lockstep/case/1\n"));
    let report: serde_json::Value = serde_json::from_slice(&ran.stderr).unwrap();
    assert_eq!(report["agreed"], false);

    let mut child = Command::new(env!("CARGO_BIN_EXE_lockstep"))
        .args(["node", "case", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&ran.stdout).unwrap();
    let replayed = child.wait_with_output().unwrap();
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");

    let twice = lockstep(&[&AGREES[..], &["--archive", "-", "--report", "-"]].concat());
    assert_eq!(twice.code, 4, "{twice:?}");
    assert!(twice.stderr.contains("only one output"), "{twice:?}");
}

#[test]
fn without_a_terminal_no_progress_is_printed() {
    let ran = lockstep(&["sim", "--network", "--seeds", "2"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let ran = lockstep(&["sim", "--nodes", "2", "--blocks", "6"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
}
