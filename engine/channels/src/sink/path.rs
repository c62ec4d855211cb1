//! Paths of the SMTP commands `MAIL` and `RCPT`: an address in angle brackets, and parameters.

/// Octets of a path in angle brackets (RFC 5321, 4.5.3.1.3).
const MAX_PATH: usize = 256;

/// Why a command is refused: the reply.
pub(super) type Refusal = &'static str;

/// Reads `FROM:<path> parameters`; the blank after the colon that some clients send is let pass.
pub(super) fn path<'a>(rest: &'a str, word: &str) -> Result<(&'a str, &'a str), Refusal> {
    const SYNTAX: Refusal = "501 5.5.4 the path belongs in angle brackets";
    let head = rest.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word));
    let after = head.map(|head| rest[head.len()..].trim_start()).ok_or(SYNTAX)?;
    let (path, parameters) =
        after.strip_prefix('<').and_then(|after| after.split_once('>')).ok_or(SYNTAX)?;
    if !(parameters.is_empty() || parameters.starts_with(' ')) {
        return Err(SYNTAX);
    }
    Ok((path, parameters))
}

/// Checks a path as far as a sink must: one address, printable, bounded.
pub(super) fn address(path: &str, utf8: bool) -> Result<(), Refusal> {
    if path.len() > MAX_PATH {
        return Err("501 5.1.3 the address is too long");
    }
    if !path.is_ascii() && !utf8 {
        return Err("553 5.6.7 the address needs SMTPUTF8");
    }
    let whole = path.is_empty()
        || path.rsplit_once('@').is_some_and(|(l, d)| !l.is_empty() && !d.is_empty());
    if !whole || path.chars().any(|c| c.is_control() || matches!(c, ' ' | '<' | '>')) {
        return Err("501 5.1.3 not an address");
    }
    Ok(())
}
