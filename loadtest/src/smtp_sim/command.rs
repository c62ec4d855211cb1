//! SMTP commands: from a line to what it asks (RFC 5321, 1870, 6152, 6531, 4954).
//!
//! Lives here: parsing alone, with the reply that a wrong line deserves.

use super::reply::Reply;

/// Longest path, in octets, angle brackets included.
const MAX_PATH: usize = 256;

/// A command that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Ehlo(String),
    Helo(String),
    Auth { mechanism: String, initial: Option<String> },
    Mail(MailFrom),
    Rcpt { address: String },
    Data,
    Rset,
    Noop,
    Quit,
    Help,
    Verify,
}

/// `MAIL FROM` and its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailFrom {
    /// Empty for the null sender.
    pub address: String,
    pub size: Option<u64>,
    pub eight_bit: bool,
    pub utf8: bool,
}

/// Reads a command line without its line end.
pub fn parse(line: &str) -> Result<Command, Reply> {
    let (verb, rest) = line.split_once(' ').map_or((line, ""), |(verb, rest)| (verb, rest.trim()));
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" if rest.is_empty() => Err(Reply::syntax("EHLO needs a name")),
        "EHLO" => Ok(Command::Ehlo(rest.to_owned())),
        "HELO" if rest.is_empty() => Err(Reply::syntax("HELO needs a name")),
        "HELO" => Ok(Command::Helo(rest.to_owned())),
        "AUTH" => {
            let (mechanism, initial) = match rest.split_once(' ') {
                Some((mechanism, initial)) => (mechanism, Some(initial.trim().to_owned())),
                None => (rest, None),
            };
            Ok(Command::Auth { mechanism: mechanism.to_ascii_uppercase(), initial })
        }
        "MAIL" => mail_from(rest),
        "RCPT" => {
            let (address, parameters) = path(after_keyword(rest, "TO:")?)?;
            if address.is_empty() {
                return Err(Reply::new(501, "5.1.3 A recipient is needed"));
            }
            match parameters.split_whitespace().next() {
                Some(_) => Err(Reply::new(555, "5.5.4 RCPT parameter not recognised")),
                None => Ok(Command::Rcpt { address }),
            }
        }
        "DATA" if rest.is_empty() => Ok(Command::Data),
        "RSET" if rest.is_empty() => Ok(Command::Rset),
        "QUIT" if rest.is_empty() => Ok(Command::Quit),
        "DATA" | "RSET" | "QUIT" => Err(Reply::syntax("no argument allowed")),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" => Ok(Command::Verify),
        "EXPN" | "TURN" | "STARTTLS" | "BDAT" | "ETRN" => {
            Err(Reply::new(502, "5.5.1 Command not implemented"))
        }
        _ => Err(Reply::new(500, "5.5.2 Command not recognised")),
    }
}

fn mail_from(rest: &str) -> Result<Command, Reply> {
    let (address, parameters) = path(after_keyword(rest, "FROM:")?)?;
    let mut mail = MailFrom { address, ..MailFrom::default() };
    for parameter in parameters.split_whitespace() {
        let (key, value) = match parameter.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (parameter, None),
        };
        match (key.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(size)) => {
                let size = size.parse().map_err(|_| Reply::syntax("SIZE is no number"))?;
                mail.size = Some(size);
            }
            ("BODY", Some(body)) if body.eq_ignore_ascii_case("8BITMIME") => mail.eight_bit = true,
            ("BODY", Some(body)) if body.eq_ignore_ascii_case("7BIT") => {}
            ("SMTPUTF8", None) => mail.utf8 = true,
            // Who submitted it (RFC 4954, section 5): read and not needed.
            ("AUTH", Some(_)) => {}
            _ => return Err(Reply::new(555, "5.5.4 MAIL parameter not recognised")),
        }
    }
    if !mail.address.is_ascii() && !mail.utf8 {
        return Err(Reply::new(553, "5.6.7 This address needs SMTPUTF8"));
    }
    Ok(Command::Mail(mail))
}

fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Result<&'a str, Reply> {
    match rest.get(..keyword.len()) {
        Some(head) if head.eq_ignore_ascii_case(keyword) => Ok(rest[keyword.len()..].trim_start()),
        _ => Err(Reply::syntax(&format!("{keyword} expected"))),
    }
}

