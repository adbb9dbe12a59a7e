//! Draws the table of kernels as a bar chart of time over native time, on a logarithmic scale.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions,
    reason = "coordinates of a drawing; no result of the VM"
)]

use crate::execute::ExecutionReport;
use crate::print::engines;
use crate::statistics::ratio;
use std::fmt::{self, Write};

const BAR: usize = 9;
const GROUP_GAP: usize = 12;
const LEFT: usize = 90;
const TOP: usize = 54;
const PLOT_WIDTH: f64 = 560.0;
/// Number of powers of two on the scale: 1 to 64 times native.
const POWERS: usize = 6;
const COLOURS: [&str; 7] = [
    "#0b6e4f", "#6bbf9b", "#c8553d", "#e8a598", "#7a7a8c", "#b9b9c6", "#444444",
];

/// The figure of a report, as SVG.
///
/// # Errors
/// Never; writing to a string does not fail.
pub fn svg(report: &ExecutionReport) -> Result<String, fmt::Error> {
    let names = engines(&report.geomean_over_native);
    let group = names.len() * BAR + GROUP_GAP;
    let mut groups: Vec<(&str, Vec<f64>)> = Vec::new();
    for row in &report.kernels {
        let native = row.ns.get("native").copied().unwrap_or(f64::NAN);
        let of = |name| row.ns.get(name).map_or(f64::NAN, |ns| ratio(*ns, native));
        groups.push((row.name, names.iter().map(of).collect()));
    }
    let mean = |name| report.geomean_over_native.get(name).copied();
    let means = names.iter().map(|name| mean(name).unwrap_or(f64::NAN));
    groups.push(("geomean", means.collect()));

    let height = TOP + groups.len() * group + 30;
    let width = LEFT + PLOT_WIDTH as usize + 50;
    let mut text = String::new();
    writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">"
    )?;
    writeln!(
        text,
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    )?;
    writeln!(
        text,
        "<text x=\"{LEFT}\" y=\"18\" font-size=\"14\">Time over native time (less is better)</text>"
    )?;
    legend(&mut text, &names)?;
    scale(&mut text, height)?;
    for (index, (name, ratios)) in groups.iter().enumerate() {
        let y = TOP + index * group;
        bars(&mut text, name, ratios, y)?;
    }
    writeln!(text, "</svg>")?;
    Ok(text)
}

fn legend(text: &mut String, names: &[&str]) -> fmt::Result {
    let mut x = LEFT;
    for (name, colour) in names.iter().zip(COLOURS) {
        writeln!(
            text,
            "<rect x=\"{x}\" y=\"28\" width=\"9\" height=\"9\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"36\">{name}</text>",
            x + 13
        )?;
        x += 28 + 6 * name.len();
    }
    Ok(())
}

fn scale(text: &mut String, height: usize) -> fmt::Result {
    for power in 0..=POWERS {
        let x = LEFT as f64 + PLOT_WIDTH * power as f64 / POWERS as f64;
        let bottom = height - 26;
        writeln!(
            text,
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#dddddd\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}x</text>",
            height - 10,
            1_u32 << power
        )?;
    }
    Ok(())
}

fn bars(text: &mut String, name: &str, ratios: &[f64], y: usize) -> fmt::Result {
    let middle = y + ratios.len() * BAR / 2 + 4;
    writeln!(
        text,
        "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{name}</text>",
        LEFT - 8
    )?;
    for (index, (ratio, colour)) in ratios.iter().zip(COLOURS).enumerate() {
        let length = (ratio.log2() / POWERS as f64 * PLOT_WIDTH).clamp(1.0, PLOT_WIDTH);
        let top = y + index * BAR;
        writeln!(
            text,
            "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{length:.1}\" height=\"{}\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\" font-size=\"8\">{ratio:.1}</text>",
            BAR - 1,
            LEFT as f64 + length + 3.0,
            top + BAR - 2
        )?;
    }
    Ok(())
}
