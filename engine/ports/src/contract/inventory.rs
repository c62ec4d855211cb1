//! Stock: what is stored, what is refused, what a list shows.

use forecourt_core::{
    id::VehicleId,
    inventory::{
        Body, Details, Fuel, Photo, Plate, Vehicle, VehicleFilter, VehicleSort, VehicleStatus,
        VehicleStep, Vin, changes, csv::Counts,
    },
    lang::Lang,
    money::{Currency, Money},
};

use super::{Ground, Stage};
use crate::{
    ids::Ids as _,
    store::{
        ImportRecord, MOST_PREVIEWS, PhotoRecord, StockChange, StockWritten, VehicleKey,
        VehicleWrite,
    },
};

fn car(stage: &Stage<'_>, make: &str, model: &str, kroner: i64) -> Vehicle {
    Vehicle {
        id: stage.ids.vehicle(),
        make: make.into(),
        model: model.into(),
        variant: None,
        year: 2022,
        price: Money { minor: kroner * 100, currency: Currency::Nok },
        fuel: Fuel::Electric,
        kilometres: 40_000,
        status: VehicleStatus::Available,
        details: Details::default(),
    }
}

fn whole(stage: &Stage<'_>) -> Vehicle {
    let mut car = car(stage, "Škoda", "Enyaq", 309_900);
    car.variant = Some("iV \"80\" \\ 100%".into());
    car.details = Details {
        stock_number: Some("L-7".into()),
        vin: Vin::parse("1M8GDM9AXKP042788").ok(),
        plate: Plate::parse("EV12345", "NO").ok().map(|(plate, _)| plate),
        body: Some(Body::Suv),
        seats: Some(5),
        range_km: Some(510),
        equipment: vec!["Hengerfeste".into()],
        description: [(Lang::Nb, "Fin bil.\nSelges."), (Lang::Ar, "سيارة")].into(),
        photos: vec![Photo("https://bil.example.no/1.jpg".into())],
        location: Some("Tromsø".into()),
        first_registered: "2022-05-31".parse().ok(),
        ..Details::default()
    };
    car
}

fn write(vehicle: &Vehicle, expected: i64, step: VehicleStep) -> VehicleWrite {
    VehicleWrite { vehicle: vehicle.clone(), expected, step }
}

async fn store(stage: &Stage<'_>, writes: Vec<VehicleWrite>) -> StockWritten {
    let change = StockChange { writes, by: stage.member, import: None, now: stage.now };
    stage.store.write_stock(stage.tenant, &change).await.expect("a write")
}

async fn add(stage: &Stage<'_>, vehicles: &[&Vehicle]) {
    let writes = vehicles.iter().map(|vehicle| write(vehicle, 0, VehicleStep::Added)).collect();
    assert_eq!(store(stage, writes).await, StockWritten::Stored);
}

pub async fn a_vehicle_is_read_back_whole_and_known_at_once_without_what_is_private(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let before = stage.other.knowledge_version(stage.tenant).await.expect("a read");
    let car = whole(&stage);
    add(&stage, &[&car]).await;
    let found = stage.other.find_vehicle(stage.tenant, car.id).await.expect("a read");
    let found = found.expect("it is there");
    assert_eq!((&found.vehicle, found.version, found.deleted), (&car, 1, false));
    assert_eq!((found.created_at, found.updated_at), (stage.now, stage.now));
    let known = stage.other.load_knowledge(stage.tenant).await.expect("a read");
    assert_eq!(known.vehicles, [car.clone().for_everybody()]);
    assert!(known.vehicles[0].details.vin.is_none(), "not what names it to an authority");
    let after = stage.other.knowledge_version(stage.tenant).await.expect("a read");
    assert!(after > before, "every node is told: {before} to {after}");
    let nobody = stage.other.find_vehicle(stage.tenant, stage.ids.vehicle()).await;
    assert_eq!(nobody.expect("a read"), None);
}

