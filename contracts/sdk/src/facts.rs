//! Reads files of facts for tests: one name and its bytes in hexadecimal a line.

/// A file of facts; a name may have several values, in order.
pub(crate) struct Facts(&'static str);

impl Facts {
    /// The facts of a text; lines that are empty or begin with `#` say nothing.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// Every value of a name.
    pub(crate) fn all(&self, name: &str) -> Vec<Vec<u8>> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        let of_name = lines.filter_map(|line| {
            let (found, value) = line.split_once(' ')?;
            (found == name).then(|| hex::decode(value).expect("hexadecimal"))
        });
        let values: Vec<_> = of_name.collect();
        assert!(!values.is_empty(), "no {name}");
        values
    }

    /// The first value of a name, of a fixed length.
    pub(crate) fn one<const N: usize>(&self, name: &str) -> [u8; N] {
        self.list(name)[0]
    }

    /// Every value of a name, each of a fixed length.
    pub(crate) fn list<const N: usize>(&self, name: &str) -> Vec<[u8; N]> {
        let fixed = |value: Vec<u8>| value.try_into().expect(name);
        self.all(name).into_iter().map(fixed).collect()
    }
}
