//! The operations on vehicles.

use super::operations::{Good, JSON, Operation, Parameter, Who, good, optional};
use crate::problem::Code::{
    self, Busy, Forbidden, ImportOutdated, Invalid, MalformedJson, MalformedQuery, NotFound,
    OriginNotAllowed, StatusNotPossible, StockFull, TooLarge, TooMany, TooSlow, Unauthorised,
    Unavailable, UnknownTenant, UnreadableFile, UnsupportedMediaType, VehicleChanged, VehicleTaken,
};

const TEXT: &str = r#"{"type":"string"}"#;
const COUNT: &str = r#"{"type":"integer","minimum":0}"#;
const LIMIT: &str = r#"{"type":"integer","minimum":1,"maximum":200,"default":50}"#;

const READ: &[Code] =
    &[MalformedQuery, Invalid, Unauthorised, Forbidden, NotFound, Busy, Unavailable];
const CHANGE: &[Code] = &[
    MalformedJson,
    MalformedQuery,
    Invalid,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    TooSlow,
    VehicleChanged,
    VehicleTaken,
    StatusNotPossible,
    StockFull,
    TooLarge,
    UnsupportedMediaType,
    Busy,
    Unavailable,
];
const FILE: &[Code] = &[
    MalformedJson,
    Unauthorised,
    Forbidden,
    OriginNotAllowed,
    NotFound,
    TooSlow,
    ImportOutdated,
    StockFull,
    TooLarge,
    UnsupportedMediaType,
    UnreadableFile,
    Busy,
    Unavailable,
];
const PUBLIC: &[Code] =
    &[MalformedQuery, Invalid, NotFound, UnknownTenant, TooMany, Busy, Unavailable];

/// A file or a picture, as it is.
const FILES: Good =
    Good { status: 200, about: "All of the stock.", media: Some("text/csv"), shape: None };
const PICTURE: Good =
    Good { status: 200, about: "The picture.", media: Some("image/*"), shape: None };

const VERSION: Parameter = optional(
    "version",
    "The version that was seen; `If-Match` says the same.",
    r#"{"type":"integer","minimum":1}"#,
);

