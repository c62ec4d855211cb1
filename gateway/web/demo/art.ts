/**
 * The drawings of the demo site: cars seen from the side, and the northern lights of the hero.
 *
 * Lives here: SVG built from numbers, so that nothing is loaded from anywhere. Purely decorative:
 * every drawing is hidden from screen readers.
 */

const SPACE = "http://www.w3.org/2000/svg";

type Attributes = Record<string, string | number>;

function s(tag: string, attributes: Attributes = {}, ...children: Element[]): SVGElement {
  const node = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

const stop = (offset: number, color: string, opacity = 1) => s("stop", { offset, "stop-color": color, "stop-opacity": opacity });

let drawings = 0;

// ---- cars -----------------------------------------------------------------------------------------

interface Shape {
  body: string;
  /** Side windows, from the back to the front. */
  glass: string[];
  /** Centres of the wheels. */
  wheels: [number, number];
  radius: number;
  seams: string;
  /** The roof rail, if it has one. */
  roof: string;
  /** Where the body ends in front and behind, at the height of the lights. */
  nose: number;
  tail: number;
}

// Cars look to the right on a sheet of 360 × 150; the ground is at y = 128.
const SHAPES: Record<string, Shape> = {
  suv: {
    body: "M30 112C24 112 22 109 22 102L24 74C25 64 29 57 36 51L58 31C63 26 69 23 78 23L166 23C178 23 187 26 196 33L229 58L304 66C322 68 332 76 335 89L338 103C339 109 336 112 330 112Z",
    glass: [
      "M64 36C67 33 71 31 76 31L100 31L100 57L46 57Z",
      "M107 31L150 31L150 57L107 57Z",
      "M157 31L167 31C176 31 182 33 188 38L212 57L157 57Z",
    ],
    wheels: [84, 278],
    radius: 24,
    seams: "M103.5 32V100M153.5 32V102M217 60L221 100M116 69H128M167 69H179",
    roof: "M76 20H168",
    nose: 336,
    tail: 23,
  },
  hatch: {
    body: "M52 112C46 112 43 109 43 103L44 78C45 68 48 61 54 54L76 33C82 28 89 25 99 25L162 25C176 25 186 28 197 36L226 58L290 67C307 69 316 77 319 89L321 103C322 109 319 112 313 112Z",
    glass: ["M84 38C88 34 92 33 98 33L120 33L120 57L66 57Z", "M127 33L162 33C172 33 179 35 187 41L208 57L127 57Z"],
    wheels: [94, 266],
    radius: 23,
    seams: "M123.5 34V100M212 60L215 100M136 69H148",
    roof: "M100 23H150",
    nose: 320,
    tail: 44,
  },
  estate: {
    body: "M18 112C12 112 10 109 10 103L11 80C12 71 15 66 21 60L44 41C49 36 56 33 65 33L172 33C187 33 198 36 210 43L240 62L316 70C333 72 341 79 344 90L346 103C347 109 344 112 338 112Z",
    glass: [
      "M52 46C56 42 60 41 65 41L96 41L96 62L35 62Z",
      "M103 41L152 41L152 62L103 62Z",
      "M159 41L172 41C184 41 193 44 202 49L223 62L159 62Z",
    ],
    wheels: [78, 286],
    radius: 22.5,
    seams: "M99.5 42V100M155.5 42V102M229 65L232 100M112 74H124M168 74H180",
    roof: "M64 30H174",
    nose: 345,
    tail: 11,
  },
  van: {
    body: "M26 112C20 112 17 109 17 102L18 40C18 24 26 14 44 14L196 14C216 14 230 20 241 32L270 61L318 69C332 72 339 80 341 90L342 103C343 109 340 112 334 112Z",
    glass: [
      "M30 32C31 26 34 23 42 23L84 23L84 56L29 56Z",
      "M92 23L152 23L152 56L92 56Z",
      "M160 23L196 23C210 23 220 27 229 37L246 56L160 56Z",
    ],
    wheels: [80, 282],
    radius: 23,
    seams: "M88 24V102M156 24V102M252 60L256 98M98 66H112M166 66H180",
    roof: "M50 11H186",
    nose: 341,
    tail: 18,
  },
  sedan: {
    body: "M16 112C10 112 8 109 8 103L9 82C10 74 14 69 22 67L66 60L98 42C109 36 119 33 134 33L178 33C193 33 204 36 216 44L246 63L318 71C333 73 341 80 344 90L346 103C347 109 344 112 338 112Z",
    glass: ["M104 48C112 43 121 41 131 41L148 41L148 62L80 62Z", "M155 41L178 41C189 41 198 44 207 50L228 62L155 62Z"],
    wheels: [78, 286],
    radius: 22.5,
    seams: "M151.5 42V102M234 65L237 100M92 74H104M164 74H176",
    roof: "",
    nose: 345,
    tail: 9,
  },
};

/** Which drawing fits a car of this name. */
export function shapeOf(title: string): string {
  const rules: [RegExp, string][] = [
    [/buzz|caddy|transporter|multivan|vito|berlingo|kangoo|proace|\bvan\b/i, "van"],
    [/stasjons|estate|touring|variant|combi|kombi|break|\bsw\b|octavia|v60|v90/i, "estate"],
    [/\b20[68]\b|polo|golf|clio|yaris|corsa|fabia|zoe|leaf|i3|i20|mini|\bid\.?3\b/i, "hatch"],
    [/model [3s]\b|passat|superb|camry|sedan|taycan|ioniq 6/i, "sedan"],
  ];
  return rules.find(([pattern]) => pattern.test(title))?.[1] ?? "suv";
}

const PAINTS: [string, string][] = [
  ["#8fb8c9", "#4f8299"],
  ["#b9473f", "#7c2722"],
  ["#f1efe8", "#b9b6ab"],
  ["#4c5866", "#272f39"],
  ["#5c7a68", "#35503f"],
  ["#d9a441", "#9c6c17"],
];

function wheel(x: number, radius: number): SVGElement {
  const spokes = Array.from({ length: 5 }, (_, i) =>
    s("rect", { x: -2.4, y: -radius * 0.6, width: 4.8, height: radius * 0.6, rx: 2, fill: "#dfe5ea", transform: `rotate(${i * 72})` }),
  );
  return s(
    "g",
    { transform: `translate(${x} ${128 - radius})` },
    s("circle", { r: radius, fill: "#15191e" }),
    s("circle", { r: radius * 0.7, fill: "#59626c" }),
    s("circle", { r: radius * 0.64, fill: "#2b3138" }),
    ...spokes,
    s("circle", { r: radius * 0.16, fill: "#aab3bb" }),
  );
}

/** A car for this name; `paint` picks one of six colours. */
export function car(title: string, paint: number): SVGElement {
  const shape = SHAPES[shapeOf(title)]!;
  const [light, dark] = PAINTS[paint % PAINTS.length]!;
  const id = `car${(drawings += 1)}`;
  const arch = (x: number) => s("circle", { cx: x, cy: 128 - shape.radius, r: shape.radius + 5, fill: "#11151a" });
  const clip = s("clipPath", { id: `${id}c` }, s("path", { d: shape.body }));
  return s(
    "svg",
    { viewBox: "0 0 360 150", "aria-hidden": "true", class: "car" },
    s(
      "defs",
      {},
      s("linearGradient", { id, x1: 0, y1: 0, x2: 0, y2: 1 }, stop(0, light), stop(0.42, light), stop(0.72, dark), stop(1, dark)),
      s(
        "linearGradient",
        { id: `${id}g`, x1: 0, y1: 0, x2: 0.6, y2: 1 },
        stop(0, "#dcecf5", 0.95),
        stop(0.45, "#5d7488"),
        stop(1, "#22303c"),
      ),
      clip,
    ),
    s("ellipse", { cx: 180, cy: 129, rx: 168, ry: 7, fill: "#0b1118", "fill-opacity": 0.22 }),
    s("path", { d: shape.roof, fill: "none", stroke: "#10151b", "stroke-width": 2.6, "stroke-linecap": "round" }),
    s("path", { d: shape.body, fill: `url(#${id})` }),
    s(
      "g",
      { "clip-path": `url(#${id}c)` },
      s("path", { d: "M0 72C120 62 250 66 360 82V86C250 71 120 67 0 78Z", fill: "#fff", "fill-opacity": 0.4 }),
      s("path", { d: "M0 96C120 92 250 92 360 98V101C250 96 120 96 0 100Z", fill: "#000", "fill-opacity": 0.18 }),
      s("rect", { x: 0, y: 105, width: 360, height: 10, fill: "#0e1217", "fill-opacity": 0.78 }),
      ...shape.wheels.map(arch),
      s("path", {
        d: `M${shape.nose + 4} 76H${shape.nose - 20}C${shape.nose - 36} 76 ${shape.nose - 28} 86 ${shape.nose - 12} 87L${shape.nose + 4} 89Z`,
        fill: "#fff6d8",
      }),
      s("path", {
        d: `M${shape.tail - 4} 70H${shape.tail + 12}C${shape.tail + 20} 72 ${shape.tail + 12} 82 ${shape.tail + 4} 83L${shape.tail - 4} 84Z`,
        fill: "#cf3129",
      }),
    ),
    ...shape.glass.map((d) => s("path", { d, fill: `url(#${id}g)` })),
    s("path", { d: shape.seams, fill: "none", stroke: "#0c1116", "stroke-opacity": 0.36, "stroke-width": 1.5, "stroke-linecap": "round" }),
    ...shape.wheels.map((x) => wheel(x, shape.radius)),
  );
}

// ---- the hero -------------------------------------------------------------------------------------

/** Night, northern lights, mountains, a road and the lights of a car. */
export function nordlys(): SVGElement {
  const stars = Array.from({ length: 70 }, (_, i) => {
    // A fixed scatter: the same sky for everybody.
    const x = (i * 397) % 1600;
    const y = (i * i * 53 + i * 31) % 330;
    return s("circle", { cx: x, cy: y, r: 0.6 + (i % 4) * 0.35, fill: "#fff", "fill-opacity": 0.25 + (i % 5) * 0.12 });
  });
  const band = (d: string, from: string, to: string, opacity: number, blur: string) => {
    const id = `band${(drawings += 1)}`;
    return [
      s("linearGradient", { id, x1: 0, y1: 1, x2: 0, y2: 0 }, stop(0, from, opacity), stop(0.55, to, opacity * 0.55), stop(1, to, 0)),
      s("path", { d, fill: `url(#${id})`, filter: `url(#${blur})` }),
    ];
  };
  return s(
    "svg",
    { viewBox: "0 0 1600 760", preserveAspectRatio: "xMidYMax slice", "aria-hidden": "true" },
    s(
      "defs",
      {},
      s("linearGradient", { id: "sky", x1: 0, y1: 0, x2: 0, y2: 1 }, stop(0, "#06121f"), stop(0.55, "#0a2a3c"), stop(1, "#154a58")),
      s("filter", { id: "soft", x: "-20%", y: "-40%", width: "140%", height: "180%" }, s("feGaussianBlur", { stdDeviation: 16 })),
      s("filter", { id: "softer", x: "-20%", y: "-40%", width: "140%", height: "180%" }, s("feGaussianBlur", { stdDeviation: 30 })),
    ),
    s("rect", { width: 1600, height: 760, fill: "url(#sky)" }),
    ...stars,
    ...band(
      "M-60 430C180 300 330 470 560 330S960 200 1190 300s320 10 480-90V-40c-220 90-330 170-520 100S760 60 560 150 180 120-60 210z",
      "#31e6a4",
      "#1fb9a6",
      0.55,
      "softer",
    ),
    ...band(
      "M380 390c190-120 330-40 520-130s300-210 760-170V-60C1290-90 1120 40 930 110S600 170 380 250z",
      "#7cf2c4",
      "#5a6df0",
      0.42,
      "softer",
    ),
    ...band("M-40 330C160 250 330 330 520 250s270-90 420-40c-150-120-300-110-440-50S140 190-40 220z", "#b6ffe2", "#38e0b0", 0.5, "soft"),
    s("path", {
      d: "M0 560l150-120 90 60 150-150 120 110 80-50 130 120 150-170 110 90 90-60 160 150 110-80 120 90 140-110v340H0z",
      fill: "#0d3040",
    }),
    s("path", {
      d: "M390 350L444 400 424 394 404 412 384 396 362 410 340 400ZM870 360L925 405 902 398 882 414 862 400 846 408 830 405ZM1070 390L1100 418 1084 414 1068 424 1050 414 1028 418ZM150 440L180 460 164 458 150 468 138 456 125 460Z",
      fill: "#cfeef0",
      "fill-opacity": 0.42,
    }),
    s("path", { d: "M0 620l220-90 180 70 230-100 250 100 220-80 260 90 240-80v230H0z", fill: "#0a2230" }),
    s("path", { d: "M0 690c300-60 620-50 900-30s500 10 700-20v120H0z", fill: "#071923" }),
    s("path", { d: "M0 724c420-34 1100-34 1600-6v42H0z", fill: "#0c1f2a" }),
    s("path", {
      d: "M0 740c420-26 1100-26 1600-4",
      fill: "none",
      stroke: "#e8f3f4",
      "stroke-opacity": 0.35,
      "stroke-width": 2.5,
      "stroke-dasharray": "46 40",
    }),
  );
}

/** The mark of the dealer: a road under an arc of light. */
export function mark(): SVGElement {
  return s(
    "svg",
    { viewBox: "0 0 32 32", "aria-hidden": "true", class: "mark" },
    s("path", { d: "M4 21a12 12 0 0 1 24 0", fill: "none", stroke: "currentColor", "stroke-width": 3, "stroke-linecap": "round" }),
    s("path", {
      d: "M9.5 22a6.5 6.5 0 0 1 13 0",
      fill: "none",
      stroke: "currentColor",
      "stroke-opacity": 0.6,
      "stroke-width": 2.6,
      "stroke-linecap": "round",
    }),
    s("path", { d: "M3 27h26", stroke: "currentColor", "stroke-width": 3, "stroke-linecap": "round" }),
  );
}
