// Made-up data of a made-up dealer, for the mock server: the same every time it starts.

export const TENANT = {
  slug: "nordlys-bil",
  name: "Nordlys Bil",
  color: "#0f5c7a",
  phone: "+47 22 00 00 00",
  email: "post@nordlysbil.example",
  address: "Kringsjåveien 12, 0863 Oslo",
  website: "https://nordlysbil.example",
  languages: ["nb", "en", "fr", "ar"],
};

export const VEHICLES = [
  { title: "Volvo EX30 Single Motor Extended", year: 2025, price: "399 000 kr", fuel: "electric", kilometres: 12, status: "available" },
  { title: "Toyota RAV4 2.5 Hybrid AWD-i", year: 2023, price: "459 000 kr", fuel: "hybrid", kilometres: 28400, status: "available" },
  { title: "Volkswagen ID. Buzz Pro", year: 2024, price: "589 000 kr", fuel: "electric", kilometres: 9100, status: "reserved" },
  { title: "Skoda Octavia 2.0 TDI Stasjonsvogn", year: 2022, price: "289 000 kr", fuel: "diesel", kilometres: 61200, status: "available" },
  { title: "Tesla Model Y Long Range AWD", year: 2023, price: "379 000 kr", fuel: "electric", kilometres: 41800, status: "available" },
  { title: "Peugeot e-208 GT", year: 2022, price: "219 000 kr", fuel: "electric", kilometres: 33500, status: "sold" },
];

const SERVICE_NAMES = {
  nb: ["EU-kontroll", "Årsservice", "Hjulskift", "Bremsesjekk"],
  en: ["Roadworthiness test", "Yearly service", "Wheel change", "Brake check"],
  fr: ["Contrôle technique", "Révision annuelle", "Changement de roues", "Contrôle des freins"],
  ar: ["الفحص الفني", "الصيانة السنوية", "تبديل العجلات", "فحص المكابح"],
};
const SERVICES = [
  { minutes: 60, price: "890 kr" },
  { minutes: 120, price: "2 490 kr" },
  { minutes: 30, price: "590 kr" },
  { minutes: 45, price: null },
];

export function publicTenant(lang) {
  const names = SERVICE_NAMES[lang] ?? SERVICE_NAMES.en;
  const day = (opens, closes) => [{ opens, closes }];
  return {
    ...TENANT,
    vehicles: VEHICLES,
    services: SERVICES.map((service, i) => ({ name: names[i], ...service })),
    hours: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({
      weekday,
      spans:
        weekday === 7
          ? []
          : weekday === 6
            ? day("10:00", "15:00")
            : weekday === 4
              ? [...day("08:00", "12:00"), ...day("13:00", "19:00")]
              : day("08:00", "17:00"),
    })),
  };
}

export const GREETING = {
  nb: "Hei! Jeg er den automatiske assistenten hos Nordlys Bil. Hva kan jeg hjelpe deg med?",
  en: "Hi! I am the automatic assistant of Nordlys Bil. How can I help?",
  fr: "Bonjour ! Je suis l’assistant automatique de Nordlys Bil. Comment puis-je vous aider ?",
  ar: "مرحبًا! أنا المساعد الآلي لدى Nordlys Bil. كيف يمكنني مساعدتك؟",
};

export const ANSWER = {
  nb: "Takk for at du spør! Vi har en Volvo EX30 Single Motor Extended (2025) inne nå til 399 000 kr, med 12 km på telleren. Den er ledig for prøvekjøring i morgen kl. 10:00 eller 14:30. Mer om bilen: https://nordlysbil.example/ex30 – hvilket tidspunkt passer best?",
  en: "Thank you for asking! We have a Volvo EX30 Single Motor Extended (2025) in stock at 399 000 kr with 12 km on the clock. It is free for a test drive tomorrow at 10:00 or 14:30. More about it: https://nordlysbil.example/ex30 – which time suits you best?",
  fr: "Merci de votre question ! Nous avons une Volvo EX30 Single Motor Extended (2025) en stock à 399 000 kr, avec 12 km au compteur. Elle est libre pour un essai demain à 10:00 ou à 14:30. Plus d’informations : https://nordlysbil.example/ex30 – quelle heure vous convient ?",
  ar: "شكرًا على سؤالك! لدينا الآن فولفو EX30 (2025) بسعر 399 000 كرونة وعدادها 12 كم. وهي متاحة لتجربة القيادة غدًا الساعة 10:00 أو 14:30. مزيد من التفاصيل: https://nordlysbil.example/ex30 – أي موعد يناسبك؟",
};