pub async fn of_two_changes_from_one_version_one_wins_and_the_history_tells_who(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let car = car(&stage, "Kia", "EV6", 379_900);
    add(&stage, &[&car]).await;
    let mut sold = car.clone();
    sold.status = VehicleStatus::Sold;
    sold.price.minor -= 1_000_000;
    let step = VehicleStep::Changed { changes: changes(&car, &sold) };
    assert_eq!(store(&stage, vec![write(&sold, 1, step.clone())]).await, StockWritten::Stored);
    let late = store(&stage, vec![write(&car, 1, step.clone())]).await;
    assert_eq!(late, StockWritten::Conflict(car.id));
    let nobody = store(&stage, vec![write(&whole(&stage), 3, step.clone())]).await;
    assert!(matches!(nobody, StockWritten::Conflict(_)), "what is not there has no version");
    let again = store(&stage, vec![write(&car, 0, VehicleStep::Added)]).await;
    assert_eq!(again, StockWritten::Conflict(car.id), "an id is given once");

    let history = async |before, limit| {
        stage.other.vehicle_history(stage.tenant, car.id, before, limit).await.expect("a read")
    };
    let all = history(None, 10).await;
    let steps: Vec<_> = all.iter().map(|row| (row.version, &row.step)).collect();
    assert_eq!(steps, [(2, &step), (1, &VehicleStep::Added)]);
    assert!(all.iter().all(|row| row.by == Some(stage.member) && row.at == stage.now));
    assert_eq!(history(Some(2), 10).await.len(), 1);
    assert_eq!(history(None, 1).await.len(), 1);
}

pub async fn no_two_vehicles_in_stock_have_the_same_number(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let first = whole(&stage);
    add(&stage, &[&first]).await;
    let rival = |change: &dyn Fn(&mut Details)| {
        let mut rival = car(&stage, "Tesla", "Model 3", 1);
        change(&mut rival.details);
        rival
    };
    let of = &first.details;
    for (rival, key) in [
        (rival(&|d| d.vin.clone_from(&of.vin)), VehicleKey::Vin),
        (rival(&|d| d.plate.clone_from(&of.plate)), VehicleKey::Plate),
        (rival(&|d| d.stock_number.clone_from(&of.stock_number)), VehicleKey::StockNumber),
    ] {
        let refused = store(&stage, vec![write(&rival, 0, VehicleStep::Added)]).await;
        assert_eq!(refused, StockWritten::Taken(rival.id, key));
    }
    let twins = [
        rival(&|d| d.stock_number = Some("L-8".into())),
        rival(&|d| {
            d.stock_number = Some("L-8".into());
        }),
    ];
    let both = twins.iter().map(|twin| write(twin, 0, VehicleStep::Added)).collect();
    let refused = store(&stage, both).await;
    assert_eq!(refused, StockWritten::Taken(twins[1].id, VehicleKey::StockNumber));
    assert_eq!(stage.store.load_stock(stage.tenant).await.expect("a read").len(), 1);

    // What is deleted gives its numbers free, and is restored only while they are.
    let gone = store(&stage, vec![write(&first, 1, VehicleStep::Deleted)]).await;
    assert_eq!(gone, StockWritten::Stored);
    assert_eq!(stage.store.load_stock(stage.tenant).await.expect("a read"), []);
    let known = stage.store.load_knowledge(stage.tenant).await.expect("a read");
    assert_eq!(known.vehicles, []);
    let heir = rival(&|d| d.vin.clone_from(&of.vin));
    add(&stage, &[&heir]).await;
    let back = store(&stage, vec![write(&first, 2, VehicleStep::Restored)]).await;
    assert_eq!(back, StockWritten::Taken(first.id, VehicleKey::Vin));
    let gone = store(&stage, vec![write(&heir, 1, VehicleStep::Deleted)]).await;
    assert_eq!(gone, StockWritten::Stored);
    let back = store(&stage, vec![write(&first, 2, VehicleStep::Restored)]).await;
    assert_eq!(back, StockWritten::Stored);
    let found = stage.store.find_vehicle(stage.tenant, first.id).await.expect("a read");
    assert_eq!(found.map(|found| (found.version, found.deleted)), Some((3, false)));
    // Another tenant's numbers are its own.
    let others = stage.set_another("annen-bil").await;
    let mut theirs = whole(&others);
    theirs.id = others.ids.vehicle();
    add(&others, &[&theirs]).await;
    assert_eq!(stage.store.find_vehicle(stage.tenant, theirs.id).await.expect("a read"), None);
}

