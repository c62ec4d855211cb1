//! How a customer ends the mail: one click (RFC 8058), or a mail to the tenant.

use lettre::Address;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::{Host, Url};

/// What may stand in a `mailto` address as it is.
const MAILTO: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The ways out that one letter offers.
pub(super) struct Unsubscribe {
    page: Option<Url>,
    mailto: String,
}

impl Unsubscribe {
    /// `page` counts if it is a web address; the mail address remains in any case.
    pub(super) fn of(page: &str, to: &Address) -> Self {
        let page = Url::parse(page)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        Self { page, mailto: format!("{}?subject=unsubscribe", mailto(to)) }
    }

    /// The link below the letter.
    pub(super) fn href(&self) -> &str {
        self.page.as_ref().map_or(&self.mailto, Url::as_str)
    }

    /// The `List-Unsubscribe` header.
    pub(super) fn header(&self) -> String {
        match &self.page {
            Some(page) => format!("<{page}>, <{}>", self.mailto),
            None => format!("<{}>", self.mailto),
        }
    }

    /// Whether `List-Unsubscribe-Post` may be promised: RFC 8058 asks for `https`. A page on this
    /// machine counts too, so that a demo shows what production does.
    pub(super) fn one_click(&self) -> bool {
        self.page.as_ref().is_some_and(|page| {
            page.scheme() == "https"
                || match page.host() {
                    Some(Host::Ipv4(ip)) => ip.is_loopback(),
                    Some(Host::Ipv6(ip)) => ip.is_loopback(),
                    Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
                    None => false,
                }
        })
    }
}

/// `mailto:` with the address, encoded.
pub(super) fn mailto(address: &Address) -> String {
    format!(
        "mailto:{}@{}",
        utf8_percent_encode(address.user(), MAILTO),
        utf8_percent_encode(address.domain(), MAILTO)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(page: &str) -> (String, bool) {
        let unsubscribe = Unsubscribe::of(page, &"post+x@in.example.test".parse().unwrap());
        (unsubscribe.header(), unsubscribe.one_click())
    }

    #[test]
    fn the_headers_are_those_of_rfc_8058() {
        assert_eq!(
            offered("https://hooks.example.test/u/tok_9f2c"),
            (
                "<https://hooks.example.test/u/tok_9f2c>, <mailto:post%2Bx@in.example.test?subject=unsubscribe>"
                    .into(),
                true
            )
        );
        assert!(offered("http://127.0.0.1:8080/u/t").1);
        assert!(!offered("http://example.test/u/t").1);
    }

    #[test]
    fn a_page_that_is_none_leaves_the_mail_address() {
        for page in ["", "example.test/u", "javascript:alert(1)", "mailto:a@b.no"] {
            assert_eq!(
                offered(page),
                ("<mailto:post%2Bx@in.example.test?subject=unsubscribe>".into(), false),
                "{page}"
            );
        }
        let (header, _) = offered("https://a.example/>,\r\nBcc: x@y.no");
        assert!(!header.contains('\r') && header.matches('>').count() == 2, "{header}");
    }
}