const PEOPLE = [
  ["Kari Nordmann", "kari.nordmann@example.no", "nb", "Hei, er Volvo EX30 ledig for prøvekjøring denne uken? Jeg kan komme etter kl. 16."],
  ["Ahmed Al-Farsi", "ahmed@example.com", "ar", "هل السيارة تويوتا RAV4 ما زالت متوفرة؟ وهل يمكن التقسيط؟"],
  [
    "Élodie Marchand",
    "elodie.marchand@example.fr",
    "fr",
    "Bonjour, je cherche une voiture électrique pour ma famille. Le ID. Buzz est-il disponible en mai ?",
  ],
  ["Jonas Bakke", "jonas.bakke@example.no", "nb", "Trenger EU-kontroll før 31. mars på en Octavia 2019. Har dere ledig time?"],
  ["Maria Lindqvist", "maria.l@example.se", "en", "Can I trade in my 2018 Golf against the Model Y? What would you give for it?"],
  [
    "Oluwaseun Adeyemi-Christoffersen",
    "seun.adeyemi@example.com",
    "en",
    "Do you deliver to Tromsø? I would like to buy the RAV4 without seeing it first.",
  ],
  ["Ingrid Solheim", "ingrid.solheim@example.no", "nb", "Pris på fire nye vinterdekk til ID. Buzz, ferdig montert?"],
  ["Per Olav Haugen", "po.haugen@example.no", "nb", "Jeg ble lovet at noen skulle ringe meg i går. Det har ikke skjedd."],
  ["Lina Haddad", "lina.haddad@example.com", "ar", "أريد حجز موعد لصيانة السيارة يوم الخميس صباحًا."],
  ["Thomas Eriksen", "thomas.eriksen@example.no", "nb", "Er det hengerfeste på Octaviaen, og hva er tillatt hengervekt?"],
];

/** A small deterministic source of randomness, so that two screenshots of one state are alike. */
export function seeded(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hex = (random) => Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
export const iso = (ms) => new Date(ms).toISOString();

export function makeLead(random, index, at) {
  const [name, email, language, excerpt] = PEOPLE[index % PEOPLE.length];
  const kind = index % 10;
  const waiting = index < 2;
  const since = waiting ? Date.now() - (index === 0 ? 11_000 : 63_000) : at;
  const human = kind === 4 || kind === 7;
  const status = waiting
    ? "new"
    : ["contacted", "contacted", "qualified", "contacted", "new", "won", "contacted", "qualified", "lost", "contacted"][kind];
  const by = kind === 3 ? "template" : kind === 7 ? "member" : "model";
  const promise = waiting
    ? { state: "waiting", since: iso(since), deadline: iso(since + 90_000) }
    : kind === 7
      ? { state: "broken", since: iso(since), deadline: iso(since + 90_000), answered_after_ms: 412_000, by }
      : kind === 8 && index > 10
        ? { state: "none" }
        : {
            state: "kept",
            since: iso(since),
            deadline: iso(since + 90_000),
            answered_after_ms: Math.round(2100 + random() * 14_000),
            by,
            ...(by === "model" && { model: "house" }),
          };
  return {
    lead_id: `lead_${hex(random)}`,
    session_id: `ses_${hex(random)}`,
    name: kind === 8 ? null : name,
    email,
    phone: index % 3 ? "+47 900 00 000" : null,
    vehicle_interest: index % 4 === 3 ? null : VEHICLES[index % VEHICLES.length].title,
    source: index % 3 ? "website" : "widget",
    source_url: "https://nordlysbil.example/bruktbil/ex30",
    status,
    created_at: iso(since),
    updated_at: iso(since),
    excerpt,
    repeats: kind === 6 ? 2 : 0,
    language,
    promise,
    needs_human: human,
    human_reason: human ? (kind === 4 ? "still_waiting" : "promise_broken") : undefined,
    session_status: kind === 7 ? "with_human" : "open",
  };
}

export function makeLeads() {
  const random = seeded(7);
  let at = Date.now();
  return Array.from({ length: 143 }, (_, index) => {
    at -= index < 6 ? 240_000 + random() * 600_000 : 1_200_000 + random() * 9_000_000;
    return makeLead(random, index, at);
  });
}
