//! OAuth 2 with PKCE, as Google and Microsoft have it: the consent page, the code, and the refresh.
//!
//! # Invariants
//! - **A14** secrets stand in the body of a call to the token endpoint, and nowhere else;
//! - where a refresh answers a new refresh token, the old one may be over: whoever calls keeps the answer.

use forecourt_ports::calendar::{Account, CalendarError, Consent, Credentials};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::http::{self, Http};

/// Tokens are renewed so long before they end: longer than a look at a calendar takes.
const EARLY: SignedDuration = SignedDuration::from_mins(3);
/// The longest token that is kept.
const LONGEST: usize = 6_000;

/// As whom we come to a provider.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    pub id: String,
    pub secret: SecretString,
}

/// One provider's endpoints, and the client that comes to them.
#[derive(Clone, Debug)]
pub(crate) struct OAuth {
    pub(crate) http: Http,
    pub(crate) client: OAuthClient,
    pub(crate) authorize_url: String,
    pub(crate) token_url: String,
    pub(crate) scope: &'static str,
    /// What the consent page is told besides.
    pub(crate) extra: &'static [(&'static str, &'static str)],
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    expires_in: u32,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl OAuth {
    /// A call as the person who let us in.
    pub(crate) fn request(
        &self,
        account: &Account,
        method: Method,
        url: &str,
    ) -> Result<RequestBuilder, CalendarError> {
        let Credentials::Tokens { access, .. } = &account.credentials else {
            return Err(CalendarError::NotConfigured);
        };
        Ok(self.http.client.request(method, url).bearer_auth(access))
    }

    pub(crate) fn consent_url(&self, consent: &Consent<'_>) -> Option<String> {
        let mut url = Url::parse(&self.authorize_url).ok()?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", consent.redirect)
            .append_pair("scope", self.scope)
            .append_pair("state", consent.state)
            .append_pair("code_challenge", consent.challenge)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(self.extra);
        Some(url.into())
    }

    pub(crate) async fn redeem(
        &self,
        (code, verifier, redirect): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<Credentials, CalendarError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", verifier),
            ("redirect_uri", redirect),
        ];
        self.tokens(&form, None, now).await
    }

    /// Fresh tokens when these end soon.
    pub(crate) async fn renew(
        &self,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Option<Credentials>, CalendarError> {
        let Credentials::Tokens { refresh, ends_at, .. } = credentials else {
            return Err(CalendarError::NotConfigured);
        };
        if now.saturating_add(EARLY).is_ok_and(|soon| soon < *ends_at) {
            return Ok(None);
        }
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        self.tokens(&form, Some(refresh), now).await.map(Some)
    }

    async fn tokens(
        &self,
        form: &[(&str, &str)],
        before: Option<&String>,
        now: Timestamp,
    ) -> Result<Credentials, CalendarError> {
        let OAuthClient { id, secret } = &self.client;
        let own = [("client_id", id.as_str()), ("client_secret", secret.expose_secret())];
        let form: Vec<_> = form.iter().copied().chain(own).collect();
        let answer = http::send(self.http.client.post(&self.token_url).form(&form)).await?;
        if answer.status == 400 {
            // The person took it back, or it was not used for too long: only they can mend it.
            let refused: Refused = answer.json()?;
            let over = refused.error == "invalid_grant";
            return Err(if over { CalendarError::Auth } else { CalendarError::Protocol });
        }
        let tokens: Tokens = answer.good()?.json()?;
        let refresh = tokens.refresh_token.as_ref().or(before).cloned();
        let refresh = refresh.ok_or(CalendarError::Protocol)?;
        if refresh.len().max(tokens.access_token.len()) > LONGEST {
            return Err(CalendarError::Protocol);
        }
        let lasts = SignedDuration::from_secs(tokens.expires_in.min(86_400).into());
        let ends_at = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        Ok(Credentials::Tokens { refresh, access: tokens.access_token, ends_at })
    }
}
