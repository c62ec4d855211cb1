//! Postgres keeps the contract of every store.

use forecourt_ports::{store_contract, webhook_contract};

mod ground;
use ground::postgres;

store_contract!(postgres);
webhook_contract!(postgres);
