//! Which addresses the engine may call for a tenant: the open internet by `https`, and nothing of our own network.
//!
//! A tenant names the address, and the engine stands inside a network that the tenant must not reach (SSRF).
//! Two checks: [`Target::parse`] when it is registered, and [`is_public`] for every address that its host
//! resolves to, each time a connection is opened; the connection goes to a checked address and no other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The longest address of an endpoint, in bytes.
pub const LONGEST: usize = 2_000;

/// Whether this machine itself may be called, by plain `http` too: for development and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    Refused,
    Allowed,
}

/// Why an address cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("must be an absolute `https` address")]
    NotHttps,
    #[error("must not hold a user name or a password")]
    Credentials,
    #[error("must not have a fragment")]
    Fragment,
    #[error("must not lead into a private network")]
    Private,
    #[error("must be at most 2,000 bytes long")]
    TooLong,
}

/// An address that may be called, as far as its text tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads an address. Every spelling of an IPv4 address (decimal, octal, hexadecimal) is read as browsers do.
    pub fn parse(text: &str, loopback: Loopback) -> Result<Self, TargetError> {
        if text.len() > LONGEST {
            return Err(TargetError::TooLong);
        }
        // What a parser would pass over is not what somebody meant to write.
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) || !text.contains("://") {
            return Err(TargetError::NotHttps);
        }
        let url = Url::parse(text).map_err(|_| TargetError::NotHttps)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(TargetError::Fragment);
        }
        let ours = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if ours && loopback == Loopback::Allowed => {}
            _ => return Err(TargetError::NotHttps),
        }
        let allowed = match url.host() {
            None => false,
            Some(_) if ours => loopback == Loopback::Allowed,
            Some(Host::Ipv4(ip)) => is_public(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => is_public(IpAddr::V6(ip)),
            Some(Host::Domain(name)) => is_public_name(name),
        };
        if !allowed {
            return Err(TargetError::Private);
        }
        if url.as_str().len() > LONGEST {
            return Err(TargetError::TooLong); // its escapes have made it longer
        }
        Ok(Self(url))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host alone, to be shown where the whole address would give a secret away.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

// A path or a query may hold a secret of the integrator's (A14).
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({}, ..)", self.host())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

/// Names that no public resolver knows (RFC 6761, RFC 6762, RFC 8375), and a name without a dot.
fn is_public_name(name: &str) -> bool {
    const INSIDE: [&str; 8] =
        ["local", "localhost", "internal", "intranet", "lan", "home", "corp", "arpa"];
    let name = name.trim_end_matches('.');
    name.rsplit_once('.').is_some_and(|(_, last)| !INSIDE.contains(&last))
}

/// Whether an address may be connected to.
pub fn may_connect(ip: IpAddr, loopback: Loopback) -> bool {
    is_public(ip) || (loopback == Loopback::Allowed && ip.to_canonical().is_loopback())
}

/// Whether an address is one of the open internet (IANA's special-purpose registries).
///
/// Addresses that carry an IPv4 address inside (mapped, NAT64, 6to4) are public only if that one is.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)     // this network, private, loopback, multicast and reserved
            | (100, 64..=127, _)         // carrier-grade NAT, where some clouds keep their metadata
            | (169, 254, _)              // link-local: metadata services
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)            // protocol assignments, documentation
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)              // 6to4 relays
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18..=19, _)          // benchmarks
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // Mapped, and NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        // 6to4.
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarks, ORCHID and the other protocol assignments; documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Of all others only global unicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> TargetError {
        Target::parse(text, Loopback::Refused).expect_err(text)
    }

    #[test]
    fn the_open_internet_may_be_called_by_https() {
        for text in [
            "https://example.com/hooks?key=a%20b",
            "https://hooks.example.co.uk:8443/",
            "https://93.184.215.14/",
            "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x",
            "https://bücher.example/krok",
        ] {
            assert!(Target::parse(text, Loopback::Refused).is_ok(), "{text}");
        }
    }

    #[test]
    fn nothing_of_our_own_network_may_be_called_however_it_is_spelt() {
        for text in [
            "https://localhost/",
            "https://a.localhost./",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0/",
            "https://10.0.0.8/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.100.100.200/",
            "https://[::]/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://[2002:a00:1::]/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://metadata.google.internal/",
            "https://printer.local/",
            "https://intranet/",
            "https://255.255.255.255/",
            "https://224.0.0.1/",
        ] {
            assert_eq!(refused(text), TargetError::Private, "{text}");
        }
    }

    #[test]
    fn only_plain_https_addresses_are_read() {
        for text in [
            "",
            "example.com",
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https:example.com",
            "https://",
            " https://example.com",
            "https://exa\nmple.com/",
            "https://ex ample.com",
        ] {
            assert_eq!(refused(text), TargetError::NotHttps, "{text:?}");
        }
        assert_eq!(refused("https://me:secret@example.com/"), TargetError::Credentials);
        assert_eq!(refused("https://example.com#127.0.0.1"), TargetError::Fragment);
        assert_eq!(
            refused(&format!("https://example.com/{}", "a".repeat(2_000))),
            TargetError::TooLong
        );
        assert_eq!(
            refused(&format!("https://example.com/{}", "å".repeat(400))),
            TargetError::TooLong
        );
    }

    #[test]
    fn this_machine_may_be_called_in_development_and_nothing_else_of_the_inside() {
        let may = |text| Target::parse(text, Loopback::Allowed).is_ok();
        assert!(
            may("http://127.0.0.1:8080/hook")
                && may("http://localhost:1/")
                && may("http://[::1]:1/")
        );
        for text in [
            "http://example.com/",
            "http://10.0.0.1/",
            "https://10.0.0.1/",
            "http://169.254.169.254/",
        ] {
            assert!(!may(text), "{text}");
        }
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(may_connect(ip("127.0.0.1"), Loopback::Allowed));
        assert!(may_connect(ip("::ffff:127.0.0.1"), Loopback::Allowed));
        assert!(!may_connect(ip("127.0.0.1"), Loopback::Refused));
        assert!(!may_connect(ip("10.1.2.3"), Loopback::Allowed));
        assert!(may_connect(ip("1.1.1.1"), Loopback::Refused));
    }

    #[test]
    fn an_address_prints_its_host_and_nothing_that_may_be_secret() {
        let target =
            Target::parse("https://example.com/t/secret?k=secret", Loopback::Refused).unwrap();
        assert_eq!(format!("{target:?}"), "Target(example.com, ..)");
    }
}
