//! The clients against providers that fail in every way we could think of.
//!
//! Every case ends in bounded time with one request, and with `Done` or one typed error.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

#[path = "../common/mod.rs"]
mod common;
mod dialects;
mod embeddings;
mod faults;
mod good;
mod matrix;
mod requests;
mod script;
mod server;

use std::{sync::Arc, time::Duration};

use forecourt_models::{
    anthropic::{Anthropic, AnthropicConfig},
    prompts::Prompts,
};
use forecourt_ports::model::{Delta, Done, Model, ModelError};
use futures_util::StreamExt;
use server::{Act, Request, Server};
use tokio::{runtime::Handle, time::timeout};

/// Longer than any case should take, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of one ask.
#[derive(Debug)]
struct Outcome {
    text: String,
    end: Result<Done, ModelError>,
    request: Request,
}

fn config(base_url: String) -> AnthropicConfig {
    let mut config = AnthropicConfig::new("sk-ant-sentinel".to_owned().into());
    config.client.base_url = base_url;
    config
}

fn client(config: AnthropicConfig) -> Anthropic {
    // The second test to come finds it installed.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Anthropic::new(config, Arc::new(Prompts::embedded()), Handle::current()).unwrap()
}

/// Asks a provider that follows `script`, with the defaults.
async fn ask(script: Vec<Act>) -> Outcome {
    ask_with(script, |_| {}).await
}

/// Asks a provider that follows `script`; `set` changes the defaults.
async fn ask_with(script: Vec<Act>, set: impl FnOnce(&mut AnthropicConfig)) -> Outcome {
    let server = Server::start(script).await;
    let mut config = config(server.base_url());
    set(&mut config);
    let (text, end) = timeout(PATIENCE, read(&client(config))).await.expect("an end in time");
    let mut requests = server.requests();
    assert_eq!(requests.len(), 1, "there is one request");
    Outcome { text, end, request: requests.remove(0) }
}

/// Reads an answer to its end, and holds it to the contract of [`Model`].
async fn read(model: &dyn Model) -> (String, Result<Done, ModelError>) {
    let mut stream = model.answer(common::ask());
    let mut text = String::new();
    loop {
        let end = match stream.next().await.expect("the last word is an error or `Done`") {
            Ok(Delta::Text(piece)) => {
                assert!(!piece.is_empty(), "a piece of text is not empty");
                text.push_str(&piece);
                continue;
            }
            Ok(Delta::Call(call)) => panic!("no tool was offered, and {call:?} came"),
            Ok(Delta::Done(done)) => Ok(done),
            Err(error) => Err(error),
        };
        assert_eq!(stream.next().await, None, "nothing follows the last word");
        return (text, end);
    }
}
