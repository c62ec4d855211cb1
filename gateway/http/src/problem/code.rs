//! Every code there is: its status, its words, and what its page says. A new error adds a row here.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $status:ident, $name:literal, $title:literal, $detail:literal, $mend:literal;)*) => {
        /// The stable code of a problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// As in `/problems/<name>` and in the body's `code`.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The detail when the occasion gives none of its own.
            pub(crate) const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }

            /// How to mend it, for the page.
            pub(crate) const fn mend(self) -> &'static str {
                match self { $(Self::$variant => $mend,)* }
            }
        }
    };
}

codes! {
    MalformedJson = BAD_REQUEST, "malformed-json", "The body is not JSON",
        "the body is not valid JSON",
        "Send UTF-8 JSON, at most 64 levels deep. The detail names the line and column where reading stopped.";
    MalformedForm = BAD_REQUEST, "malformed-form", "The form cannot be read",
        "the body is not a valid form",
        "Send application/x-www-form-urlencoded text whose percent-encoded bytes are UTF-8, each field once.";
    MalformedQuery = BAD_REQUEST, "malformed-query", "The query cannot be read",
        "the query string is not valid",
        "Percent-encode the query as UTF-8 and give each parameter once.";
    Invalid = BAD_REQUEST, "invalid", "Some fields are not as they should be",
        "mend the fields in `errors` and send them again",
        "Each entry of `errors` points at one field and says what it should be.";
    Unauthorised = UNAUTHORIZED, "unauthorised", "Sign in first",
        "there is no valid sign-in with this request",
        "Staff sign in at POST /v1/login; a visitor sends the token of POST /v1/sessions as a bearer.";
    TokenExpired = UNAUTHORIZED, "token-expired", "The token has expired",
        "open a new session",
        "A visitor's token is good for 24 hours at most. Open a new session with POST /v1/sessions.";
    BadCredentials = UNAUTHORIZED, "bad-credentials", "These credentials are not right",
        "the tenant, the mail address or the password is wrong",
        "Which of the three is wrong is not told, so that nobody can find out who works where.";
    Forbidden = FORBIDDEN, "forbidden", "This is not yours to do",
        "your role does not allow it",
        "The OpenAPI document names the least role of each operation as `x-min-role`.";
    OriginNotAllowed = FORBIDDEN, "origin-not-allowed", "This page may not call the engine",
        "the request's Origin is not among those that are allowed",
        "Add the page's origin (scheme, host and port) to the tenant's allowed origins. Staff addresses answer only to the engine's own pages.";
    NotFound = NOT_FOUND, "not-found", "There is nothing here",
        "the address leads nowhere, or to something that is not yours",
        "Check the address. What belongs to somebody else is answered as if it were not there.";
    UnknownTenant = NOT_FOUND, "unknown-tenant", "There is no such business",
        "no tenant has this name",
        "Check the name in the address or in `data-tenant`.";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here",
        "the address does not know this method",
        "The Allow header names the methods it knows.";
    TooSlow = REQUEST_TIMEOUT, "body-too-slow", "The body took too long",
        "the whole body must arrive within 15 seconds",
        "Send the request again, over a better line or with a smaller body.";
    ConversationClosed = CONFLICT, "conversation-closed", "The conversation is closed",
        "nothing more can be added to it",
        "Open a new session.";
    NotYours = CONFLICT, "not-yours", "Somebody else has the conversation",
        "another member has taken the conversation over",
        "Take it over yourself first.";
    NotAReceiver = CONFLICT, "not-a-receiver", "This person takes no conversations",
        "whom it should go to does not work here, or may not write to customers",
        "Choose an active member of the tenant.";
    NoSuchTime = CONFLICT, "no-such-time", "Nobody can call at that time",
        "the time is not one at which somebody of the team can call, or it has been taken",
        "Ask for the free times with GET /v1/sessions/{session}/call/times, and choose one of them.";
    NotAssistants = CONFLICT, "not-the-assistants", "The assistant did not write this",
        "only messages of the assistant are rated",
        "Rate a message whose author is `assistant`.";
    Conflict = CONFLICT, "conflict", "Somebody wrote meanwhile",
        "somebody else wrote after what you had seen",
        "Read what is newer, then send again with its `seen_seq`, or without one to send in any case.";
    Stale = CONFLICT, "stale", "It is over",
        "what this speaks of is over",
        "Read the conversation again.";
    OnItsWay = CONFLICT, "on-its-way", "The same is on its way",
        "a letter of the same meaning is on its way already",
        "Wait for what becomes of it: GET /v1/deliveries tells.";
    Superseded = CONFLICT, "superseded", "Somebody else speaks by now",
        "the assistant wrote it before a person took over or gave back",
        "Write to the customer yourself: what the assistant wrote then may not be true any more.";
    MayHaveLeft = CONFLICT, "may-have-left", "It may have left already",
        "nobody knows whether the letter left; sending it again may show it twice",
        "Ask the customer or look into the provider's log. To send it all the same, say `even_if_sent`.";
    SomebodyWaits = CONFLICT, "customer-waits", "A customer waits for it",
        "a customer waits for what this timer does, and nobody else would do it",
        "Answer the customer, or close the conversation: the timer ends by itself.";
    TooManyEndpoints = CONFLICT, "too-many-endpoints", "There is no room for another endpoint",
        "a tenant has at most 20 endpoints",
        "Delete one that is not needed any more, or let one endpoint hear of more topics.";
    ChangedMeanwhile = CONFLICT, "changed-meanwhile", "Somebody changed it meanwhile",
        "it is no longer what was read",
        "Read it again, and make your change to what stands now.";
    TooManyEntries = CONFLICT, "too-many-entries", "There is no room for another one",
        "a tenant has at most 200 services, 500 questions and 100 rules",
        "Delete one that is not needed any more.";
    TooManyAttachments = CONFLICT, "too-many-attachments", "There is no room for another file",
        "a message takes 4 files, a conversation 20 with 40 MiB together",
        "Send what matters most, or ask for an address to send the rest to.";
    AttachmentOver = CONFLICT, "attachment-over", "This file is done with",
        "it was cancelled or refused, or it came with a message and stays there",
        "Announce the file anew with POST /v1/sessions/{session}/attachments.";
    TooManyTools = CONFLICT, "too-many-tools", "There is no room for another tool",
        "a tenant has at most 20 tools of its own",
        "Delete one that is not needed any more.";
    PreviewOver = CONFLICT, "preview-over", "The preview is over",
        "it has ended, or another one was begun",
        "Begin another one with POST /v1/preview. A preview ends by itself when nobody writes for 15 minutes.";
    EndpointPaused = CONFLICT, "endpoint-paused", "The endpoint is paused",
        "nothing leaves for it until it is resumed",
        "Resume it with POST /v1/webhooks/endpoints/{endpoint}/resume.";
    NotFree = CONFLICT, "not-free", "The time is not free",
        "this time cannot be booked; `errors` says why",
        "Ask for free times and choose one of them. A time that is held by somebody else may be free in some minutes.";
    HoldOver = CONFLICT, "hold-over", "The hold is over",
        "the time was held for a while, and that while has passed",
        "Hold the time again, if it is still free.";
    AnotherOffer = CONFLICT, "another-offer", "This is another offer",
        "a yes counts for the offer it names, and the booking is held under another one",
        "Read the booking again and ask the customer about the time it holds.";
    BookingOver = CONFLICT, "booking-over", "It cannot be done with this booking any more",
        "the booking is over, has begun, or has not begun yet",
        "Read the booking again: its status tells. What is over can be booked anew.";
    VehicleChanged = CONFLICT, "vehicle-changed", "The vehicle was changed meanwhile",
        "somebody else changed it after the version that was seen",
        "Read the vehicle again, look whether your change still makes sense, and send it with the new version.";
    VehicleTaken = CONFLICT, "vehicle-taken", "Another vehicle has this number",
        "of a business's vehicles no two have the same VIN, plate or stock number; `errors` says which",
        "Change the other vehicle, or correct the number. A deleted vehicle is restored only while its numbers are free.";
    StatusNotPossible = CONFLICT, "status-not-possible", "This status cannot follow",
        "the vehicle's status cannot become this one",
        "`next_statuses` of the vehicle says which may follow: from the workshop it is put up first, then sold.";
    StockFull = CONFLICT, "stock-full", "There is no room for more",
        "a business has at most 20,000 vehicles, a vehicle at most 20 pictures",
        "Delete vehicles or pictures that are not needed any more.";
    ImportOutdated = CONFLICT, "import-outdated", "The stock has changed meanwhile",
        "the file would do something else by now than the preview showed; nothing was imported",
        "Look at the file again with POST /v1/vehicles/import, and import what that shows.";
    UnreadableFile = UNPROCESSABLE_ENTITY, "unreadable-file", "The file cannot be read",
        "the file is no table of vehicles",
        "Save the spreadsheet as CSV, with one row of column names first.";
    Incomplete = UNPROCESSABLE_ENTITY, "incomplete", "The file is not whole",
        "the body has fewer bytes than were announced",
        "Send the whole file again.";
    TooManyBlocks = CONFLICT, "too-many-blocks", "There are too many blocks",
        "the resource has as many blocks as it may have",
        "Remove blocks that are over, or write several as one repeating block.";
    WrongProof = CONFLICT, "wrong-code", "The code is wrong",
        "this is not the code that was sent last",
        "Read the newest letter. A code allows five tries.";
    ProofOver = CONFLICT, "code-over", "The code is over",
        "the code was used, was tried too often, or its time has passed",
        "Ask for a new code.";
    TooManyCalendars = CONFLICT, "too-many-calendars", "There is no room for another calendar",
        "a tenant has at most 20 calendars",
        "Disconnect one that is not needed any more.";
    CalendarRefused = CONFLICT, "calendar-refused", "The calendar refuses the credentials",
        "the provider says that these credentials are not good",
        "Check the key, or the user and the password. Some providers want a password made for one app.";
    CalendarUnclear = CONFLICT, "calendar-unclear", "The calendar is not understood",
        "the provider's answer is not what a calendar answers",
        "Check the address, and that there is a calendar behind it.";
    TooLarge = PAYLOAD_TOO_LARGE, "too-large", "The body is too large",
        "the body is larger than 64 KiB",
        "Send less. Texts have at most 5,000 characters.";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body's type is not understood",
        "send application/json",
        "Send application/json in UTF-8; forms may also be application/x-www-form-urlencoded. Compressed bodies are not read.";
    UpgradeRequired = UPGRADE_REQUIRED, "upgrade-required", "This is a WebSocket",
        "connect with the WebSocket protocol, version 13",
        "Open the address with a WebSocket client that offers the subprotocol forecourt.v1.";
    TooMany = TOO_MANY_REQUESTS, "too-many-requests", "Too many requests",
        "wait as long as Retry-After says",
        "The limits are per address, per conversation and per tenant.";
    Internal = INTERNAL_SERVER_ERROR, "internal", "Something is wrong here",
        "the fault is ours; it has been noted",
        "Try again later, and give the request's id when you report it.";
    Busy = SERVICE_UNAVAILABLE, "busy", "Too much at once",
        "nothing was stored; try again",
        "A queue was full. Try again after the time in Retry-After.";
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "Not available for the moment",
        "try again; a repeat with the same client_id or content is recognised",
        "The database, or the engine itself, cannot take it now. Whether it was stored may be unknown; a repeat finds out.";
    CalendarUnavailable = SERVICE_UNAVAILABLE, "calendar-unavailable", "The calendar does not answer",
        "the provider did not answer in time; nothing was changed",
        "Try again later. Calendars that are connected already are caught up with by themselves.";
    Stopping = SERVICE_UNAVAILABLE, "stopping", "This node is stopping",
        "connect again; another node will answer",
        "Connect again with your cursor: nothing is lost.";
    SlowListener = SERVICE_UNAVAILABLE, "slow-listener", "The listener was too slow",
        "connect again with the last id",
        "Events came faster than they were read. Connect again with your cursor: nothing is lost.";
}
