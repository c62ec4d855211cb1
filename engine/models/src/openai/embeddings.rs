//! Vectors of texts, as OpenAI's `/embeddings` gives them, and the servers that speak it too.
//!
//! # Invariants
//! - one request per call, no retry and no redirect here: pauses and tries are the caller's;
//! - addresses and numbers of people are hidden before a text leaves (A13);
//! - texts, bytes of the answer and the wait for it are bounded (A9);
//! - what comes is of the space, one vector for each text, finite and of length 1, or it is an error (A6).

use std::time::Duration;

use async_trait::async_trait;
use forecourt_ports::{
    embedder::{EmbedError, Embedded, Embedder, MOST_CHARS, MOST_DIMS, MOST_TEXTS, Space},
    model::{ModelError, NanoUsd, Usage},
};
use jiff::Timestamp;
use reqwest::{
    Client as Http, Response, Url,
    header::{AUTHORIZATION, HeaderMap},
};
use serde::{Deserialize, Serialize};
use tokio::{runtime::Handle, time::timeout};

use super::{ChatCompletions, config::Flavor};
use crate::{
    client::{self, ClientConfig, ConfigError},
    redact,
};

/// The most bytes of a number with what parts it from the next.
const BYTES_OF_A_NUMBER: usize = 32;
/// The most bytes of an answer besides its numbers.
const BYTES_BESIDE: usize = 64 * 1024;

/// How to reach embeddings. The base URL ends with the version; `/embeddings` is added.
#[derive(Clone, Debug)]
pub struct EmbeddingsConfig {
    pub client: ClientConfig,
    pub flavor: Flavor,
    /// Of the vectors, 8 to [`MOST_DIMS`].
    pub dims: u16,
    /// Asks for so many dimensions, which only models that can leave some out take.
    pub ask_dims: bool,
}

impl EmbeddingsConfig {
    /// `client.model` at `client.base_url`; the host tells the flavor.
    pub fn new(client: ClientConfig, dims: u16) -> Self {
        let company = client.base_url.starts_with("https://api.openai.com");
        let flavor = if company { Flavor::OpenAi } else { Flavor::Compatible };
        let client = ClientConfig { total: Duration::from_secs(20), ..client };
        Self { client, flavor, dims, ask_dims: company }
    }
}

/// A client of embeddings. See the [module](self).
pub struct Embeddings {
    http: Http,
    url: Url,
    headers: HeaderMap,
    config: EmbeddingsConfig,
    space: Space,
    io: Handle,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [String],
    /// All servers know it.
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u16>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<One>,
    #[serde(default)]
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct One {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
}

impl Embeddings {
    /// A client that calls on `io`. Fails as the other clients do.
    pub fn new(config: EmbeddingsConfig, io: Handle) -> Result<Self, ConfigError> {
        let url = config.client.check(["embeddings"])?;
        if !(8..=MOST_DIMS).contains(&config.dims) {
            return Err(ConfigError::Bounds("dims"));
        }
        let headers = client::headers(&config.client, (AUTHORIZATION, "Bearer "))?;
        let http = client::http(&config.client, &url)?;
        let space = Space { model: config.client.model.clone(), dims: config.dims };
        Ok(Self { http, url, headers, config, space, io })
    }
}

#[async_trait]
impl Embedder for Embeddings {
    fn space(&self) -> &Space {
        &self.space
    }

