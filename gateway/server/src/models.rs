//! Makes the models: a client for each key, one behind the other, and the house responder behind all.

use std::sync::Arc;

use anyhow::Context as _;
use forecourt_core::models::Provider;
use forecourt_models::{
    anthropic::{Anthropic, AnthropicConfig, ApiVersion},
    chain::{Chain, Link},
    client::ClientConfig,
    gemini::{Gemini, GeminiConfig},
    house::HouseResponder,
    limited::Limited,
    openai::{
        OpenAi, OpenAiConfig,
        embeddings::{Embeddings, EmbeddingsConfig},
    },
    prompts::Prompts,
};
use forecourt_ports::{clock::Clock, embedder::Embedder, model::Model};
use secrecy::SecretString;
use tokio::runtime::Handle;

use crate::config::{self, ModelArgs, ModelProvider, VectorArgs};

/// The first model and the second: all providers in their order, and the next of them with the house
/// responder behind. Without a key both are the house responder.
pub(crate) fn wire(
    args: &ModelArgs,
    clock: &Arc<dyn Clock>,
    io: &Handle,
) -> anyhow::Result<(Arc<dyn Model>, Arc<dyn Model>)> {
    let house: Arc<dyn Model> = Arc::new(HouseResponder);
    let prompts = Arc::new(match &args.prompts {
        Some(folder) => Prompts::from_dir(folder).context("the prompts cannot be used")?,
        None => Prompts::embedded(),
    });
    let mut makes = Makes { args, prompts, io, second: None };
    let mut links = Vec::new();
    let mut order = args.model_order.clone();
    order.dedup();
    for provider in order {
        links.extend(makes.link(provider)?);
    }
    if links.is_empty() {
        tracing::info!("no model key: the house responder answers");
        return Ok((Arc::clone(&house), house));
    }
    let house = Link::new(Provider::House, house);
    // Whoever was first is asked again last, in front of the house: by then the others have failed.
    let mut second: Vec<_> = links.iter().skip(1).chain(&links[..1]).cloned().collect();
    if links.len() == 1 {
        second.clear();
    }
    if let Some(other) = makes.second {
        second.insert(0, other);
    }
    second.push(Arc::clone(&house));
    // A tenant may name the house first; nobody else comes to it here.
    let chain = |links| Arc::new(Chain::new(links, Arc::clone(clock))) as Arc<dyn Model>;
    Ok((chain(links), chain(second)))
}

/// The client of embeddings; none while vectors are switched off.
pub(crate) fn embeddings(
    args: &VectorArgs,
    models: &ModelArgs,
    io: &Handle,
) -> anyhow::Result<Option<Arc<dyn Embedder>>> {
    let Some(space) = args.space() else { return Ok(None) };
    let key = args.embeddings_api_key.as_ref().or(models.openai_api_key.as_ref()).context(
        "vectors are switched on: give EMBEDDINGS_API_KEY (any, for a server that wants none), or start without \
         --vectors",
    )?;
    let base = args.embeddings_base_url.as_ref().unwrap_or(&models.openai_base_url);
    let mut client = ClientConfig::new(key.clone(), base, &space.model);
    client.price = args.embeddings_price;
    let client = Embeddings::new(EmbeddingsConfig::new(client, space.dims), io.clone())
        .context("the client of embeddings cannot be made")?;
    Ok(Some(Arc::new(client)))
}

struct Makes<'a> {
    args: &'a ModelArgs,
    prompts: Arc<Prompts>,
    io: &'a Handle,
    /// Another model of the first provider, where one was named.
    second: Option<Arc<Link>>,
}

impl Makes<'_> {
    /// The client of a provider; none without its key.
    fn link(&mut self, provider: ModelProvider) -> anyhow::Result<Option<Arc<Link>>> {
        let args = self.args;
        let link = match provider {
            ModelProvider::Anthropic => {
                let Some(key) = &args.anthropic_api_key else { return Ok(None) };
                if let Some(model) = &args.anthropic_second_model {
                    self.second = Some(self.anthropic(key, model)?);
                }
                self.anthropic(key, &args.anthropic_model)?
            }
            ModelProvider::Openai => {
                let Some(key) = &args.openai_api_key else { return Ok(None) };
                let (base, model) = (&args.openai_base_url, &args.openai_model);
                let mut config = OpenAiConfig::new(key.clone(), base, model);
                config.client.price = args.openai_price.or(config.client.price);
                let model = OpenAi::new(config, Arc::clone(&self.prompts), self.io.clone())?;
                self.limited(Provider::Openai, model)
            }
            ModelProvider::Gemini => {
                let Some(key) = &args.gemini_api_key else { return Ok(None) };
                let mut config = GeminiConfig::new(key.clone(), &args.gemini_model);
                config.client.base_url.clone_from(&args.gemini_base_url);
                config.client.price = args.gemini_price.or(config.client.price);
                let model = Gemini::new(config, Arc::clone(&self.prompts), self.io.clone())?;
                self.limited(Provider::Gemini, model)
            }
        };
        Ok(Some(link))
    }

    fn anthropic(&self, key: &SecretString, model: &str) -> anyhow::Result<Arc<Link>> {
        let mut config = AnthropicConfig::for_model(key.clone(), model);
        config.client.base_url.clone_from(&self.args.anthropic_base_url);
        config.version = match self.args.anthropic_version {
            config::ApiVersion::V2023 => ApiVersion::V2023,
            config::ApiVersion::V2026 => ApiVersion::V2026,
        };
        let model = Anthropic::new(config, Arc::clone(&self.prompts), self.io.clone())?;
        Ok(self.limited(Provider::Anthropic, model))
    }

    fn limited(&self, provider: Provider, model: impl Model + 'static) -> Arc<Link> {
        let limited = Limited::new(Arc::new(model), self.args.model_at_once.into());
        Link::new(provider, Arc::new(limited))
    }
}
