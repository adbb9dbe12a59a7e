//! Parses JSON by recursive descent: byte loads, branches, short calls.

static TEXT: &[u8] = br#"{"orders":[{"id":4711,"side":"buy","price":25013,"quantity":12,
"tags":["fast","post\n"]},
{"id":4712,"side":"sell","price":25077,"quantity":7,"tags":[]},{"id":4713,
"side":"buy","price":24980,"quantity":-3,"meta":{"user":"alice","nonce":918273645,
"live":true,"parent":null}}],
"sequence":77812,"halted":false,"book":{"bids":[[25013,12],[25012,4],[25000,150],[24990,9]],
"asks":[[25020,3],[25021,44],[25077,7]]},"note":"a quoted \"word\" and a path C:\\temp, then text
that goes on for a while so that copying strings is some of the work, but not all of it"}"#;

/// Maximum depth of nested arrays and objects.
const DEPTH: u32 = 32;

struct Reader<'a> {
    rest: &'a [u8],
    fold: u64,
}

/// The text is not JSON.
struct Malformed;

impl Reader<'_> {
    fn mix(&mut self, value: u64) {
        self.fold = (self.fold ^ value).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    fn next(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                *byte
            }
            None => 0,
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') {
            self.next();
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        self.skip_space();
        if self.next() == byte {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// After an item: true if `close` follows, false if a comma does.
    fn ends(&mut self, close: u8) -> Result<bool, Malformed> {
        self.skip_space();
        match self.next() {
            byte if byte == close => Ok(true),
            b',' => Ok(false),
            _ => Err(Malformed),
        }
    }

    fn string(&mut self) -> Result<(), Malformed> {
        self.expect(b'"')?;
        loop {
            match self.next() {
                b'"' => return Ok(()),
                0 => return Err(Malformed),
                b'\\' => {
                    let escaped = self.next();
                    self.mix(u64::from(escaped) | 0x100);
                }
                byte => self.mix(u64::from(byte)),
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Malformed> {
        self.rest = self.rest.strip_prefix(word).ok_or(Malformed)?;
        self.mix(word.len() as u64);
        Ok(())
    }

    fn number(&mut self) {
        let negative = self.peek() == b'-';
        if negative {
            self.next();
        }
        let mut value = 0_u64;
        while self.peek().is_ascii_digit() {
            let digit = u64::from(self.next() - b'0');
            value = value.wrapping_mul(10).wrapping_add(digit);
        }
        self.mix(if negative {
            value.wrapping_neg()
        } else {
            value
        });
    }

    fn array(&mut self, depth: u32) -> Result<(), Malformed> {
        self.expect(b'[')?;
        self.skip_space();
        if self.peek() == b']' {
            return self.expect(b']');
        }
        loop {
            self.value(depth)?;
            if self.ends(b']')? {
                return Ok(());
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<(), Malformed> {
        self.expect(b'{')?;
        self.skip_space();
        if self.peek() == b'}' {
            return self.expect(b'}');
        }
        loop {
            self.string()?;
            self.expect(b':')?;
            self.value(depth)?;
            if self.ends(b'}')? {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: u32) -> Result<(), Malformed> {
        if depth == 0 {
            return Err(Malformed);
        }
        self.skip_space();
        match self.peek() {
            b'{' => self.object(depth - 1),
            b'[' => self.array(depth - 1),
            b'"' => self.string(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            b'-' | b'0'..=b'9' => {
                self.number();
                Ok(())
            }
            _ => Err(Malformed),
        }
    }
}

/// Parses the text `n` times; returns a checksum of all strings, literals and numbers.
#[must_use]
pub fn run(n: u32) -> u64 {
    let mut fold = 0xcbf2_9ce4_8422_2325_u64;
    for _ in 0..n {
        let mut reader = Reader { rest: TEXT, fold };
        let read = reader.value(DEPTH).is_ok();
        fold = reader.fold ^ u64::from(read);
    }
    fold
}

#[cfg(test)]
mod tests {
    use super::{DEPTH, Reader, TEXT};

    fn reads(rest: &[u8]) -> bool {
        Reader { rest, fold: 0 }.value(DEPTH).is_ok()
    }

    #[test]
    fn the_text_is_read_and_a_broken_one_is_not() {
        assert!(reads(TEXT));
        assert!(!reads(&TEXT[..TEXT.len() - 1]));
        assert!(!reads(b"[1,]"));
    }
}
