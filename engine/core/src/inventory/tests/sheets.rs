//! Files in and out.

use proptest::prelude::*;

use super::{
    super::{
        csv::{Ground, MAX_ROWS, Plan, RowOutcome, Sheet, SheetError, export, plan},
        *,
    },
    TODAY, id, vehicle,
};
use crate::{lang::Lang, money::Currency};

fn ground(stock: &[(Vehicle, i64)]) -> Ground<'_> {
    Ground { stock, country: "NO", currency: Currency::Nok, lang: Lang::Nb, today: TODAY }
}

fn planned(file: &[u8], stock: &[(Vehicle, i64)]) -> Plan {
    let mut next = 100;
    plan(&Sheet::read(file).unwrap(), ground(stock), || {
        next += 1;
        id(next)
    })
}

fn new_ones(plan: &Plan) -> Vec<Vehicle> {
    let new = plan.rows.iter().filter_map(|row| match &row.outcome {
        RowOutcome::New(vehicle) => Some((**vehicle).clone()),
        _ => None,
    });
    new.collect()
}

/// What is wrong with the only row of a file.
fn wrong(file: &str, stock: &[(Vehicle, i64)]) -> Vec<(Option<String>, &'static str)> {
    let plan = planned(file.as_bytes(), stock);
    match &plan.rows.last().unwrap().outcome {
        RowOutcome::Bad(faults) => faults.iter().map(|f| (f.column.clone(), f.code)).collect(),
        outcome => panic!("{outcome:?}"),
    }
}

const NORWEGIAN: &str = "Reg.nr;Merke;Modell;Årsmodell;Pris;Drivstoff;Kilometerstand;Farge\r\n\
    EV12345;Škoda;Enyaq;2022;\"309 900,-\";Elektrisk;57 200 km;Blå\r\n";

