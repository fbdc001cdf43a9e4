//! The course of a run as an SVG: viewers, bitrate and frame delay over time.

use crate::report::{Report, Second};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const PANEL: f64 = 180.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const GAP: f64 = 46.0;

/// One diagram: its title, and its lines by name and colour.
struct Panel<'a> {
    title: &'a str,
    lines: Vec<(&'a str, &'a str, Vec<Option<f64>>)>,
}

/// Draws three diagrams, one below the other.
pub fn svg(report: &Report) -> String {
    let values = |value: &dyn Fn(&Second) -> Option<f64>| report.timeline.iter().map(value).collect::<Vec<_>>();
    let panels = [
        Panel {
            title: "connected viewers",
            lines: vec![("viewers", "#2563eb", values(&|s| Some(s.connected as f64)))],
        },
        Panel {
            title: "received, Mb/s",
            lines: vec![("Mb/s", "#16a34a", values(&|s| Some(s.bits as f64 / 1e6)))],
        },
        Panel {
            title: "delay of a frame, ms",
            lines: vec![
                ("p50", "#2563eb", values(&|s| s.frame_delay_p50_ms)),
                ("p99", "#dc2626", values(&|s| s.frame_delay_p99_ms)),
            ],
        },
    ];
    let height = TOP + panels.len() as f64 * (PANEL + GAP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"18\" font-size=\"14\">{}</text>",
        escaped(&report.target)
    );
    for (at, panel) in panels.iter().enumerate() {
        panel.draw(TOP + 16.0 + at as f64 * (PANEL + GAP), &mut out);
    }
    out.push_str("</svg>\n");
    out
}

impl Panel<'_> {
    fn draw(&self, top: f64, out: &mut String) {
        let all = self.lines.iter().flat_map(|(.., values)| values.iter().flatten());
        let highest = nice(all.fold(0.0, |highest, &value| highest.max(value)));
        let count = self.lines.iter().map(|(.., values)| values.len()).max().unwrap_or(0);
        let right = WIDTH - RIGHT;
        let x = |second: usize| LEFT + (right - LEFT) * second as f64 / (count.saturating_sub(1)).max(1) as f64;
        let y = |value: f64| top + PANEL * (1.0 - value / highest);
        let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"{}\">{}</text>", top - 6.0, self.title);
        for part in 0..=4 {
            let value = highest * f64::from(part) / 4.0;
            let _ = writeln!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\" stroke=\"#e5e7eb\"/>\
                 <text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{value}</text>",
                y(value),
                LEFT - 6.0,
                y(value) + 4.0
            );
        }
        let last = count.saturating_sub(1);
        let _ = writeln!(
            out,
            "<text x=\"{LEFT}\" y=\"{0:.1}\">0 s</text><text x=\"{right}\" y=\"{0:.1}\" text-anchor=\"end\">{last} s</text>",
            top + PANEL + 15.0
        );
        for (at, (name, colour, values)) in self.lines.iter().enumerate() {
            let points: Vec<String> = values
                .iter()
                .enumerate()
                .filter_map(|(second, value)| Some(format!("{:.1},{:.1}", x(second), y((*value)?))))
                .collect();
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
                 <text x=\"{}\" y=\"{}\" fill=\"{colour}\" text-anchor=\"end\">{name}</text>",
                points.join(" "),
                right - 40.0 * at as f64,
                top - 6.0
            );
        }
    }
}

/// The next of 1, 2, 4, 8, 10, 20, … at or above.
fn nice(highest: f64) -> f64 {
    let mut power = 0.01;
    while power * 10.0 < highest {
        power *= 10.0;
    }
    let steps = [1.0, 2.0, 4.0, 8.0, 10.0];
    steps
        .iter()
        .map(|step| step * power)
        .find(|&step| step >= highest)
        .unwrap_or(10.0 * power)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round() {
        for (highest, want) in [(0.0, 0.01), (0.7, 0.8), (1.0, 1.0), (9.0, 10.0), (1100.0, 2000.0)] {
            assert!((nice(highest) - want).abs() < 1e-9, "{highest}: {}", nice(highest));
        }
    }
}
