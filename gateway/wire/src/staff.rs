//! Signing in, and who is signed in.

use forecourt_core::id::MemberId;
use forecourt_ports::store::{self, Member, TenantSnapshot};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// A member signs in.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The tenant's public name in addresses.
    #[schema(example = "nordlys-bil")]
    pub tenant: String,
    pub email: String,
    #[schema(format = Password)]
    pub password: String,
}

/// Each role may do all that the ones after it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Manager,
    Seller,
}

/// Who is signed in, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Me {
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub member_id: MemberId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub tenant: MyTenant,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MyTenant {
    pub slug: String,
    pub name: String,
    /// `#rrggbb`.
    pub color: String,
    pub languages: Vec<String>,
    /// IANA name of the business's zone.
    pub zone: String,
    pub promise: MyPromise,
}

/// When the steps of a promise are due, in milliseconds after the customer's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct MyPromise {
    pub second_model_ms: u32,
    pub models_end_ms: u32,
    pub template_ms: u32,
    pub alert_ms: u32,
    pub deadline_ms: u32,
}

impl Me {
    pub fn of(member: Member, tenant: &TenantSnapshot) -> Self {
        let settings = &tenant.settings;
        let promise = settings.promise;
        Self {
            member_id: member.member,
            name: member.name,
            email: member.email,
            role: member.role.into(),
            tenant: MyTenant {
                slug: tenant.slug.clone(),
                name: settings.brand.name.clone(),
                color: settings.brand.color.clone(),
                languages: settings.languages.iter().map(|lang| lang.tag().to_owned()).collect(),
                zone: settings.zone.clone(),
                promise: MyPromise {
                    second_model_ms: promise.second_model_ms,
                    models_end_ms: promise.models_end_ms,
                    template_ms: promise.template_ms,
                    alert_ms: promise.alert_ms,
                    deadline_ms: promise.deadline_ms,
                },
            },
        }
    }
}

impl From<store::Role> for Role {
    fn from(role: store::Role) -> Self {
        match role {
            store::Role::Owner => Self::Owner,
            store::Role::Manager => Self::Manager,
            store::Role::Seller => Self::Seller,
        }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(..)") // a secret and personal data (A13, A14)
    }
}
