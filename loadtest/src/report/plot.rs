//! Line plots as inline SVG: axes, lines, marked bands. Colours come from the page's style, so that they
//! follow its light and dark.

use std::fmt::Write as _;

use super::number;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 28.0;

/// A line.
pub struct Line<'a> {
    pub label: &'a str,
    /// x in seconds and y.
    pub points: Vec<(f64, f64)>,
}

/// A stretch that is marked.
pub struct Mark<'a> {
    pub label: &'a str,
    pub from: f64,
    pub to: f64,
}

/// A plot.
pub struct Plot<'a> {
    pub title: &'a str,
    pub unit: &'a str,
    /// The end of the x axis, in seconds.
    pub seconds: f64,
    /// Logarithmic y.
    pub log: bool,
    pub lines: Vec<Line<'a>>,
    pub marks: &'a [Mark<'a>],
}

impl Plot<'_> {
    /// The figure, with its legend; nothing without points.
    pub fn draw(&self) -> String {
        let values = || self.lines.iter().flat_map(|line| line.points.iter().map(|(_, y)| *y));
        if values().next().is_none() {
            return String::new();
        }
        let top = values().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        let low = values().filter(|y| *y > 0.0).fold(f64::INFINITY, f64::min);
        let scale = Scale::new(self.seconds.max(1.0), low, top, self.log);
        let mut svg = String::new();
        // Writing to a string cannot fail.
        let mut put = |text: String| svg.push_str(&text);
        put(format!(
            "<figure><figcaption>{}{}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{}\">",
            escape(self.title),
            self.legend(),
            escape(self.title)
        ));
        for mark in self.marks {
            let (from, to) = (scale.x(mark.from), scale.x(mark.to.min(self.seconds)));
            put(format!(
                "<rect class=\"fault\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\">\
                 <title>{} {}–{} s</title></rect>",
                (to - from).max(1.5),
                HEIGHT - TOP - BOTTOM,
                escape(mark.label),
                number(mark.from),
                number(mark.to)
            ));
        }
        for (value, y) in scale.y_ticks() {
            put(format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} {}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0,
                number(value),
                self.unit
            ));
        }
        for (value, x) in scale.x_ticks() {
            put(format!(
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} s</text>",
                HEIGHT - 8.0,
                number(value)
            ));
        }
        for (colour, line) in self.lines.iter().enumerate() {
            let mut path = String::new();
            for (x, y) in &line.points {
                write!(path, "{:.1},{:.1} ", scale.x(*x), scale.y(*y)).ok();
            }
            put(format!("<polyline class=\"line c{colour}\" points=\"{}\"/>", path.trim_end()));
        }
        put("</svg></figure>".to_owned());
        svg
    }

    fn legend(&self) -> String {
        let of = |(colour, line): (usize, &Line<'_>)| {
            format!("<span class=\"key\"><i class=\"k{colour}\"></i>{}</span>", escape(line.label))
        };
        self.lines.iter().enumerate().map(of).collect()
    }
}

/// From values to places.
struct Scale {
    seconds: f64,
    low: f64,
    top: f64,
    log: bool,
}

impl Scale {
    fn new(seconds: f64, low: f64, top: f64, log: bool) -> Self {
        if log {
            let low = 10_f64.powf(low.min(top).log10().floor());
            let top = 10_f64.powf(top.log10().ceil()).max(low * 10.0);
            return Self { seconds, low, top, log };
        }
        Self { seconds, low: 0.0, top: round_up(top), log }
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (seconds / self.seconds).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let part = if self.log {
            let value = value.max(self.low);
            (value / self.low).log10() / (self.top / self.low).log10()
        } else {
            value / self.top
        };
        HEIGHT - BOTTOM - part.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    fn y_ticks(&self) -> Vec<(f64, f64)> {
        let values: Vec<f64> = if self.log {
            let decades = (self.top / self.low).log10().round() as i32;
            (0..=decades).map(|decade| self.low * 10_f64.powi(decade)).collect()
        } else {
            (0..=4).map(|quarter| self.top * f64::from(quarter) / 4.0).collect()
        };
        values.into_iter().map(|value| (value, self.y(value))).collect()
    }

    fn x_ticks(&self) -> Vec<(f64, f64)> {
        let step = round_up(self.seconds / 8.0);
        let count = (self.seconds / step).floor() as u32;
        (0..=count).map(|n| f64::from(n) * step).map(|value| (value, self.x(value))).collect()
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

/// Text for HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_and_keeps_everything_inside() {
        for (value, round) in [(0.3, 0.5), (1.0, 1.0), (7.0, 10.0), (121.0, 200.0)] {
            assert!((round_up(value) - round).abs() < 1e-9, "{value}");
        }
        for log in [false, true] {
            let scale = Scale::new(60.0, 0.4, 937.0, log);
            for value in [0.0, 0.4, 10.0, 937.0] {
                assert!((TOP..=HEIGHT - BOTTOM).contains(&scale.y(value)), "{value} {log}");
            }
            assert!(scale.y(937.0) < scale.y(0.4), "up is more");
        }
    }

    #[test]
    fn a_plot_without_points_is_nothing_and_text_is_escaped() {
        let plot = |points| Plot {
            title: "a <b>",
            unit: "ms",
            seconds: 10.0,
            log: true,
            lines: vec![Line { label: "p\"99", points }],
            marks: &[Mark { label: "kill & -9", from: 2.0, to: 2.0 }],
        };
        assert_eq!(plot(Vec::new()).draw(), "");
        let svg = plot(vec![(0.0, 1.0), (5.0, 100.0)]).draw();
        assert!(svg.contains("a &lt;b&gt;") && svg.contains("kill &amp; -9"), "{svg}");
        assert!(svg.contains("p&quot;99") && !svg.contains("NaN"), "{svg}");
    }
}