const FILTERS: &[Parameter] = &[
    optional(
        "q",
        "Words that all stand in make, model, variant, year, colour, place or numbers.",
        TEXT,
    ),
    optional("make", "The whole make, without regard to case and accents.", TEXT),
    optional("model", "The whole model.", TEXT),
    optional("min_price", "In whole units of the currency.", COUNT),
    optional("max_price", "In whole units of the currency.", COUNT),
    optional("min_year", "Model year.", COUNT),
    optional("max_year", "Model year.", COUNT),
    optional("max_kilometres", "Driven at most.", COUNT),
    optional("fuel", "One or several of `VehicleFuel`, parted by commas.", TEXT),
    optional("body", "One or several of `VehicleBody`, parted by commas.", TEXT),
    optional(
        "min_seats",
        "So many seats at least; one whose seats are unknown is not shown.",
        COUNT,
    ),
    optional("min_range_km", "So much range at least.", COUNT),
    optional("status", "One or several of `VehicleStatus`, parted by commas.", TEXT),
    optional(
        "sort",
        "The order.",
        r#"{"type":"string","enum":["newest","cheapest","dearest","youngest","least_driven"],"default":"newest"}"#,
    ),
    optional("offset", "The `next` of the page before.", COUNT),
    optional("limit", "How many to a page.", LIMIT),
    optional("deleted", "Those that were deleted instead; for staff.", r#"{"type":"boolean"}"#),
    optional("lang", "BCP 47, of prices and descriptions; for the public list.", TEXT),
];

const fn operation(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    who: Who,
    bad: &'static [Code],
) -> Operation {
    Operation {
        method,
        path,
        id,
        tag: "Vehicles",
        summary,
        about: summary,
        who,
        query: &[],
        body: &[],
        good: &[],
        bad,
    }
}

pub(crate) const ALL: &[Operation] = &[
    Operation {
        query: FILTERS,
        good: &[good(200, "A page of vehicles.", "VehiclePage")],
        ..operation("GET", "/v1/vehicles", "listVehicles", "List vehicles", Who::Seller, READ)
    },
    Operation {
        about: "Every field that is wrong is told at once. Of a business's vehicles no two have the same VIN, plate or stock number.",
        body: &[(JSON, "VehicleFields")],
        good: &[good(201, "The new vehicle.", "VehicleView")],
        ..operation("POST", "/v1/vehicles", "createVehicle", "Add a vehicle", Who::Manager, CHANGE)
    },
    Operation {
        about: "A deleted one too. `ETag` is its version.",
        good: &[good(200, "The vehicle.", "VehicleView")],
        ..operation(
            "GET",
            "/v1/vehicles/{vehicle}",
            "readVehicle",
            "Read a vehicle",
            Who::Seller,
            READ,
        )
    },
    Operation {
        about: "Fields that are named get the values that are named; `null` empties one. The assistant's next sentence knows it. What changes nothing raises no version.",
        body: &[(JSON, "ChangeVehicle")],
        good: &[good(200, "The vehicle as it is now.", "VehicleView")],
        ..operation(
            "PATCH",
            "/v1/vehicles/{vehicle}",
            "changeVehicle",
            "Change a vehicle",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "Out of the stock at once; its history stays, and it can be restored.",
        query: &[VERSION],
        good: &[good(200, "The vehicle as it was, deleted.", "VehicleView")],
        ..operation(
            "DELETE",
            "/v1/vehicles/{vehicle}",
            "deleteVehicle",
            "Delete a vehicle",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        query: &[VERSION],
        good: &[good(200, "It is in stock again.", "VehicleView")],
        ..operation(
            "POST",
            "/v1/vehicles/{vehicle}/restore",
            "restoreVehicle",
            "Restore a deleted vehicle",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "`next_statuses` of the vehicle says which may follow. Each step can be undone.",
        body: &[(JSON, "SetVehicleStatus")],
        good: &[good(200, "The vehicle as it is now.", "VehicleView")],
        ..operation(
            "POST",
            "/v1/vehicles/{vehicle}/status",
            "setVehicleStatus",
            "Reserve, sell, take into service, or put up again",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "The newest step first: who, when, and which fields got which values. The price of the past stands here too.",
        query: &[
            optional("before", "The `next` of the page before.", COUNT),
            optional("limit", "How many to a page.", LIMIT),
        ],
        good: &[good(200, "What happened to it.", "VehicleStory")],
        ..operation(
            "GET",
            "/v1/vehicles/{vehicle}/history",
            "readVehicleHistory",
            "Read a vehicle's history",
            Who::Seller,
            READ,
        )
    },
    Operation {
        about: "A JPEG, PNG or WebP of 4 MiB at most, as the body; its first bytes decide what it is. It is shown last; `photos` of a change gives another order.",
        query: &[VERSION],
        good: &[good(201, "The vehicle with the picture.", "VehicleView")],
        ..operation(
            "POST",
            "/v1/vehicles/{vehicle}/photos",
            "addVehiclePhoto",
            "Upload a picture",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "`photo` is the last part of the picture's address.",
        query: &[VERSION],
        good: &[good(200, "The vehicle without it.", "VehicleView")],
        ..operation(
            "DELETE",
            "/v1/vehicles/{vehicle}/photos/{photo}",
            "deleteVehiclePhoto",
            "Delete a picture for good",
            Who::Manager,
            CHANGE,
        )
    },
    Operation {
        about: "The file itself as the body: UTF-8, UTF-16 or Windows-1252, parted by commas, semicolons, tabs or bars, with headers in English, Norwegian or French; 5 MiB and 10,000 rows at most. Nothing is imported yet.",
        good: &[good(201, "What it would do, row by row.", "ImportPreview")],
        ..operation(
            "POST",
            "/v1/vehicles/import",
            "previewImport",
            "Look at a file of vehicles",
            Who::Manager,
            FILE,
        )
    },
    Operation {
        about: "Exactly what the preview showed, all of it or nothing; rows with mistakes are left out. A repeat answers the same.",
        good: &[good(200, "It is imported.", "ImportDone")],
        ..operation(
            "POST",
            "/v1/vehicles/import/{import}/commit",
            "commitImport",
            "Import what was looked at",
            Who::Manager,
            FILE,
        )
    },
    Operation {
        about: "With a mark, parted by semicolons. It can be imported again; no cell starts a formula.",
        good: &[FILES],
        ..operation(
            "GET",
            "/v1/vehicles.csv",
            "exportVehicles",
            "All vehicles as a file",
            Who::Manager,
            READ,
        )
    },
    Operation {
        about: "Those that can be had or are reserved, without VIN and plate.",
        query: FILTERS,
        good: &[good(200, "A page of vehicles.", "PublicStock")],
        ..operation(
            "GET",
            "/v1/public/{tenant}/vehicles",
            "listPublicVehicles",
            "A business's vehicles",
            Who::Anyone,
            PUBLIC,
        )
    },
    Operation {
        about: "An address never shows another picture later.",
        good: &[PICTURE],
        ..operation(
            "GET",
            "/v1/public/photos/{photo}",
            "readPhoto",
            "A picture of a vehicle",
            Who::Anyone,
            PUBLIC,
        )
    },
];
