//! OAuth's token endpoint: a code with its verifier, refreshes, and tokens that end.

use serde_json::json;

use super::session::{Reply, Request, pairs};

/// The tokens of one person. At first `access-0` and `refresh-0` are good, as after an earlier consent.
pub(super) struct Tokens {
    access: Option<String>,
    refresh: Option<String>,
    given: u32,
    /// Whether each refresh gives another refresh token, and ends the old one.
    rotates: bool,
}

impl Tokens {
    pub(super) fn new(rotates: bool) -> Self {
        let token = |kind: &str| Some(format!("{kind}-0"));
        Self { access: token("access"), refresh: token("refresh"), given: 0, rotates }
    }

    pub(super) fn expire(&mut self, refresh: bool) {
        self.access = None;
        if refresh {
            self.refresh = None;
        }
    }

    pub(super) fn opens(&self, request: &Request) -> bool {
        let bearer =
            request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        bearer.is_some() && bearer == self.access.as_deref()
    }

    pub(super) fn answer(&mut self, request: &Request) -> Reply {
        let form = pairs(&request.text());
        let of =
            |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if of("client_id") != Some("forecourt") || of("client_secret") != Some("s3cret") {
            return Reply::json(401, &json!({ "error": "invalid_client" }));
        }
        let first = match of("grant_type") {
            Some("authorization_code") => {
                let proven = of("code_verifier").is_some_and(|verifier| verifier.len() >= 43);
                of("code") == Some("good-code") && proven && of("redirect_uri").is_some()
            }
            Some("refresh_token") if of("refresh_token") == self.refresh.as_deref() => false,
            _ => return refused(),
        };
        if of("grant_type") == Some("authorization_code") && !first {
            return refused();
        }
        self.given += 1;
        let access = format!("access-{}", self.given);
        self.access = Some(access.clone());
        let mut body =
            json!({ "token_type": "Bearer", "access_token": access, "expires_in": 3599 });
        if first || self.rotates {
            let refresh = format!("refresh-{}", self.given);
            body["refresh_token"] = json!(refresh);
            self.refresh = Some(refresh);
        }
        Reply::json(200, &body)
    }
}

fn refused() -> Reply {
    let told = "Token has been expired or revoked.";
    Reply::json(400, &json!({ "error": "invalid_grant", "error_description": told }))
}
