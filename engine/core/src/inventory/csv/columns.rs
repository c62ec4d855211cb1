//! Which column means what, by the names that people give them.

use super::super::folded;

/// Something that a column may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    StockNumber,
    Vin,
    Plate,
    PlateCountry,
    Make,
    Model,
    Variant,
    Year,
    Price,
    Currency,
    Fuel,
    Kilometres,
    Status,
    Body,
    Seats,
    RangeKm,
    Transmission,
    Drive,
    Colour,
    PowerKw,
    PowerHp,
    TowingKg,
    FirstRegistered,
    Location,
    Equipment,
    ListingUrl,
    Photos,
    /// In the tenant's first language.
    Description,
    DescriptionNb,
    DescriptionFr,
    DescriptionEn,
    DescriptionAr,
}

/// The columns of an export, in their order, with the names that are known: the first is the one an
/// export has, and the field's name.
const NAMES: &[(Column, &[&str])] = &[
    (
        Column::StockNumber,
        &[
            "stock_number",
            "stock number",
            "stock no",
            "stock",
            "stock id",
            "lagernummer",
            "lagernr",
            "internnummer",
            "internnr",
            "numero de stock",
            "n° stock",
            "no stock",
            "reference",
            "ref",
            "reference interne",
        ],
    ),
    (
        Column::Vin,
        &[
            "vin",
            "vin number",
            "chassis",
            "chassis number",
            "chassis no",
            "chassisnummer",
            "understellsnummer",
            "understellsnr",
            "rammenummer",
            "numero de serie",
            "n° de serie",
            "n° serie",
            "numero de chassis",
            "chassi",
            "e",
        ],
    ),
    (
        Column::Plate,
        &[
            "plate",
            "registration",
            "registration number",
            "reg no",
            "reg",
            "license plate",
            "licence plate",
            "number plate",
            "registreringsnummer",
            "regnr",
            "reg nr",
            "skiltnummer",
            "kjennemerke",
            "kjennetegn",
            "immatriculation",
            "plaque",
            "plaque d immatriculation",
            "numero d immatriculation",
            "immat",
            "a",
        ],
    ),
    (
        Column::PlateCountry,
        &[
            "plate_country",
            "plate country",
            "registration country",
            "land",
            "skiltland",
            "pays",
            "country",
        ],
    ),
    (
        Column::Make,
        &["make", "brand", "manufacturer", "merke", "bilmerke", "marque", "fabricant", "d 1"],
    ),
    (Column::Model, &["model", "modell", "modele", "d 3"]),
    (
        Column::Variant,
        &[
            "variant",
            "trim",
            "version",
            "variant utstyr",
            "modellvariant",
            "utstyrsniva",
            "finition",
            "variante",
            "motorisation",
        ],
    ),
    (
        Column::Year,
        &[
            "year",
            "model year",
            "arsmodell",
            "ar",
            "modellar",
            "annee",
            "annee modele",
            "millesime",
        ],
    ),
    (
        Column::Price,
        &[
            "price",
            "sales price",
            "asking price",
            "pris",
            "salgspris",
            "utsalgspris",
            "totalpris",
            "prix",
            "prix de vente",
            "prix ttc",
        ],
    ),
    (Column::Currency, &["currency", "valuta", "devise", "monnaie"]),
    (
        Column::Fuel,
        &[
            "fuel",
            "fuel type",
            "drivstoff",
            "drivstofftype",
            "drivlinje",
            "carburant",
            "energie",
            "p 3",
        ],
    ),
    (
        Column::Kilometres,
        &[
            "kilometres",
            "kilometers",
            "km",
            "mileage",
            "odometer",
            "kilometerstand",
            "km stand",
            "kmstand",
            "kjorelengde",
            "kilometrage",
            "kilometrage km",
        ],
    ),
    (Column::Status, &["status", "state", "statut", "etat"]),
    (
        Column::Body,
        &["body", "body type", "body style", "karosseri", "karosseritype", "carrosserie", "type"],
    ),
    (
        Column::Seats,
        &[
            "seats",
            "number of seats",
            "seter",
            "antall seter",
            "sitteplasser",
            "places",
            "nombre de places",
            "sieges",
            "s 1",
        ],
    ),
    (
        Column::RangeKm,
        &[
            "range_km",
            "range",
            "range km",
            "range wltp",
            "wltp",
            "rekkevidde",
            "rekkevidde km",
            "rekkevidde wltp",
            "autonomie",
            "autonomie km",
            "autonomie wltp",
        ],
    ),
    (
        Column::Transmission,
        &[
            "transmission",
            "gearbox",
            "gear",
            "girkasse",
            "girtype",
            "gir",
            "boite",
            "boite de vitesses",
            "boite de vitesse",
        ],
    ),
    (
        Column::Drive,
        &[
            "drive",
            "drivetrain",
            "driven wheels",
            "hjuldrift",
            "drivhjul",
            "trekk",
            "roues motrices",
        ],
    ),
    (
        Column::Colour,
        &["colour", "color", "exterior colour", "exterior color", "farge", "couleur", "teinte"],
    ),
    (
        Column::PowerKw,
        &[
            "power_kw",
            "power",
            "power kw",
            "kw",
            "effekt",
            "effekt kw",
            "puissance",
            "puissance kw",
            "p 2",
        ],
    ),
    (
        Column::PowerHp,
        &[
            "power_hp",
            "power hp",
            "hp",
            "bhp",
            "hk",
            "hestekrefter",
            "effekt hk",
            "ch",
            "puissance ch",
            "chevaux",
        ],
    ),
    (
        Column::TowingKg,
        &[
            "towing_kg",
            "towing",
            "towing kg",
            "towing capacity",
            "max trailer",
            "hengervekt",
            "tilhengervekt",
            "maks tilhengervekt",
            "remorquage",
            "poids remorquable",
            "charge remorquable",
        ],
    ),
    (
        Column::FirstRegistered,
        &[
            "first_registered",
            "first registered",
            "first registration",
            "registered",
            "forstegangsregistrert",
            "1 gang registrert",
            "forste gang registrert",
            "registrert",
            "premiere immatriculation",
            "mise en circulation",
            "date de mise en circulation",
            "1ere immatriculation",
            "b",
        ],
    ),
    (
        Column::Location,
        &[
            "location",
            "place",
            "site",
            "branch",
            "sted",
            "avdeling",
            "plassering",
            "lieu",
            "emplacement",
            "agence",
        ],
    ),
    (
        Column::Equipment,
        &[
            "equipment",
            "features",
            "options",
            "utstyr",
            "tilleggsutstyr",
            "equipements",
            "equipement",
        ],
    ),
    (
        Column::ListingUrl,
        &[
            "listing_url",
            "listing url",
            "url",
            "link",
            "lenke",
            "annonse",
            "annonselenke",
            "finn lenke",
            "lien",
            "annonce",
        ],
    ),
    (
        Column::Photos,
        &[
            "photos",
            "photo",
            "images",
            "image",
            "pictures",
            "photo urls",
            "bilder",
            "bilde",
            "photo s",
        ],
    ),
    (
        Column::Description,
        &[
            "description",
            "text",
            "comments",
            "beskrivelse",
            "fritekst",
            "tekst",
            "descriptif",
            "commentaire",
            "commentaires",
        ],
    ),
    (
        Column::DescriptionNb,
        &["description_nb", "description nb", "beskrivelse nb", "beskrivelse norsk"],
    ),
    (Column::DescriptionFr, &["description_fr", "description fr", "description francais"]),
    (Column::DescriptionEn, &["description_en", "description en", "description english"]),
    (Column::DescriptionAr, &["description_ar", "description ar", "description arabic"]),
];

