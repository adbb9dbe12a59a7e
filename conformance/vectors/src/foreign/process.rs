//! Starts the program, exchanges lines with it within a time limit, and ends it.
//!
//! One thread writes its standard input, one reads its standard output, so that a program that
//! neither reads nor writes is found by the time limit. Its standard error is this command's own.

use super::connection::Link;
use super::wire::LINE_BYTES_MAX;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

/// Time that a program has to end after its standard input is closed, and between two looks.
const END: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// A running program.
pub struct Process {
    child: Child,
    /// `None` once its standard input is closed.
    requests: Option<SyncSender<String>>,
    replies: Receiver<Output>,
    /// Longest line that is read now, in bytes.
    bound: Arc<AtomicUsize>,
    limit: Duration,
}

/// What came from the program.
enum Output {
    Line(String),
    TooLong,
    NotUtf8,
    Ended,
    Unreadable(io::Error),
}

impl Process {
    /// Starts a command line: words between spaces, in quotes where they contain some. Each reply
    /// must come within `limit`.
    ///
    /// # Errors
    /// The reason why it cannot be started.
    pub fn start(command_line: &str, limit: Duration) -> Result<Self, String> {
        let words = words(command_line)?;
        let (program, arguments) = words.split_first().ok_or("the command line is empty")?;
        let failed = |error: io::Error| format!("cannot start {program}: {error}");
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let streams = (child.stdin.take(), child.stdout.take());
        let (requests, to_write) = sync_channel(1);
        let (read, replies) = sync_channel(1);
        let bound = Arc::new(AtomicUsize::new(LINE_BYTES_MAX));
        // From here on an error ends the program: the value is dropped.
        let process = Self {
            child,
            requests: Some(requests),
            replies,
            bound: Arc::clone(&bound),
            limit,
        };
        let (Some(input), Some(output)) = streams else {
            return Err(format!("{program} has no streams"));
        };
        let threads = thread::Builder::new().spawn(move || write_lines(input, &to_write));
        let threads = threads
            .and_then(|_| thread::Builder::new().spawn(move || read_lines(output, &bound, &read)));
        threads.map_err(failed)?;
        Ok(process)
    }

    /// How the program ended, which closed its standard output.
    fn ending(&mut self) -> String {
        let mut waited = Duration::ZERO;
        while waited < END {
            if let Ok(Some(status)) = self.child.try_wait() {
                return format!("the program ended: {status}");
            }
            thread::sleep(LOOK);
            waited = waited.saturating_add(LOOK);
        }
        "the program closed its standard output".to_owned()
    }

    fn describe(&mut self, output: Output, bound: usize) -> Result<String, String> {
        match output {
            Output::Line(line) => Ok(line),
            Output::TooLong => Err(format!("a line above {bound} bytes")),
            Output::NotUtf8 => Err("a line that is not UTF-8".to_owned()),
            Output::Ended => Err(self.ending()),
            Output::Unreadable(error) => Err(format!("its standard output: {error}")),
        }
    }
}

impl Link for Process {
    fn exchange(&mut self, line: &str, reply_bytes_max: usize) -> Result<String, String> {
        match self.replies.try_recv() {
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Err(self.ending()),
            Ok(output) => {
                let bound = self.bound.load(Ordering::SeqCst);
                let line = self.describe(output, bound)?;
                return Err(format!(
                    "out of turn: a line that nothing asked for: {line}"
                ));
            }
        }
        self.bound.store(reply_bytes_max, Ordering::SeqCst);
        // A send fails only if the writing thread ended, as it does after the program.
        let sent = self
            .requests
            .as_ref()
            .is_some_and(|requests| requests.send(format!("{line}\n")).is_ok());
        match self.replies.recv_timeout(self.limit) {
            Ok(output) => self.describe(output, reply_bytes_max),
            Err(RecvTimeoutError::Disconnected) => Err(self.ending()),
            Err(RecvTimeoutError::Timeout) if !sent => Err("it reads no further line".to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("no reply within {} seconds", self.limit.as_secs()))
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.requests = None;
        // A program that closes its standard output when its input is closed may still write files.
        if matches!(self.replies.recv_timeout(END), Ok(Output::Ended)) {
            let _ = self.ending();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_lines(mut input: ChildStdin, lines: &Receiver<String>) {
    while let Ok(line) = lines.recv() {
        if input.write_all(line.as_bytes()).is_err() || input.flush().is_err() {
            return;
        }
    }
}

fn read_lines(output: ChildStdout, bound: &AtomicUsize, lines: &SyncSender<Output>) {
    let mut output = BufReader::new(output);
    loop {
        let read = read_line(&mut output, bound);
        let is_last = !matches!(read, Output::Line(_));
        if lines.send(read).is_err() || is_last {
            return;
        }
    }
}

/// The next line; the bound is looked up when its first byte is there.
fn read_line(output: &mut impl BufRead, bound: &AtomicUsize) -> Output {
    match output.fill_buf() {
        Ok([]) => return Output::Ended,
        Ok(_) => {}
        Err(error) => return Output::Unreadable(error),
    }
    let bound = bound.load(Ordering::SeqCst);
    let with_end = u64::try_from(bound).map_or(u64::MAX, |bound| bound.saturating_add(1));
    let mut line = Vec::new();
    match output.by_ref().take(with_end).read_until(b'\n', &mut line) {
        Err(error) => return Output::Unreadable(error),
        Ok(_) if line.last() == Some(&b'\n') => line.truncate(line.len().saturating_sub(1)),
        Ok(_) if line.len() > bound => return Output::TooLong,
        Ok(_) => {}
    }
    String::from_utf8(line).map_or(Output::NotUtf8, Output::Line)
}

/// The words of a command line.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for letter in line.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => word.get_or_insert_default().push(letter),
            None if letter == '"' || letter == '\'' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    match quote {
        Some(open) => Err(format!("the command line has no second {open}")),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::{Output, read_line, words};
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_command_line_is_parted_at_spaces_outside_of_quotes() {
        let found = words(" ./engine  --a 'b c' d\"e f\" '' ").unwrap();
        assert_eq!(found, ["./engine", "--a", "b c", "de f", ""]);
        assert_eq!(words("  ").unwrap(), Vec::<String>::new());
        assert!(words("a 'b").is_err());
    }

    #[test]
    fn a_line_at_the_bound_is_read_and_one_byte_more_is_not() {
        let read = |text: &[u8]| read_line(&mut &*text, &AtomicUsize::new(3));
        assert!(matches!(read(b"abc\ndef"), Output::Line(line) if line == "abc"));
        assert!(matches!(read(b"abc"), Output::Line(line) if line == "abc"));
        assert!(matches!(read(b"abcd\n"), Output::TooLong));
        assert!(matches!(read(b"\xff\n"), Output::NotUtf8));
        assert!(matches!(read(b""), Output::Ended));
    }
}
