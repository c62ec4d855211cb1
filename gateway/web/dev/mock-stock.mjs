// A small stock for the mock: read by search and status, each with a history.
const PLAIN = { currency: "NOK", fuel: "electric", deleted: false, notes: [], photos: [], equipment: [], description: {} };
const NEXT = {
  available: ["reserved", "sold", "in_service"],
  reserved: ["available", "sold", "in_service"],
  sold: ["available", "reserved"],
  in_service: ["available", "reserved"],
};

function vehicle(n, make, model, year, kroner, more) {
  const at = "2026-10-01T08:00:00Z";
  const id = `veh_${String(n).padStart(32, "0")}`;
  const title = `${make} ${model} ${year}`;
  const fields = { make, model, year, price_minor: kroner * 100, kilometres: 10_000 * n, status: "available" };
  return { ...PLAIN, ...fields, vehicle_id: id, version: 3, title, created_at: at, updated_at: at, ...more };
}

export function makeStock() {
  return [
    vehicle(1, "Tesla", "Model 3 Long Range AWD Performance", 2022, 359_900, {
      body: "saloon",
      seats: 5,
      range_km: 602,
      plate: "EV 12345",
      plate_country: "NO",
      stock_number: "N-101",
      notes: ["plate_personal"],
      equipment: ["Hengerfeste", "Vinterhjul"],
      description: { nb: "Fin bil.", ar: "سيارة جيدة." },
    }),
    vehicle(2, "Volkswagen", "Golf", 2019, 189_900, { fuel: "petrol", status: "reserved" }),
    vehicle(3, "Kia", "EV6", 2023, 419_900, { status: "sold" }),
  ];
}

const HISTORY = [
  { version: 3, what: "changed", by: "Kari", changes: [{ field: "status", from: "reserved", to: "available" }] },
  {
    version: 2,
    what: "changed",
    by: "Kari",
    changes: [{ field: "price", from: { minor: 37_990_000, currency: "NOK" }, to: { minor: 35_990_000, currency: "NOK" } }],
  },
  { version: 1, what: "added", by: "Kari", changes: [] },
].map((step) => ({ ...step, at: "2026-11-20T10:15:00Z" }));

/** Answers what is asked of the stock; nothing when it is asked of something else. */
export function stockRoute(stock, method, path, search) {
  if (path === "/v1/vehicles" && method === "GET") {
    const words = (search.get("q") ?? "").toLowerCase();
    const status = search.get("status");
    const found = stock.filter((one) => one.title.toLowerCase().includes(words) && (!status || one.status === status));
    return { vehicles: found.map(shown), total: found.length };
  }
  const [, id, rest] = /^\/v1\/vehicles\/(veh_\w+)(\/history)?$/.exec(path) ?? [];
  const one = stock.find((row) => row.vehicle_id === id);
  if (!one || method !== "GET") return null;
  return rest ? { steps: HISTORY } : shown(one);
}

const shown = (one) => ({ ...one, next_statuses: NEXT[one.status] });
