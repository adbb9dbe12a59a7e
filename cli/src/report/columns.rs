//! Draws stacked columns over the blocks: one column for each block or group of blocks.

use super::markup::{escaped, legend};
use super::scale::{Axis, Unit, share};

/// Width and height of the drawing; the page stretches it.
pub(super) const WIDTH: u64 = 12_000;
pub(super) const HEIGHT: u64 = 1_000;

/// A column.
pub(super) struct Column {
    /// Heights of the parts from bottom to top, in the order of the kinds.
    pub(super) parts: Vec<u64>,
    /// Tooltip.
    pub(super) title: String,
    /// Label under the axis, drawn for some of the columns.
    pub(super) label: String,
}

/// A kind of part: its CSS class and its name.
pub(super) type PartKind = (String, &'static str);

/// A plot of columns.
pub(super) struct ColumnPlot<'a> {
    /// Description for screen readers.
    pub(super) summary: String,
    pub(super) units: &'a [Unit],
    /// Name of the counted quantity, if the unit does not imply it.
    pub(super) what: &'a str,
    pub(super) kinds: &'a [PartKind],
    pub(super) columns: &'a [Column],
}

impl ColumnPlot<'_> {
    /// The plot with its axes, and a legend if it has more than one kind.
    pub(super) fn draw(&self) -> String {
        let heights = self.columns.iter().map(|column| total(&column.parts));
        let axis = Axis::to(heights.max().unwrap_or_default());
        let count = u64::try_from(self.columns.len()).unwrap_or(u64::MAX);
        let mut drawing = String::new();
        for (number, column) in (0_u64..).zip(self.columns) {
            let left = share(number, count, WIDTH);
            let right = share(number.saturating_add(1), count, WIDTH);
            // A sixth of the width is left free, to separate adjacent columns.
            let width = right.saturating_sub(left);
            let width = width.saturating_sub(width / 6).max(1);
            drawing.push_str(&format!("<g><title>{}</title>", escaped(&column.title)));
            drawing.push_str(&format!(
                "<rect class=\"hover\" x=\"{left}\" y=\"0\" width=\"{}\" height=\"{HEIGHT}\"/>",
                right.saturating_sub(left)
            ));
            let mut below = 0_u64;
            for (part, (class, _)) in column.parts.iter().zip(self.kinds) {
                let bottom = axis.position(below, HEIGHT);
                below = below.saturating_add(*part);
                let top = axis.position(below, HEIGHT);
                if top > bottom {
                    drawing.push_str(&format!(
                        "<rect class=\"{class}\" x=\"{left}\" y=\"{}\" width=\"{width}\" \
                         height=\"{}\"/>",
                        HEIGHT.saturating_sub(top),
                        top.saturating_sub(bottom)
                    ));
                }
            }
            drawing.push_str("</g>\n");
        }
        let labels: Vec<&str> = self
            .columns
            .iter()
            .map(|column| column.label.as_str())
            .collect();
        let mut plot = frame(
            &PlotFrame {
                summary: &self.summary,
                units: self.units,
                what: self.what,
                axis,
                labels: &labels,
            },
            &drawing,
        );
        if self.kinds.len() > 1 {
            plot.push_str(&legend(self.kinds.iter().cloned()));
        }
        plot
    }
}

fn total(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |sum, part| sum.saturating_add(*part))
}

/// Axes, labels and description of a plot over the blocks.
pub(super) struct PlotFrame<'a> {
    pub(super) summary: &'a str,
    pub(super) units: &'a [Unit],
    pub(super) what: &'a str,
    pub(super) axis: Axis,
    /// Labels of the columns.
    pub(super) labels: &'a [&'a str],
}

/// A drawing with its axes. The numbers are text beside it, which does not shrink with the page.
pub(super) fn frame(frame: &PlotFrame<'_>, drawing: &str) -> String {
    let unit = Unit::for_value(frame.units, frame.axis.end);
    let (mut marks, mut grid) = (String::new(), String::new());
    for mark in frame.axis.marks() {
        let height = frame.axis.position(mark, HEIGHT);
        marks.push_str(&format!(
            "<span style=\"bottom:{}\">{}</span>",
            percent(height, HEIGHT),
            unit.number(mark)
        ));
        let y = HEIGHT.saturating_sub(height);
        grid.push_str(&format!("<path d=\"M0 {y}H{WIDTH}\"/>"));
    }
    let what = match (frame.what, unit.name) {
        (what, "") => what.to_owned(),
        ("", name) => name.to_owned(),
        (what, name) => format!("{what}, {name}"),
    };
    format!(
        "<figure>\n<figcaption>{}</figcaption>\n<div class=\"y\">{marks}</div>\n\
         <svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" \
         role=\"img\" aria-label=\"{}\">\n<g class=\"grid\">{grid}</g>\n{drawing}</svg>\n\
         <div class=\"x\">{}</div>\n<div class=\"xname\">block</div>\n</figure>\n",
        escaped(&what),
        escaped(frame.summary),
        labels(frame.labels)
    )
}

/// At most five labels, centred under their columns; the first and the last are among them.
fn labels(labels: &[&str]) -> String {
    let last = labels.len().saturating_sub(1);
    let mut shown: Vec<usize> = (0..=4_usize)
        .map(|quarter| last.saturating_mul(quarter) / 4)
        .collect();
    shown.dedup();
    let count = u64::try_from(labels.len()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for index in shown {
        let Some(label) = labels.get(index) else {
            continue;
        };
        let middle = u64::try_from(index)
            .unwrap_or(u64::MAX)
            .saturating_mul(2)
            .saturating_add(1);
        text.push_str(&format!(
            "<span style=\"left:{}\">{}</span>",
            percent(middle, count.saturating_mul(2)),
            escaped(label)
        ));
    }
    text
}

/// A share in percent, with two decimals.
pub(super) fn percent(value: u64, whole: u64) -> String {
    let hundredths = share(value, whole, 10_000);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}
