//! Encryption: required where the URL says so, checked, and better than nothing elsewhere.

use std::sync::Arc;

use forecourt_channels::smtp::{ConfigError, SmtpConfig, SmtpSender};
use forecourt_ports::sender::{Accepted, SendError, Sender};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;

use crate::{
    fault_server::{FaultServer, Script, Tls},
    support::{StillClock, outgoing},
};

/// A certificate for `name`, and what serves it.
fn certificate(name: &str) -> (Vec<u8>, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
    (certificate.pem().into_bytes(), TlsAcceptor::from(Arc::new(config)))
}

async fn send(url: &str, roots: Option<Vec<u8>>) -> Result<Accepted, String> {
    let mut config = SmtpConfig::from_url(url).unwrap();
    config.extra_roots_pem = roots;
    let sender = SmtpSender::new(config, StillClock::new(), Handle::current()).unwrap();
    let sent = match sender.prepare(&outgoing(1)).await {
        Ok(prepared) => prepared.hand_over().await,
        Err(error) => Err(error),
    };
    sent.map_err(|error| match error {
        SendError::Temporary { code, .. } => code,
        other => panic!("{other}"),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_goes_over_tls_when_the_certificate_is_known() {
    let (pem, acceptor) = certificate("localhost");
    for (scheme, tls) in
        [("smtps", Tls::AtOnce(acceptor.clone())), ("smtp+starttls", Tls::Later(acceptor))]
    {
        let script = Script { offers: &["AUTH PLAIN"], ..Script::default() };
        let server = FaultServer::start_with(&[script], tls).await;
        let url = format!("{scheme}://kari:hemmelig@localhost:{}", server.addr.port());
        send(&url, Some(pem.clone())).await.unwrap();
        let encrypted = server.seen.verbs();
        let at = |line: &str| encrypted.iter().position(|seen| seen == line).unwrap();
        assert!(at("0 ENCRYPTED") < at("0 AUTH"), "{encrypted:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_unknown_or_for_another_name_stops_the_mail() {
    let (_, unknown) = certificate("localhost");
    let (other_pem, other) = certificate("other.example");
    for (acceptor, roots) in [(unknown, None), (other, Some(other_pem))] {
        for scheme in ["smtps", "smtp+starttls"] {
            let tls = match scheme {
                "smtps" => Tls::AtOnce(acceptor.clone()),
                _ => Tls::Later(acceptor.clone()),
            };
            let server = FaultServer::start_with(&[Script::default()], tls).await;
            let url = format!("{scheme}://localhost:{}", server.addr.port());
            assert_eq!(send(&url, roots.clone()).await.unwrap_err(), "tls-failed", "{scheme}");
            assert_eq!(server.seen.count("MAIL"), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starttls_that_is_asked_for_and_not_offered_stops_the_mail() {
    let (pem, _) = certificate("localhost");
    let server = FaultServer::start(&[Script::default()]).await;
    let url = format!("smtp+starttls://localhost:{}", server.addr.port());
    assert_eq!(send(&url, Some(pem)).await.unwrap_err(), "tls-unsupported");
    assert_eq!(server.seen.count("MAIL"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starttls_that_is_offered_unasked_is_used_whoever_offers_it() {
    let (_, acceptor) = certificate("other.example");
    let server = FaultServer::start_with(&[Script::default()], Tls::Later(acceptor)).await;
    send(&server.url(), None).await.unwrap();
    let seen = server.seen.verbs();
    let at = |line: &str| seen.iter().position(|seen| seen == line).unwrap();
    assert!(at("0 ENCRYPTED") < at("0 MAIL"), "{seen:?}");
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_refused_at_the_start() {
    for scheme in ["smtps", "smtp+starttls"] {
        let mut config = SmtpConfig::from_url(&format!("{scheme}://localhost")).unwrap();
        config.extra_roots_pem = Some(b"not PEM".to_vec());
        let refused = SmtpSender::new(config, StillClock::new(), Handle::current()).err();
        assert_eq!(refused, Some(ConfigError::ExtraRoots));
    }
}
