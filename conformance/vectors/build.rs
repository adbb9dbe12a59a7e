//! Writes the list of files under `data`, which the binary embeds.
//!
//! Cargo watches each file and folder, so that the binary never embeds an outdated vector.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let data =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo must run this script")?)
            .join("data");
    let mut files = Vec::new();
    walk(&data, &mut files)?;
    files.sort();
    let mut list = String::from("[\n");
    for file in &files {
        let name = file
            .strip_prefix(&data)?
            .to_str()
            .ok_or("a file name is not UTF-8")?;
        let name = name.replace('\\', "/");
        let path = file.to_str().ok_or("a path is not UTF-8")?;
        writeln!(list, "    ({name:?}, include_bytes!({path:?}).as_slice()),")?;
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo must run this script")?);
    fs::write(out.join("files.rs"), list)?;
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
