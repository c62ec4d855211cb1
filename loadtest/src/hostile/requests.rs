//! The corpus of a visitor's event stream and its long-poll: requests, and the answers they must get.

use super::Target;

/// One request; it is dropped once its head is answered.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub method: &'static str,
    pub path: String,
    /// Raw header lines, each ended by CR LF; bytes, for they need not be text.
    pub headers: Vec<u8>,
    pub statuses: &'static [u16],
    /// What the beginning of the body must hold.
    pub holds: &'static str,
}

const PROBLEM: &str = "/problems/";
const NOT_IN: &[u16] = &[401];
const NOT_YOURS: &[u16] = &[401, 403, 404];

fn bearer(token: &str) -> Vec<u8> {
    format!("Authorization: Bearer {token}\r\n").into_bytes()
}

/// All cases, in turn about the conversations that there are.
pub fn all(target: &Target) -> Vec<Case> {
    let of_each: Vec<Vec<Case>> =
        target.sessions.iter().map(|(session, token)| about(target, session, token)).collect();
    let count = of_each.first().map_or(0, Vec::len);
    (0..count).filter_map(|at| of_each.get(at % of_each.len())?.get(at).cloned()).collect()
}

fn about(target: &Target, session: &str, token: &str) -> Vec<Case> {
    let Target { foreign, foreign_token, cookie, .. } = target;
    let events = |session: &str| format!("/v1/sessions/{session}/events");
    let own = events(session);
    let mut all = Vec::new();
    let mut add = |name: &str, path: &str, headers: Vec<u8>, statuses, holds| {
        let (name, path) = (format!("a stream {name}"), path.to_owned());
        all.push(Case { name, method: "GET", path, headers, statuses, holds });
    };
    // Tokens.
    let forged: String = token.chars().rev().collect();
    let cut = &token[..token.len() / 2];
    let mut last = token.to_owned();
    let end = if last.pop() == Some('A') { 'B' } else { 'A' };
    last.push(end);
    for (name, headers) in [
        ("of nobody", Vec::new()),
        ("with an empty token", bearer("")),
        ("with a forged token", bearer(&forged)),
        ("with half a token", bearer(cut)),
        ("with another last character", bearer(&last)),
        ("with a token of 6,000 characters", bearer(&"A".repeat(6_000))),
        ("with a token that is no text", b"Authorization: Bearer \xff\xfe\r\n".to_vec()),
        ("with another scheme", format!("Authorization: Basic {token}\r\n").into_bytes()),
        ("with a member's cookie", format!("Cookie: {cookie}\r\n").into_bytes()),
    ] {
        add(name, &own, headers, NOT_IN, PROBLEM);
    }
    add("of another tenant's session", &events(foreign), bearer(token), NOT_YOURS, PROBLEM);
    add("with another tenant's token", &own, bearer(foreign_token), NOT_YOURS, PROBLEM);
    let query = format!("{own}?token={token}");
    add("with its token in the address", &query, Vec::new(), &[400, 401], PROBLEM);
    for (name, id) in [
        ("nobody's", "ses_0192f8e0c0de7000800000000000dead"),
        ("a lead's", "lead_0192f8e0c0de7000800000000000000a"),
        ("a long", &"s".repeat(2_000)),
        ("a percent-encoded", "%00%ff%2e%2e"),
    ] {
        let name = format!("of {name} session");
        add(&name, &events(id), bearer(token), &[400, 401, 403, 404], PROBLEM);
    }
    // Cursors: none is an error, all that are not of this log are a gap.
    for cursor in
        ["x", "1-", "-1-1", "999-1", "1-99999999999", "1-99999999999999999999", "1-1-1", "0-0"]
    {
        let mut headers = bearer(token);
        headers.extend_from_slice(format!("Last-Event-ID: {cursor}\r\n").as_bytes());
        add(&format!("after {cursor}"), &own, headers, &[200], "event: gap");
        let path = format!("{own}?after={cursor}");
        add(&format!("with ?after={cursor}"), &path, bearer(token), &[200], "event: gap");
        let path = format!("{own}?poll=1&after={cursor}");
        // A node without long-polling refuses the parameter.
        add(&format!("polled after {cursor}"), &path, bearer(token), &[200, 400], "");
    }
    let mut binary = bearer(token);
    binary.extend_from_slice(b"Last-Event-ID: \xff\xfe\x80\r\n");
    add("after bytes", &own, binary, &[200, 400], "");
    let mut long = bearer(token);
    long.extend_from_slice(format!("Last-Event-ID: {}\r\n", "1".repeat(6_000)).as_bytes());
    add("after 6,000 digits", &own, long, &[200], "event: gap");
    for (name, query) in [
        ("after two cursors", "after=1-1&after=1-2"),
        ("with bytes that are no UTF-8", "after=%ff%fe"),
    ] {
        add(name, &format!("{own}?{query}"), bearer(token), &[400], PROBLEM);
    }
    for (name, query) in [
        ("with an unknown parameter", "before=1-1"),
        ("with a broken escape", "after=%f"),
        ("polled maybe", "poll=maybe"),
        ("polled twice", "poll=1&poll=1"),
        ("with a parameter of 6,000 characters", &format!("x={}", "y".repeat(6_000))),
    ] {
        // Proxies and pages add parameters of their own: passed over, or refused.
        add(name, &format!("{own}?{query}"), bearer(token), &[200, 400], "");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let mut headers = bearer(token);
        headers.extend_from_slice(b"Content-Length: 0\r\n");
        all.push(Case {
            name: format!("a stream by {method}"),
            method,
            path: own.clone(),
            headers,
            statuses: &[404, 405],
            holds: PROBLEM,
        });
    }
    all
}