#[test]
fn a_norwegian_file_is_read_in_each_encoding_that_spreadsheets_write() {
    let utf16: Vec<u8> =
        [0xFEFF].into_iter().chain(NORWEGIAN.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let windows = encoding_rs::WINDOWS_1252.encode(NORWEGIAN).0.into_owned();
    let marked = format!("\u{feff}{NORWEGIAN}").into_bytes();
    for (file, encoding) in [
        (NORWEGIAN.as_bytes().to_vec(), "UTF-8"),
        (marked, "UTF-8"),
        (windows, "windows-1252"),
        (utf16, "UTF-16LE"),
    ] {
        let sheet = Sheet::read(&file).unwrap();
        assert_eq!((sheet.encoding, sheet.delimiter), (encoding, ';'));
        assert_eq!(sheet.unknown().count(), 0);
        let car = new_ones(&planned(&file, &[])).remove(0);
        assert_eq!((car.make.as_str(), car.price.minor), ("Škoda", 30_990_000));
        assert_eq!(car.details.colour.as_deref(), Some("Blå"));
        assert_eq!((car.kilometres, car.fuel), (57_200, Fuel::Electric));
    }
}

#[test]
fn a_french_file_with_tabs_and_one_with_commas_are_told_apart() {
    let tabs = "Immatriculation\tMarque\tModèle\tAnnée\tPrix TTC\tÉnergie\tKilométrage\n\
        AB-123-CD\tRenault\tClio\t2021\t13 490,00 €\tEssence\t48 300\n";
    let commas = "sep=,\nPlate,Make,Model,Year,Price,Currency,Fuel,Mileage\n\
        AB12 CDE,Kia,\"EV6, GT\",2022,\"24,900.50\",EUR,electric,\"44,100\"\n";
    let clio = new_ones(&planned(tabs.as_bytes(), &[])).remove(0);
    assert_eq!((clio.price.minor, clio.price.currency), (1_349_000, Currency::Eur));
    let kia = new_ones(&planned(commas.as_bytes(), &[])).remove(0);
    assert_eq!(
        (kia.model.as_str(), kia.price.minor, kia.kilometres),
        ("EV6, GT", 2_490_050, 44_100)
    );
    let plan = planned(commas.as_bytes(), &[]);
    assert_eq!(plan.rows[0].line, 3, "lines are counted as an editor counts them");
}

#[test]
fn a_row_is_the_vehicle_of_its_vin_else_of_its_plate_else_of_its_stock_number() {
    let mut by_vin = vehicle(1, "Tesla", "Model 3", 399_000);
    by_vin.details.vin = Vin::parse("WVWZZZ1KZAW123456").ok();
    let mut by_plate = vehicle(2, "Kia", "EV6", 379_000);
    by_plate.details.plate = Plate::parse("EV 12345", "NO").ok().map(|(plate, _)| plate);
    by_plate.details.stock_number = Some("L-7".into());
    let stock = [(by_vin, 3), (by_plate, 4)];
    let file = "VIN;Plate;Stock number;Price\n\
        wvwzzz1kzaw123456;;;389000\n\
        ;ev12345;;379000\n";
    let plan = planned(file.as_bytes(), &stock);
    let RowOutcome::Changed { vehicle, version: 3, changes } = &plan.rows[0].outcome else {
        panic!("{plan:?}");
    };
    assert_eq!((vehicle.id, vehicle.make.as_str()), (id(1), "Tesla"), "what has no column stays");
    assert_eq!(changes.len(), 1);
    assert_eq!(plan.rows[1].outcome, RowOutcome::Same(id(2)));
    // Found by its stock number, it learns its VIN; a VIN of another vehicle is told.
    let learns = "VIN;Stock number\nVF3LCBHZHGS012345;L-7\n";
    assert_eq!(planned(learns.as_bytes(), &stock).counts().changed, 1);
    let another = "VIN;Stock number\nWVWZZZ1KZAW123456;L-7\n";
    assert_eq!(wrong(another, &stock), [(Some("Stock number".into()), "another")]);
}

#[test]
fn every_mistake_of_a_row_is_told_with_its_column() {
    let head = "Plate;Make;Model;Year;Price;Fuel;Kilometres;VIN;Body;Status\n";
    let row = |row: &str| format!("{head}{row}\n");
    let named = |column: &str, code| (Some(column.to_owned()), code);
    assert_eq!(
        wrong(&row("EV12345;;Enyaq;i fjor;gratis;kull;57,5;;;"), &[]),
        [
            named("Make", "required"),
            named("Year", "number"),
            named("Kilometres", "number"),
            named("Price", "number"),
            named("Fuel", "word"),
        ]
    );
    assert_eq!(wrong(&row(";Kia;EV6;2022;1;el;1;;;"), &[]), [(None, "key")]);
    assert_eq!(wrong(&row(";Kia;EV6;2022;1;el;1;1HGCM82643A004352;;"), &[]), [named("VIN", "vin")]);
    assert_eq!(wrong(&row("EV12345;Kia;EV6;1700;1;el;1;;;"), &[]), [named("Year", "range")]);
    let twice = row("EV12345;Kia;EV6;2022;1;el;1;;;\nEV 12345;Kia;EV6;2022;2;el;1;;;");
    assert_eq!(wrong(&twice, &[]), [(None, "twice")]);
    let mut workshop = vehicle(1, "Kia", "EV6", 1);
    workshop.details.plate = Plate::parse("EV12345", "NO").ok().map(|(plate, _)| plate);
    workshop.status = VehicleStatus::InService;
    let sold = row("EV12345;Kia;EV6;2022;1;el;1;;;solgt");
    assert_eq!(wrong(&sold, &[(workshop, 1)]), [named("Status", "status")]);
    let lacks = "Plate;Make\nEV12345;Kia\n";
    let codes: Vec<_> = wrong(lacks, &[]).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["required"; 5], "columns that are missing are told too");
}

