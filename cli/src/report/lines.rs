//! Draws a plot of one or more lines over the blocks.

use super::columns::{HEIGHT, PlotFrame, WIDTH, frame};
use super::markup::{escaped, legend};
use super::scale::{Axis, Unit, share};

/// A line.
pub(super) struct PlotLine {
    /// CSS class.
    pub(super) class: String,
    pub(super) name: String,
    /// One value for each column; `None` leaves a gap.
    pub(super) values: Vec<Option<u64>>,
}

/// A plot of lines.
pub(super) struct LinePlot<'a> {
    /// Description for screen readers.
    pub(super) summary: String,
    pub(super) units: &'a [Unit],
    /// Name of the plotted quantity, if the unit does not imply it.
    pub(super) what: &'a str,
    pub(super) lines: &'a [PlotLine],
    /// Tooltip of each column, and its label under the axis.
    pub(super) columns: &'a [(String, String)],
}

impl LinePlot<'_> {
    /// The plot with its axes, and a legend if it has more than one line.
    pub(super) fn draw(&self) -> String {
        let values = self.lines.iter().flat_map(|line| &line.values).flatten();
        let axis = Axis::to(values.copied().max().unwrap_or_default());
        let count = u64::try_from(self.columns.len()).unwrap_or(u64::MAX);
        let mut drawing = String::new();
        for line in self.lines {
            let points = points(line, axis, count);
            drawing.push_str(&format!(
                "<path class=\"line {}\" d=\"{points}\"/>\n",
                line.class
            ));
        }
        for (number, (title, _)) in (0_u64..).zip(self.columns) {
            let left = share(number, count, WIDTH);
            let right = share(number.saturating_add(1), count, WIDTH);
            drawing.push_str(&format!(
                "<rect class=\"hover\" x=\"{left}\" y=\"0\" width=\"{}\" height=\"{HEIGHT}\">\
                 <title>{}</title></rect>\n",
                right.saturating_sub(left),
                escaped(title)
            ));
        }
        let labels: Vec<&str> = self
            .columns
            .iter()
            .map(|(_, label)| label.as_str())
            .collect();
        let parts = PlotFrame {
            summary: &self.summary,
            units: self.units,
            what: self.what,
            axis,
            labels: &labels,
        };
        let mut plot = frame(&parts, &drawing);
        if self.lines.len() > 1 {
            let entries = self.lines.iter();
            plot.push_str(&legend(
                entries.map(|line| (line.class.clone(), line.name.as_str())),
            ));
        }
        plot
    }
}

/// The SVG path of a line through the middles of its columns; a gap where a value is missing.
fn points(line: &PlotLine, axis: Axis, count: u64) -> String {
    let mut path = String::new();
    let mut pen = 'M';
    for (number, value) in (0_u64..).zip(&line.values) {
        let Some(value) = value else {
            pen = 'M';
            continue;
        };
        let middle = number.saturating_mul(2).saturating_add(1);
        let x = share(middle, count.saturating_mul(2), WIDTH);
        let y = HEIGHT.saturating_sub(axis.position(*value, HEIGHT));
        path.push_str(&format!("{pen}{x} {y}"));
        if pen == 'M' {
            // A line of one point is drawn as a dot, since its ends are round.
            path.push_str("h0");
        }
        pen = 'L';
    }
    path
}