pub async fn a_list_of_vehicles_is_narrowed_ordered_and_paged_as_the_core_says(
    ground: &dyn Ground,
) {
    let stage = Stage::set(ground).await;
    let mut small = car(&stage, "Nissan", "Leaf", 129_900);
    (small.year, small.kilometres) = (2019, 68_700);
    let mut van = car(&stage, "Volkswagen", "Transporter", 334_900);
    (van.fuel, van.details.body, van.details.seats) = (Fuel::Diesel, Some(Body::Van), Some(9));
    van.details.colour = Some("100% blå_grå".into());
    let mut sold = car(&stage, "Kia", "EV6", 379_900);
    sold.status = VehicleStatus::Sold;
    let gone = car(&stage, "Mazda", "CX-5", 274_900);
    let suv = whole(&stage);
    let all = [&small, &van, &sold, &suv, &gone];
    add(&stage, &all).await;
    store(&stage, vec![write(&gone, 1, VehicleStep::Deleted)]).await;

    let text = |text: &str| VehicleFilter { text: Some(text.into()), ..VehicleFilter::default() };
    let plain = VehicleFilter::default;
    let filters = [
        plain(),
        text("skoda 2022"),
        text("EV12345"),
        text("ev 12345"),
        text("100%"),
        text("a_g"),
        text("100\\"),
        text("%"),
        text("porsche"),
        VehicleFilter { make: Some("ŠKODA".into()), ..plain() },
        VehicleFilter { make: Some("Skod".into()), ..plain() },
        VehicleFilter { model: Some("ev6".into()), ..plain() },
        VehicleFilter { min_price: Some(12_990_000), max_price: Some(31_000_000), ..plain() },
        VehicleFilter { min_year: Some(2020), max_year: Some(2022), ..plain() },
        VehicleFilter { max_kilometres: Some(40_000), ..plain() },
        VehicleFilter { fuels: vec![Fuel::Diesel, Fuel::Hybrid], ..plain() },
        VehicleFilter { bodies: vec![Body::Van, Body::Suv], ..plain() },
        VehicleFilter { min_seats: Some(5), ..plain() },
        VehicleFilter { min_range_km: Some(500), ..plain() },
        VehicleFilter { statuses: vec![VehicleStatus::Sold], ..plain() },
        VehicleFilter { deleted: true, ..plain() },
    ];
    for filter in filters {
        for sort in [
            VehicleSort::Newest,
            VehicleSort::Cheapest,
            VehicleSort::Dearest,
            VehicleSort::Youngest,
            VehicleSort::LeastDriven,
        ] {
            let filter = VehicleFilter { sort, limit: 50, ..filter.clone() };
            let deleted = |vehicle: &Vehicle| vehicle.id == gone.id;
            let mut expected: Vec<&Vehicle> = all
                .into_iter()
                .filter(|vehicle| deleted(vehicle) == filter.deleted && filter.shows(vehicle))
                .collect();
            expected.sort_by(|a, b| filter.order(a, b));
            let expected: Vec<VehicleId> = expected.into_iter().map(|car| car.id).collect();
            let page = stage.other.list_vehicles(stage.tenant, &filter).await.expect("a read");
            let shown: Vec<VehicleId> = page.vehicles.iter().map(|row| row.vehicle.id).collect();
            assert_eq!(shown, expected, "{filter:?}");
            assert_eq!(page.total, expected.len() as u64);
        }
    }
    let second = VehicleFilter { offset: 1, limit: 2, sort: VehicleSort::Cheapest, ..plain() };
    let page = stage.store.list_vehicles(stage.tenant, &second).await.expect("a read");
    let shown: Vec<VehicleId> = page.vehicles.iter().map(|row| row.vehicle.id).collect();
    assert_eq!((shown, page.total), (vec![suv.id, van.id], 4));
}

