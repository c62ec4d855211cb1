//! Side by side: medians of the turns, ratios, and the bars of P1 to P4.

use std::fmt::Write as _;

use serde::Serialize;

use super::measure::{Phase, Turn};

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct Report {
    pub turns: Vec<Turn>,
    pub medians: Vec<Turn>,
    pub bars: Vec<Bar>,
}

/// A bar, and where we stand.
#[derive(Debug, Serialize)]
pub struct Bar {
    pub name: String,
    /// `1.0` is just met; above is better.
    pub wanted: f64,
    pub measured: f64,
    pub met: bool,
}

impl Report {
    /// Sums up all turns, servers in the order of their first turn.
    pub fn new(turns: Vec<Turn>) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for turn in &turns {
            if !names.contains(&turn.server.as_str()) {
                names.push(&turn.server);
            }
        }
        let medians: Vec<Turn> = names.iter().map(|name| middle(&turns, name)).collect();
        let bars = bars(&medians);
        Self { turns, medians, bars }
    }

    /// As a page of Markdown.
    pub fn markdown(&self) -> String {
        let listeners = self.medians.first().map_or(0, |turn| turn.listeners);
        let mut out = format!(
            "# Fan-out: {listeners} listeners of one stream\n\n\
             Medians. M/s = millions of deliveries per second and core of the server, its database \
             included; ms from publishing to arrival.\n\n\
             | server | paced M/s | p99 ms | flooded M/s | p99 ms | deliveries/s | half of its own rate: p99 ms | \
             half of nchan's: p99 ms | bytes a delivery | KiB an idle listener | wrong |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        );
        for turn in &self.medians {
            // Writing to a string does not fail.
            writeln!(
                out,
                "| {} | {:.3} | {:.1} | {:.3} | {:.1} | {:.0} k | {:.1} | {:.1} | {:.0} | {:.1} | {} |",
                turn.server,
                turn.paced.per_core / 1e6,
                turn.paced.p99_ms,
                turn.flooded.per_core / 1e6,
                turn.flooded.p99_ms,
                turn.flooded.deliveries_per_s / 1e3,
                turn.half.p99_ms,
                turn.alike.p99_ms,
                turn.flooded.bytes,
                turn.idle_bytes / 1024.0,
                turn.wrong
            )
            .ok();
        }
        out.push_str("\n| bar | wanted | measured | |\n|---|--:|--:|---|\n");
        for bar in &self.bars {
            let verdict = if bar.met { "met" } else { "missed" };
            let (wanted, measured) = (bar.wanted, bar.measured);
            writeln!(out, "| {} | {wanted:.2} | {measured:.2} | {verdict} |", bar.name).ok();
        }
        out
    }
}

/// The middle one of each number.
fn middle(turns: &[Turn], name: &str) -> Turn {
    let mine: Vec<&Turn> = turns.iter().filter(|turn| turn.server == name).collect();
    let of = |number: &dyn Fn(&Turn) -> f64| {
        let mut numbers: Vec<f64> = mine.iter().map(|turn| number(turn)).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let phase = |phase: &dyn Fn(&Turn) -> Phase| Phase {
        deliveries_per_s: of(&|turn| phase(turn).deliveries_per_s),
        cores: of(&|turn| phase(turn).cores),
        per_core: of(&|turn| phase(turn).per_core),
        p50_ms: of(&|turn| phase(turn).p50_ms),
        p99_ms: of(&|turn| phase(turn).p99_ms),
        bytes: of(&|turn| phase(turn).bytes),
    };
    Turn {
        server: name.to_owned(),
        listeners: mine.iter().map(|turn| turn.listeners).max().unwrap_or(0),
        idle_bytes: of(&|turn| turn.idle_bytes),
        paced: phase(&|turn| turn.paced),
        flooded: phase(&|turn| turn.flooded),
        half: phase(&|turn| turn.half),
        alike: phase(&|turn| turn.alike),
        wrong: mine.iter().map(|turn| turn.wrong).sum(),
    }
}

/// Every bar whose both sides were measured.
fn bars(medians: &[Turn]) -> Vec<Bar> {
    const KIB: f64 = 1024.0;
    let find = |name: &str| medians.iter().find(|turn| turn.server == name);
    let mut bars = Vec::new();
    let mut add = |name: &str, wanted: f64, measured: f64| {
        bars.push(Bar { name: name.to_owned(), wanted, measured, met: measured >= wanted });
    };
    let (ws, sse) = (find("forecourt-ws"), find("forecourt-sse"));
    let (nchan_ws, nchan_sse) = (find("nchan-ws"), find("nchan-sse"));
    if let (Some(ws), Some(nchan)) = (ws, nchan_ws) {
        let ratio = ws.flooded.per_core / nchan.flooded.per_core;
        add("P1 flooded WebSocket, × nchan", 4.0, ratio);
        add("P1b paced WebSocket, × nchan", 1.2, ws.paced.per_core / nchan.paced.per_core);
        add(
            "P3 WebSocket p99 at half of nchan's highest rate, nchan's ÷ ours",
            1.0,
            nchan.alike.p99_ms / ws.alike.p99_ms,
        );
        add(
            "P3 WebSocket p99, each at half of its own highest rate, nchan's ÷ ours",
            1.0,
            nchan.half.p99_ms / ws.half.p99_ms,
        );
    }
    if let (Some(ws), Some(nats)) = (ws, find("nats")) {
        add("P1 flooded WebSocket, × NATS", 2.0, ws.flooded.per_core / nats.flooded.per_core);
    }
    if let (Some(ws), Some(other)) = (ws, find("socket-io")) {
        let ratio = ws.flooded.per_core / other.flooded.per_core;
        add("flooded WebSocket, × socket.io", 1.0, ratio);
    }
    if let (Some(ws), Some(bound)) = (ws, find("send-loop")) {
        add(
            "P1b paced WebSocket, × send loop (moonshot)",
            0.9,
            ws.paced.per_core / bound.paced.per_core,
        );
    }
    if let (Some(sse), Some(nchan)) = (sse, nchan_sse) {
        let ratio = sse.flooded.per_core / nchan.flooded.per_core;
        add("P2 flooded SSE, × nchan", 4.0, ratio);
        add(
            "P3 SSE p99 at half of nchan's highest rate, nchan's ÷ ours",
            1.0,
            nchan.alike.p99_ms / sse.alike.p99_ms,
        );
        add(
            "P3 SSE p99, each at half of its own highest rate, nchan's ÷ ours",
            1.0,
            nchan.half.p99_ms / sse.half.p99_ms,
        );
    }
    for (name, turn) in [("P4 WebSocket", ws), ("P4 SSE", sse)] {
        if let Some(turn) = turn {
            add(&format!("{name}, 12 KiB ÷ an idle listener"), 1.0, 12.0 * KIB / turn.idle_bytes);
        }
    }
    bars
}
