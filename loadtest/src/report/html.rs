//! The report as one page that needs nothing else: no script, no font, no address.

use std::fmt::Write as _;

use super::plot::{Line, Mark, Plot, escape};
use super::{Report, number};
use crate::books::Metric;
use crate::scenario::threshold::FIGURES;

const STYLE: &str = "
:root{color-scheme:light dark;--bg:#fff;--ink:#1b1f24;--soft:#68707a;--line:#e3e6ea;--good:#1a7f37;--bad:#c62828;
--fault:#f5a62333;--c0:#2563eb;--c1:#d9480f;--c2:#2b8a3e;--c3:#862e9c}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--ink:#e8eaed;--soft:#9aa2ab;--line:#2b3036;--good:#4cc26b;
--bad:#ff6b6b;--fault:#f5a62340;--c0:#6ea8ff;--c1:#ff9f5a;--c2:#69d58c;--c3:#d48cf0}}
body{font:15px/1.5 system-ui,sans-serif;background:var(--bg);color:var(--ink);max-width:980px;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
.soft,.tick{color:var(--soft);fill:var(--soft)}.tick{font-size:11px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line)}
td.n{text-align:right;font-variant-numeric:tabular-nums}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}
figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.2rem}svg{width:100%;height:auto;display:block}
.grid{stroke:var(--line)}.fault{fill:var(--fault)}.line{fill:none;stroke-width:1.6;stroke-linejoin:round}
.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}
.key{font-weight:400;color:var(--soft);margin-left:1rem}.key i{display:inline-block;width:.9em;height:.2em;
vertical-align:middle;margin-right:.35em}.k0{background:var(--c0)}.k1{background:var(--c1)}.k2{background:var(--c2)}
.k3{background:var(--c3)}
pre{white-space:pre-wrap;border:1px solid var(--line);padding:.6rem;font-size:12px;overflow-wrap:anywhere}
";

/// The whole page.
pub fn page(report: &Report) -> String {
    let mut html = String::new();
    let verdict = if report.good {
        "<span class=\"good\">passed</span>"
    } else {
        "<span class=\"bad\">failed</span>"
    };
    let (name, about) = (escape(&report.scenario), escape(&report.about));
    // Writing to a string cannot fail, here and below.
    write!(
        html,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{name}</title><style>{STYLE}</style>\
         <h1>{name}: {verdict}</h1><p>{about}</p><p class=\"soft\">seed {} · {:.0} s · {} cores, load \
         average {:.1} at the end{}</p>",
        report.seed,
        report.seconds,
        report.machine.cores,
        report.machine.load,
        if report.peaceful { "" } else { " · the engine did not stop in peace" }
    )
    .ok();
    thresholds(report, &mut html);
    times(report, &mut html);
    plots(report, &mut html);
    faults(report, &mut html);
    figures(report, &mut html);
    list("What went wrong", &report.examples, &mut html);
    list("Breaches of the mail protocol", &report.smtp_mistakes, &mut html);
    if let Some(tail) = &report.log_tail {
        write!(html, "<h2>The end of the engine's log</h2><pre>{}</pre>", escape(tail)).ok();
    }
    html.push_str("</html>\n");
    html
}

fn thresholds(report: &Report, html: &mut String) {
    html.push_str("<h2>Thresholds</h2><table><tr><th>must hold<th>found<th></tr>");
    for judged in &report.thresholds {
        let found = judged.found.map_or_else(|| "nothing measured".to_owned(), number);
        let (class, word) = if judged.met { ("good", "met") } else { ("bad", "missed") };
        write!(
            html,
            "<tr><td>{}<td class=\"n\">{found}<td class=\"{class}\">{word}</tr>",
            escape(&judged.threshold)
        )
        .ok();
    }
    html.push_str("</table>");
}

