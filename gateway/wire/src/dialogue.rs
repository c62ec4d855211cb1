//! What a chat shows besides words: times to choose from, and what is held or booked for the customer.

use forecourt_core::{
    dialogue::{self, BookingNews, Dialogue},
    id::{BookingId, OfferId, ResourceId, ServiceId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::booking::BookingStatus;

/// A time that the assistant offers. It is not held: somebody else may take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct OfferedTime {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "srv_0192f8e0c0de7000800000000000000a")]
    pub service_id: ServiceId,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Only with this resource, such as the vehicle that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub resource_id: Option<ResourceId>,
}

/// The times of the assistant's newest answer; they replace those of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct TimesOffered {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub offers: Vec<OfferedTime>,
}

/// An appointment of this conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct ChatBooking {
    #[ts(type = "string")]
    #[schema(value_type = String, example = "bkg_0192f8e0c0de7000800000000000000a")]
    pub booking_id: BookingId,
    /// What a yes means: [`Pressed::Accept`] carries it.
    #[ts(type = "string")]
    #[schema(value_type = String, example = "ofr_0192f8e0c0de7000800000000000000a")]
    pub offer_id: OfferId,
    pub status: BookingStatus,
    #[ts(type = "string")]
    #[schema(value_type = String)]
    pub service_id: ServiceId,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Of a hold, when it ends by itself.
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub hold_until: Timestamp,
}

/// An appointment of this conversation was held, booked, moved or given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct BookingChanged {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "string")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub booking: ChatBooking,
}

/// A button of the chat that was pressed; the message's text says the same in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Pressed {
    /// One of the offered times.
    Pick {
        #[ts(type = "string")]
        #[schema(value_type = String)]
        service_id: ServiceId,
        #[ts(type = "string")]
        #[schema(value_type = String, format = DateTime)]
        starts_at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "string")]
        #[schema(value_type = Option<String>)]
        resource_id: Option<ResourceId>,
    },
    /// Yes to exactly this hold.
    Accept {
        #[ts(type = "string")]
        #[schema(value_type = String)]
        offer_id: OfferId,
    },
    /// No to it.
    Decline {
        #[ts(type = "string")]
        #[schema(value_type = String)]
        offer_id: OfferId,
    },
    /// One of the offered times to be called at.
    CallMe {
        #[ts(type = "string")]
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
    },
    /// Another time to be called at, please.
    CallLater,
    /// No call any more.
    DoNotCall,
}

impl From<Pressed> for dialogue::Pressed {
    fn from(pressed: Pressed) -> Self {
        match pressed {
            Pressed::Pick { service_id, starts_at, resource_id } => {
                Self::Pick { service: service_id, from: starts_at, resource: resource_id }
            }
            Pressed::Accept { offer_id } => Self::Accept { offer: offer_id },
            Pressed::Decline { offer_id } => Self::Decline { offer: offer_id },
            Pressed::CallMe { at } => Self::CallMe { at },
            Pressed::CallLater => Self::CallLater,
            Pressed::DoNotCall => Self::DoNotCall,
        }
    }
}

impl From<&dialogue::Offer> for OfferedTime {
    fn from(offer: &dialogue::Offer) -> Self {
        Self {
            service_id: offer.service,
            starts_at: offer.from,
            ends_at: offer.until,
            resource_id: offer.resource,
        }
    }
}

impl From<&BookingNews> for ChatBooking {
    fn from(news: &BookingNews) -> Self {
        Self {
            booking_id: news.booking,
            offer_id: news.offer,
            status: news.status.into(),
            service_id: news.service,
            starts_at: news.from,
            ends_at: news.until,
            hold_until: news.hold_until,
        }
    }
}

/// The times and appointments of a conversation as it stands.
pub fn of(dialogue: &Dialogue) -> (Vec<OfferedTime>, Vec<ChatBooking>) {
    let offers = dialogue.offers.iter().map(OfferedTime::from).collect();
    let bookings = dialogue.bookings.iter().map(|known| ChatBooking::from(&known.news)).collect();
    (offers, bookings)
}
