//! Reads vectors and the files that they name, from this binary, a folder or memory.

use crate::VectorError;
use crate::format::{Part, Vector};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Name and bytes of every file under `data`, by name.
const EMBEDDED: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));
/// Longest file that is read from a folder, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 26;

/// Source of the files.
#[derive(Clone, Debug)]
enum Source {
    Embedded,
    Folder(PathBuf),
    Memory(BTreeMap<String, Vec<u8>>),
}

/// A set of vectors: all vector files of a source.
#[derive(Clone, Debug)]
pub struct Set {
    source: Source,
    parts: Vec<Part>,
    id: [u8; 32],
}

impl Set {
    /// The vectors that this binary was built with.
    ///
    /// # Errors
    /// A file that cannot be used, which is a bug of the build.
    pub fn embedded() -> Result<Self, VectorError> {
        let names = EMBEDDED.iter().map(|(name, _)| (*name).to_owned());
        Self::read(Source::Embedded, names.collect())
    }

    /// The vectors of every `.json` file directly in `folder`, which also contains the files that
    /// they name.
    ///
    /// # Errors
    /// A file that cannot be read or used, or a folder without vectors.
    pub fn of_folder(folder: &Path) -> Result<Self, VectorError> {
        let location = folder.display();
        let entries = fs::read_dir(folder).map_err(|error| VectorError::new(location, error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| VectorError::new(folder.display(), error))?;
            names.extend(entry.file_name().into_string().ok());
        }
        let set = Self::read(Source::Folder(folder.to_owned()), names)?;
        if set.vectors().next().is_none() {
            return Err(VectorError::new(folder.display(), "no vectors in it"));
        }
        Ok(set)
    }

    /// The vectors of the `.json` files among `files`, by name.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn of_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, VectorError> {
        let names = files.keys().cloned().collect();
        Self::read(Source::Memory(files), names)
    }

    fn read(source: Source, names: Vec<String>) -> Result<Self, VectorError> {
        let is_part = |name: &String| name.ends_with(".json") && !name.contains('/');
        let names: BTreeSet<String> = names.into_iter().filter(is_part).collect();
        let (mut parts, mut seen) = (Vec::new(), BTreeSet::new());
        let mut hasher = Sha256::new();
        for name in names {
            let text = source.bytes(&name)?;
            let part = Part::parse(&name, &text)?;
            for vector in &part.vectors {
                if !seen.insert(vector.name.clone()) {
                    let reason = format!("another file has a vector {:?} too", vector.name);
                    return Err(VectorError::new(name, reason));
                }
            }
            hasher.update(format!("{}  {name}\n", hex::encode(Sha256::digest(&text))));
            parts.push(part);
        }
        let id = hasher.finalize().into();
        Ok(Self { source, parts, id })
    }

    /// Removes the vectors of all other kinds; returns how many there were of each.
    pub fn keep(&mut self, kinds: &[&str]) -> BTreeMap<&'static str, usize> {
        let mut removed: BTreeMap<&'static str, usize> = BTreeMap::new();
        for part in &mut self.parts {
            part.vectors.retain(|vector| {
                let kind = vector.case.kind();
                let is_kept = kinds.contains(&kind);
                if !is_kept {
                    let count = removed.entry(kind).or_default();
                    *count = count.saturating_add(1);
                }
                is_kept
            });
        }
        removed
    }

    /// Removes the vectors whose position, from 0, or whose name is not `chosen`.
    pub fn choose(&mut self, chosen: impl Fn(usize, &str) -> bool) {
        let mut position = 0_usize;
        for part in &mut self.parts {
            part.vectors.retain(|vector| {
                let is_kept = chosen(position, &vector.name);
                position = position.saturating_add(1);
                is_kept
            });
        }
    }

    /// Id of the set: SHA-256 of a line `HASH  NAME` for each vector file, the same as of
    /// `sha256sum *.json | sha256sum`.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The vector files, by name.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The vectors in the order in which they run.
    pub fn vectors(&self) -> impl Iterator<Item = &Vector> {
        self.parts.iter().flat_map(|part| &part.vectors)
    }

    /// The bytes of a file that `part` names.
    ///
    /// # Errors
    /// A file that `part` does not list, that cannot be read, or that has another hash.
    pub fn file(&self, part: &Part, name: &str) -> Result<Cow<'static, [u8]>, VectorError> {
        let Some(hash) = part.files.get(name) else {
            return Err(VectorError::new(
                name,
                "not among the files of the vector file",
            ));
        };
        let outside = |component: &str| component.is_empty() || component == "..";
        if name.split('/').any(outside) || name.contains('\\') {
            return Err(VectorError::new(name, "not a path below the folder"));
        }
        let bytes = self.source.bytes(name)?;
        if hex::encode(Sha256::digest(&bytes)) != *hash {
            return Err(VectorError::new(
                name,
                "its hash is not the one in the vector file",
            ));
        }
        Ok(bytes)
    }
}

impl Source {
    fn bytes(&self, name: &str) -> Result<Cow<'static, [u8]>, VectorError> {
        match self {
            Self::Embedded => {
                let found = EMBEDDED.iter().find(|(found, _)| *found == name);
                found
                    .map(|(_, bytes)| Cow::Borrowed(*bytes))
                    .ok_or_else(|| VectorError::new(name, "this binary has no such file"))
            }
            Self::Memory(files) => {
                let found = files.get(name).cloned();
                found
                    .map(Cow::Owned)
                    .ok_or_else(|| VectorError::new(name, "no such file"))
            }
            Self::Folder(folder) => {
                let path = folder.join(name);
                read_bounded(&path)
                    .map(Cow::Owned)
                    .map_err(|error| VectorError::new(path.display(), error))
            }
        }
    }
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(FILE_BYTES_MAX.saturating_add(1));
    let read = file.read_to_end(&mut bytes)?;
    if u64::try_from(read).map_or(true, |read| read > FILE_BYTES_MAX) {
        let reason = format!("longer than {FILE_BYTES_MAX} bytes");
        return Err(std::io::Error::other(reason));
    }
    Ok(bytes)
}
