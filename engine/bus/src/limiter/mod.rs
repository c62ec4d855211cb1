//! How often somebody may ask: counted in this process, or by Redis for all nodes.

mod local;
mod shared;

pub use self::{local::LocalLimiter, shared::RedisLimiter};