#[test]
fn what_is_no_sheet_is_refused_with_its_reason() {
    let many = format!("make;plate\n{}", "Kia;EV1\n".repeat(MAX_ROWS + 1));
    for (file, error) in [
        (b"".as_slice(), SheetError::Empty),
        (b" \n ", SheetError::Empty),
        (b"PK\x03\x04 a workbook", SheetError::NotText),
        (b"make;model\nKia\0;EV6", SheetError::NotText),
        (b"hei;du\n1;2", SheetError::NoHeader),
        (b"make;merke\nKia;Kia", SheetError::Twice("make")),
        (many.as_bytes(), SheetError::TooManyRows),
        (&vec![b'x'; csv::MAX_FILE + 1], SheetError::TooLarge),
    ] {
        assert_eq!(Sheet::read(file), Err(error));
    }
    let wide = format!("make;plate{}", ";x".repeat(200));
    assert_eq!(Sheet::read(wide.as_bytes()), Err(SheetError::TooManyColumns));
}

#[test]
fn an_export_starts_no_formula_and_comes_back_as_it_was() {
    let mut car = vehicle(1, "=cmd|'/c calc'!A1", "+Model; \"3\"", 399_000);
    car.variant = Some("@SUM(A1)\nmore".replace('\n', " "));
    car.price.minor += 50;
    car.details = Details {
        stock_number: Some("-7".into()),
        vin: Vin::parse("1M8GDM9AXKP042788").ok(),
        plate: Plate::parse("AB-123-CD", "FR").ok().map(|(plate, _)| plate),
        body: Some(Body::Pickup),
        seats: Some(5),
        range_km: Some(500),
        transmission: Some(Transmission::Automatic),
        drive: Some(Drive::All),
        colour: Some("Blå".into()),
        power_kw: Some(150),
        towing_kg: Some(0),
        equipment: vec!["Hengerfeste, svingbart".into(), "DAB; radio".into()],
        description: [(Lang::Nb, "Fin bil.\n\nSelges."), (Lang::Ar, "سيارة جيدة")].into(),
        photos: vec![Photo("https://nordlys.example/1.jpg".into())],
        location: Some("Tromsø".into()),
        first_registered: Some(jiff::civil::date(2022, 5, 31)),
        listing_url: Some("https://nordlys.example/1".into()),
    };
    let file = export(&[car.clone()]);
    let text = String::from_utf8(file.clone()).unwrap();
    assert!(
        text.starts_with('\u{feff}') && text.contains(";'=cmd|") && text.contains("'-7;"),
        "{text}"
    );
    let plan = planned(&file, &[(car.clone(), 1)]);
    assert_eq!(plan.rows[0].outcome, RowOutcome::Same(car.id), "nothing changes");
    let again = new_ones(&planned(&file, &[]));
    assert_eq!(again, [Vehicle { id: again[0].id, ..car }]);
}

#[test]
fn a_plan_of_the_same_file_and_stock_has_the_same_print_whatever_ids_it_gives() {
    let file = Sheet::read(NORWEGIAN.as_bytes()).unwrap();
    let a = plan(&file, ground(&[]), || id(1));
    let b = plan(&file, ground(&[]), || id(2));
    assert_eq!(a.print(), b.print());
    let mut known = vehicle(1, "Škoda", "Enyaq", 1);
    known.details.plate = Plate::parse("EV12345", "NO").ok().map(|(plate, _)| plate);
    let c = plan(&file, ground(&[(known.clone(), 1)]), || id(1));
    let d = plan(&file, ground(&[(known, 2)]), || id(1));
    assert!(a.print() != c.print() && c.print() != d.print());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(sheet) = Sheet::read(&bytes) {
            let _plan = plan(&sheet, ground(&[]), || id(1));
        }
    }

    #[test]
    fn no_cells_break_the_plan(cells in prop::collection::vec("\\PC{0,40}", 12)) {
        let row: Vec<String> = cells.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
        let file = format!(
            "plate;make;model;year;price;fuel;km;vin;first_registered;equipment;photos;seats\n{}\n",
            row.join(";")
        );
        if let Ok(sheet) = Sheet::read(file.as_bytes()) {
            let plan = plan(&sheet, ground(&[]), || id(1));
            prop_assert!(plan.rows.len() <= 41);
        }
    }
}
