//! Routes, SSE, WebSocket, webhooks, authentication, limits, problem+json.