/// Reads `<address>`; the second part is what follows. A source route is dropped.
fn path(text: &str) -> Result<(String, &str), Reply> {
    let inner = text.strip_prefix('<').ok_or_else(|| Reply::syntax("< expected"))?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inner
        .char_indices()
        .find(|(_, letter)| {
            let this_escaped = std::mem::take(&mut escaped);
            match letter {
                _ if this_escaped => false,
                '\\' if quoted => {
                    escaped = true;
                    false
                }
                '"' => {
                    quoted = !quoted;
                    false
                }
                '>' => !quoted,
                _ => false,
            }
        })
        .map(|(at, _)| at)
        .ok_or_else(|| Reply::syntax("> expected"))?;
    let (address, rest) = (&inner[..end], &inner[end + 1..]);
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err(Reply::syntax("a blank is needed after >"));
    }
    let address = match address.strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, address)) => address,
        None => address,
    };
    if address.len() + 2 > MAX_PATH {
        return Err(Reply::new(501, "5.1.3 Path too long"));
    }
    let well_formed = match address.rsplit_once('@') {
        _ if address.is_empty() || address.eq_ignore_ascii_case("postmaster") => true,
        Some((local, domain)) => local_is_valid(local) && domain_is_valid(domain),
        None => false,
    };
    if well_formed {
        Ok((address.to_owned(), rest))
    } else {
        Err(Reply::new(501, "5.1.3 Bad address syntax"))
    }
}

fn local_is_valid(local: &str) -> bool {
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let plain = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !local.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || "\"(),:;<>@[\\]".contains(letter)
        });
    quoted || plain
}

fn domain_is_valid(domain: &str) -> bool {
    let literal = domain.starts_with('[') && domain.ends_with(']');
    let names = !domain.is_empty()
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
        });
    literal || names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str) -> u16 {
        parse(line).unwrap_err().code()
    }

    #[test]
    fn a_sender_has_an_address_and_parameters() {
        let line = "mail from:<salg@nordlys.no> SIZE=1234 BODY=8BITMIME SMTPUTF8";
        let wanted = MailFrom {
            address: "salg@nordlys.no".into(),
            size: Some(1234),
            eight_bit: true,
            utf8: true,
        };
        assert_eq!(parse(line), Ok(Command::Mail(wanted)));
        assert_eq!(parse("MAIL FROM:<>"), Ok(Command::Mail(MailFrom::default())));
    }

    #[test]
    fn unusual_addresses_are_read_as_the_standard_says() {
        for (line, address) in [
            ("RCPT TO:<@a.example,@b.example:kari@c.example>", "kari@c.example"),
            ("RCPT TO:<\"a > b\"@c.example>", "\"a > b\"@c.example"),
            ("RCPT TO: <kari@c.example>", "kari@c.example"),
            ("RCPT TO:<reply+9f2c@[127.0.0.1]>", "reply+9f2c@[127.0.0.1]"),
            ("RCPT TO:<Postmaster>", "Postmaster"),
        ] {
            assert_eq!(parse(line), Ok(Command::Rcpt { address: address.into() }), "{line}");
        }
    }

    #[test]
    fn wrong_lines_get_the_reply_they_deserve() {
        for (line, wanted) in [
            ("FOO", 500),
            ("STARTTLS", 502),
            ("MAIL TO:<a@b.no>", 501),
            ("MAIL FROM:a@b.no", 501),
            ("MAIL FROM:<a@b.no", 501),
            ("MAIL FROM:<a@b.no>SIZE=1", 501),
            ("MAIL FROM:<a@b.no> SIZE=x", 501),
            ("MAIL FROM:<a@b.no> RET=FULL", 555),
            ("MAIL FROM:<kåre@b.no>", 553),
            ("RCPT TO:<>", 501),
            ("RCPT TO:<a@b..no>", 501),
            ("RCPT TO:<a b@c.no>", 501),
            ("RCPT TO:<a@b.no> NOTIFY=NEVER", 555),
            ("RCPT TO:<ab>", 501),
            ("DATA now", 501),
            ("EHLO", 501),
        ] {
            assert_eq!(code(line), wanted, "{line}");
        }
        assert_eq!(code(&format!("RCPT TO:<{}@b.no>", "a".repeat(300))), 501);
    }
}