fn times(report: &Report, html: &mut String) {
    if report.times.is_empty() {
        return;
    }
    html.push_str(
        "<h2>Times in milliseconds</h2><table><tr><th><th>count<th>p50<th>p90<th>p99<th>p99.9<th>max</tr>",
    );
    for metric in Metric::ALL {
        let Some(summary) = report.times.get(metric.name()) else { continue };
        write!(html, "<tr><td>{}<td class=\"n\">{}", metric.title(), summary.count).ok();
        for value in
            [summary.p50_ms, summary.p90_ms, summary.p99_ms, summary.p999_ms, summary.max_ms]
        {
            write!(html, "<td class=\"n\">{}", number(value)).ok();
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
}

fn plots(report: &Report, html: &mut String) {
    let marks: Vec<Mark<'_>> = report
        .faults
        .iter()
        .filter(|band| band.skipped.is_none())
        .map(|band| Mark {
            label: &band.what,
            from: band.from_s,
            to: band.to_s.unwrap_or(report.seconds),
        })
        .collect();
    let plot = |title: &str, unit: &str, log: bool, lines: Vec<Line<'_>>| {
        Plot { title, unit, seconds: report.seconds, log, lines, marks: &marks }.draw()
    };
    html.push_str("<h2>Over time</h2><p class=\"soft\">Bands are faults; hover to read them.</p>");
    let rate = |label, of: fn(&super::Rates) -> f64| Line {
        label,
        points: report.plots.rates.iter().map(|rates| (rates.at_s, of(rates))).collect(),
    };
    if report.plots.rates.iter().any(|rates| rates.due > 0.0) {
        html.push_str(&plot(
            "Forms a second",
            "/s",
            false,
            vec![
                rate("due", |rates| rates.due),
                rate("acknowledged", |rates| rates.acked),
                rate("answered", |rates| rates.answered),
            ],
        ));
    }
    for metric in Metric::ALL {
        let Some(columns) = report.plots.times.get(metric.name()) else { continue };
        let line = |label, of: fn(&super::Column) -> f64| Line {
            label,
            points: columns.iter().map(|column| (column.at_s, of(column))).collect(),
        };
        let lines = vec![
            line("p50", |column| column.p50_ms),
            line("p99", |column| column.p99_ms),
            line("max", |column| column.max_ms),
        ];
        html.push_str(&plot(metric.title(), "ms", true, lines));
    }
    let usage = &report.plots.usage;
    let of = |label, of: fn(&crate::run::meter::UsagePoint) -> f64| Line {
        label,
        points: usage.iter().map(|point| (point.at_s, of(point))).collect(),
    };
    html.push_str(&plot(
        "Processor cores",
        "",
        false,
        vec![
            Line { label: "engine", points: cores(usage, |point| point.engine_cpu_s) },
            Line { label: "Postgres", points: cores(usage, |point| point.postgres_cpu_s) },
        ],
    ));
    html.push_str(&plot("Memory", "MiB", false, vec![of("engine", |point| point.rss_mib)]));
    html.push_str(&plot("Open files", "", false, vec![of("engine", |point| point.fds as f64)]));
}

/// Processor time per time, between neighbours.
fn cores(
    usage: &[crate::run::meter::UsagePoint],
    of: fn(&crate::run::meter::UsagePoint) -> f64,
) -> Vec<(f64, f64)> {
    usage
        .windows(2)
        .filter_map(|pair| match pair {
            [before, after] if after.at_s > before.at_s => {
                let spent = (of(after) - of(before)).max(0.0);
                Some((after.at_s, spent / (after.at_s - before.at_s)))
            }
            _ => None,
        })
        .collect()
}

fn faults(report: &Report, html: &mut String) {
    if report.faults.is_empty() {
        return;
    }
    html.push_str("<h2>Faults</h2><table><tr><th>fault<th>from<th>to<th></tr>");
    for band in &report.faults {
        let to = band.to_s.map_or_else(|| "the end".to_owned(), |to| format!("{to:.1} s"));
        write!(
            html,
            "<tr><td>{}<td class=\"n\">{:.1} s<td class=\"n\">{to}<td class=\"bad\">{}</tr>",
            escape(&band.what),
            band.from_s,
            escape(band.skipped.as_deref().unwrap_or_default())
        )
        .ok();
    }
    html.push_str("</table>");
}

fn figures(report: &Report, html: &mut String) {
    html.push_str("<h2>All figures</h2><table>");
    for (name, what) in FIGURES {
        if let Some(value) = report.figures.get(*name) {
            write!(
                html,
                "<tr><td>{name}<td class=\"soft\">{what}<td class=\"n\">{}</tr>",
                number(*value)
            )
            .ok();
        }
    }
    html.push_str("</table>");
}

fn list(title: &str, lines: &[String], html: &mut String) {
    if lines.is_empty() {
        return;
    }
    write!(html, "<h2>{title}</h2><pre>{}</pre>", escape(&lines.join("\n"))).ok();
}