impl Column {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(column, _)| *column)
    }

    /// The column that a header names.
    pub fn named(header: &str) -> Option<Self> {
        let name = key(header);
        if name.is_empty() {
            return None;
        }
        let known = |names: &[&str]| names.iter().any(|known| key(known) == name);
        NAMES.iter().find(|(_, names)| known(names)).map(|(column, _)| *column)
    }

    /// The name in an export, which is the field's.
    pub fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(column, _)| *column == self);
        found.and_then(|(_, names)| names.first()).copied().unwrap_or_default()
    }

    /// The column of a field of the draft.
    pub(super) fn of_field(field: &str) -> Option<Self> {
        NAMES.iter().find(|(_, names)| names.first() == Some(&field)).map(|(column, _)| *column)
    }
}

/// Letters and digits alone, folded: `Reg.nr` and `reg nr` are one name.
fn key(header: &str) -> String {
    folded(header).chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn headers_are_known_in_norwegian_french_and_english() {
        for (header, column) in [
            ("Understellsnr.", Column::Vin),
            ("N° de série", Column::Vin),
            ("Reg.nr", Column::Plate),
            ("Immatriculation", Column::Plate),
            ("ÅRSMODELL", Column::Year),
            ("Année", Column::Year),
            ("Kilométrage (km)", Column::Kilometres),
            ("Kjørelengde", Column::Kilometres),
            ("Prix TTC", Column::Price),
            ("Førstegangsregistrert", Column::FirstRegistered),
            ("Boîte de vitesses", Column::Transmission),
            ("range_km", Column::RangeKm),
        ] {
            assert_eq!(Column::named(header), Some(column), "{header}");
        }
        for header in ["", "  ", "Kommentar til meg selv", "§"] {
            assert_eq!(Column::named(header), None, "{header}");
        }
    }

    #[test]
    fn no_name_means_two_columns() {
        let mut seen = BTreeMap::new();
        for (column, names) in NAMES {
            for name in *names {
                if let Some(other) = seen.insert(key(name), *column) {
                    assert_eq!(other, *column, "{name}");
                }
            }
        }
        assert_eq!(Column::all().count(), NAMES.len());
    }
}