fn preview(stage: &Stage<'_>, file: &[u8]) -> ImportRecord {
    ImportRecord {
        id: stage.ids.import(),
        file: file.to_vec(),
        print: "0".repeat(64),
        counts: Counts { new: 1, changed: 2, same: 3, bad: 4 },
        by: stage.member,
        created_at: stage.now,
        done_at: None,
    }
}

pub async fn a_file_is_imported_once_with_all_it_does_or_not_at_all(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let import = preview(&stage, b"make;model\xff\0");
    stage.store.put_import(stage.tenant, &import).await.expect("a write");
    let find = async |id| stage.other.find_import(stage.tenant, id).await.expect("a read");
    assert_eq!(find(import.id).await, Some(import.clone()));

    let (old, new) = (car(&stage, "Kia", "EV6", 1), car(&stage, "Kia", "EV9", 2));
    let counts = Counts { new: 1, ..Counts::default() };
    let change = |writes| StockChange {
        writes,
        by: stage.member,
        import: Some((import.id, counts)),
        now: stage.now,
    };
    let both = vec![write(&new, 0, VehicleStep::Added), write(&old, 7, VehicleStep::Added)];
    let refused = stage.store.write_stock(stage.tenant, &change(both)).await.expect("a write");
    assert_eq!(refused, StockWritten::Conflict(old.id));
    assert_eq!(stage.store.load_stock(stage.tenant).await.expect("a read"), [], "nothing at all");
    assert!(find(import.id).await.is_some_and(|import| import.done_at.is_none()));

    let one = change(vec![write(&new, 0, VehicleStep::Added)]);
    let stored = stage.store.write_stock(stage.tenant, &one).await.expect("a write");
    assert_eq!(stored, StockWritten::Stored);
    let again = stage.other.write_stock(stage.tenant, &one).await.expect("a write");
    assert_eq!(again, StockWritten::ImportOver);
    let done = find(import.id).await.expect("its figures stay");
    assert_eq!((done.done_at, done.counts, done.file), (Some(stage.now), counts, vec![]));
    let history = stage.store.vehicle_history(stage.tenant, new.id, None, 9).await;
    assert_eq!(history.expect("a read")[0].import, Some(import.id));

    let mut waiting = Vec::new();
    for _ in 0..=MOST_PREVIEWS {
        let file = preview(&stage, b"x");
        stage.store.put_import(stage.tenant, &file).await.expect("a write");
        waiting.push(file.id);
    }
    assert_eq!(find(waiting[0]).await, None, "the oldest gave way");
    assert!(find(waiting[1]).await.is_some() && find(import.id).await.is_some());
}

pub async fn pictures_belong_to_vehicles_of_their_own_tenant(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let car = car(&stage, "Kia", "EV6", 1);
    let photo = |vehicle| PhotoRecord {
        id: stage.ids.photo(),
        vehicle,
        media_type: "image/png".into(),
        body: b"\x89PNG\0\xff".to_vec(),
        created_at: stage.now,
    };
    let early = photo(car.id);
    assert!(!stage.store.put_photo(stage.tenant, &early).await.expect("a write"));
    add(&stage, &[&car]).await;
    let kept = photo(car.id);
    assert!(stage.store.put_photo(stage.tenant, &kept).await.expect("a write"));
    let found = stage.other.find_photo(stage.tenant, kept.id).await.expect("a read");
    assert_eq!(found.as_ref(), Some(&kept));
    let others = stage.set_another("annen-bil").await;
    assert_eq!(stage.store.find_photo(others.tenant, kept.id).await.expect("a read"), None);
    assert!(!stage.store.put_photo(others.tenant, &photo(car.id)).await.expect("a write"));
    assert!(!stage.store.delete_photo(others.tenant, kept.id).await.expect("a write"));
    assert!(stage.store.delete_photo(stage.tenant, kept.id).await.expect("a write"));
    assert_eq!(stage.other.find_photo(stage.tenant, kept.id).await.expect("a read"), None);
}