    async fn embed(&self, texts: &[String], now: Timestamp) -> Result<Embedded, EmbedError> {
        if !(1..=MOST_TEXTS).contains(&texts.len()) || texts.iter().any(|one| one.trim().is_empty())
        {
            return Err(EmbedError::Bounds);
        }
        let input: Vec<String> = texts.iter().map(|text| prepared(text)).collect();
        let body = Body {
            model: &self.config.client.model,
            input: &input,
            encoding_format: "float",
            dimensions: self.config.ask_dims.then_some(self.config.dims),
        };
        let body = serde_json::to_vec(&body)
            .map_err(|_| ModelError::Protocol("the request cannot be written"))?;
        let request = self.http.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let (config, wanted, dims) = (self.config.client.clone(), texts.len(), self.config.dims);
        let call = async move {
            let response = request.send().await.map_err(|_| ModelError::Transport)?;
            read(response, &config, wanted, dims, now).await
        };
        // The connections live on the io runtime; a caller that gives up ends the call.
        let mut call = self.io.spawn(timeout(self.config.client.total, call));
        let ended = Ended(call.abort_handle());
        let answer = (&mut call).await;
        drop(ended);
        let answer = answer.map_err(|_| ModelError::Transport)?;
        answer.unwrap_or(Err(EmbedError::Model(ModelError::TooSlow)))
    }
}

/// Ends a call whose caller is gone; one that has ended hears nothing.
struct Ended(tokio::task::AbortHandle);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A text as it leaves.
fn prepared(text: &str) -> String {
    let cut: String = text.chars().take(MOST_CHARS).collect();
    redact::contacts(&cut).into_owned()
}

async fn read(
    response: Response,
    config: &ClientConfig,
    wanted: usize,
    dims: u16,
    now: Timestamp,
) -> Result<Embedded, EmbedError> {
    if response.status().as_u16() != 200 {
        let longest = config.longest_retry_after;
        let error = client::of_status::<ChatCompletions>(response, now, longest).await;
        return Err(error.into());
    }
    let most = wanted * usize::from(MOST_DIMS) * BYTES_OF_A_NUMBER + BYTES_BESIDE;
    let body = whole(response, most).await?;
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|_| ModelError::Protocol("the answer is not of its shape"))?;
    let mut vectors = vec![Vec::new(); wanted];
    for one in answer.data {
        let place = vectors.get_mut(one.index).filter(|place| place.is_empty());
        let place = place.ok_or(ModelError::Protocol("a vector is of no text"))?;
        *place = unit(one.embedding, dims)?;
    }
    if vectors.iter().any(Vec::is_empty) {
        return Err(ModelError::Protocol("a text has no vector").into());
    }
    let input = answer.usage.unwrap_or_default().prompt_tokens;
    let usage = Usage { input, ..Usage::default() };
    let cost: Option<NanoUsd> = config.price.as_ref().map(|price| price.cost(&usage));
    Ok(Embedded { vectors, usage, cost })
}

async fn whole(mut response: Response, most: usize) -> Result<Vec<u8>, ModelError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| ModelError::Truncated)? {
        if body.len() + chunk.len() > most {
            return Err(ModelError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A vector of the space, of length 1: local models give others.
fn unit(mut vector: Vec<f32>, dims: u16) -> Result<Vec<f32>, EmbedError> {
    if vector.len() != usize::from(dims) {
        return Err(EmbedError::OtherSpace);
    }
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
    if !length.is_finite() || length < f32::EPSILON {
        return Err(ModelError::Protocol("a vector has no direction").into());
    }
    for part in &mut vector {
        *part /= length;
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_who_somebody_is_does_not_leave_and_long_texts_are_cut() {
        let text = "Ring Kari på 99 88 77 66 eller kari@example.no";
        assert_eq!(prepared(text), "Ring Kari på [number] eller [e-mail address]");
        assert_eq!(prepared(&"æ".repeat(MOST_CHARS + 9)).chars().count(), MOST_CHARS);
    }

    #[test]
    fn a_vector_comes_to_length_one_or_is_refused() {
        let mut long = vec![0.0; 8];
        long[3] = 4.0;
        let unit_length = unit(long, 8).unwrap();
        assert!((unit_length[3] - 1.0).abs() < 1e-6);
        assert_eq!(unit(vec![1.0; 7], 8), Err(EmbedError::OtherSpace));
        for nowhere in [0.0, f32::NAN, f32::INFINITY] {
            assert!(matches!(unit(vec![nowhere; 8], 8), Err(EmbedError::Model(_))));
        }
    }
}
