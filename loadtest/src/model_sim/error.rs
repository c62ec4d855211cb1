//! The provider's HTTP errors: status, type, message, and whether a client should try again.
//!
//! Lives here: the table from status to error type. An error never carries text of the request
//! beyond field names and ids (A13).

use super::wire::{ErrorBody, ErrorResponse};

/// An HTTP error in the provider's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: u16,
    pub kind: String,
    pub message: String,
    /// Seconds for the `retry-after` header.
    pub retry_after: Option<u64>,
}

impl ApiError {
    /// The error type and the stock message that belong to `status`.
    pub fn of_status(status: u16) -> Self {
        let (kind, message) = match status {
            401 => ("authentication_error", "invalid x-api-key"),
            402 => ("billing_error", "Your credit balance is too low to access the API"),
            403 => ("permission_error", "Your API key does not have permission to use this"),
            404 => ("not_found_error", "Not found"),
            409 => ("conflict_error", "The request conflicts with another one"),
            413 => ("request_too_large", "Request exceeds the maximum size"),
            429 => ("rate_limit_error", "This request would exceed your rate limit"),
            504 => ("timeout_error", "The request timed out"),
            529 => ("overloaded_error", "Overloaded"),
            500.. => ("api_error", "Internal server error"),
            _ => ("invalid_request_error", "The request is not valid"),
        };
        Self { status, kind: kind.to_owned(), message: message.to_owned(), retry_after: None }
    }

    /// A 400 with the provider's words.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::of_status(400) }
    }

    /// The status that an error type belongs to; 500 for a type nobody knows.
    pub fn status_of_kind(kind: &str) -> u16 {
        match kind {
            "invalid_request_error" => 400,
            "authentication_error" => 401,
            "billing_error" => 402,
            "permission_error" => 403,
            "not_found_error" => 404,
            "conflict_error" => 409,
            "request_too_large" => 413,
            "rate_limit_error" => 429,
            "timeout_error" => 504,
            "overloaded_error" => 529,
            _ => 500,
        }
    }

    /// The same error with other words.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same error with a waiting time in seconds.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }

    /// What the official clients do by themselves: the `x-should-retry` header says the same.
    pub fn should_retry(&self) -> bool {
        matches!(self.status, 408 | 409 | 429 | 500..)
    }

    /// The error without its HTTP clothes, as a stream carries it.
    pub fn to_body(&self) -> ErrorBody {
        ErrorBody { kind: self.kind.clone(), message: self.message.clone() }
    }

    /// The JSON body of the HTTP answer.
    pub fn to_response(&self, request_id: &str) -> ErrorResponse {
        ErrorResponse {
            kind: "error".to_owned(),
            error: self.to_body(),
            request_id: request_id.to_owned(),
        }
    }
}
